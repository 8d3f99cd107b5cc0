"""What dependencies are upgraded against: a git remote, registries, advisories, pull requests.

`storefront` is a real git repository with a vulnerable package in its requirements. All of it is on this
machine; the settings tell a skill where.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from bot.playground.host.home import FORGE
from bot.playground.host.pulls import Pulls
from bot.playground.host.registry import Registry
from bot.playground.host.repository import Repository
from bot.playground.host.shelf import Shelf

NAME = "storefront"
SHELF = Path(__file__).with_name("shelf.json")
TESTS = [["python3", "run_tests.py"]]


class Forge:
    def __init__(self, home: Path) -> None:
        self._home = home / FORGE
        self.repository = Repository(self._home, NAME)
        self._registry = Registry(Shelf.model_validate(json.loads(SHELF.read_text(encoding="utf-8"))))
        self._pulls = Pulls(f"demo/{NAME}", f"demo-{secrets.token_hex(16)}", self.repository.branches)

    async def open(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        await self.repository.create()
        lines = [f"[repositories.{NAME}]", f"url = {json.dumps(self.repository.url)}"]
        lines += [f"tests = {json.dumps(TESTS)}", f'github = "{self._pulls.name}"']
        self._list.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def _list(self) -> Path:
        return self._home / "repositories.toml"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/settings/dependency-upgrade", self._settings),
            *self._registry.routes("/registry"),
            *self._pulls.routes("/forge"),
        ]

    async def _settings(self, request: web.Request) -> web.Response:
        return web.json_response(self.settings(str(request.url.origin())))

    def settings(self, url: str) -> Mapping[str, str]:
        """What an environment would say of a forge elsewhere. The token opens nothing but this one."""
        return {
            "ASSENT_REPOSITORIES": str(self._list.resolve()),
            "ASSENT_PYPI_URL": f"{url}/registry/pypi/simple",
            "ASSENT_NPM_URL": f"{url}/registry/npm",
            "ASSENT_OSV_URL": f"{url}/registry/osv",
            "ASSENT_GITHUB_API": f"{url}/forge",
            "ASSENT_GITHUB_TOKEN": self._pulls.token,
        }
