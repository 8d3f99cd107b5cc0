"""A small registry, a real git repository, and the commands of the upgrade skill run against both."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from aiohttp import web
from hosting import ROOT, Ran, handed, handing, read_manifest

from bot.ask.fill import fill
from bot.playground.host.registry import Registry
from bot.playground.host.shelf import Shelf
from bot.terms import Environment, RequestId

SKILL = ROOT / "skills/dependency-upgrade"
SCRIPTS = SKILL / "scripts"
COMPILED = Path(tempfile.gettempdir()) / f"assent-upgrading-{os.getuid()}"
"""Scripts are compiled once for all tests; a worker compiles its private copies each time."""


def script(name: str) -> ModuleType:
    """A module of the skill, as its neighbours import it."""
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))
    return importlib.import_module(name)


UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)) or ""
NPM = shutil.which("npm") or ""


@contextlib.contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """An application on a port of its own, in a thread; its address."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    url = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield url
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Shop:
    """A registry that can be told to fail, and what a worker's environment would say of it."""

    url: str
    registry: Registry
    broken: set[str] = field(default_factory=set)
    """Paths that answer with 503; with a slash at its end all below it."""
    asked: list[str] = field(default_factory=list)

    @property
    def shelf(self) -> Shelf:
        return self.registry.shelf

    @property
    def settings(self) -> dict[str, str]:
        return {
            "ASSENT_PYPI_URL": f"{self.url}/pypi/simple",
            "ASSENT_NPM_URL": f"{self.url}/npm",
            "ASSENT_OSV_URL": f"{self.url}/osv",
        }


@contextlib.contextmanager
def shop(shelf: Shelf) -> Iterator[Shop]:
    registry = Registry(shelf)

    @web.middleware
    async def failing(request: web.Request, handler: Any) -> Any:
        found.asked.append(f"{request.method} {request.path}")
        if any(
            request.path == one or (one[-1] == "/" and request.path.startswith(one)) for one in found.broken
        ):
            raise web.HTTPServiceUnavailable
        return await handler(request)

    app = web.Application(middlewares=[failing])
    app.add_routes([*registry.routes(""), *registry.routes("/mirror")])
    found = Shop("", registry)
    with serving(app) as url:
        found.url = url
        yield found


def git(*words: str, folder: Path) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LANG": "C.UTF-8"}
    who = {
        f"GIT_{role}_{what}": f"{role}@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env | who, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Remote:
    """A bare repository and a clone that somebody works in."""

    bare: Path
    work: Path

    @property
    def head(self) -> str:
        return git("rev-parse", "main", folder=self.bare)

    def branches(self) -> dict[str, str]:
        listed = git(
            "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/heads", folder=self.bare
        )
        return dict(line.split(" ") for line in listed.splitlines())

    def show(self, branch: str, file: str) -> str:
        return git("show", f"{branch}:{file}", folder=self.bare)

    def commit(self, files: Mapping[str, str], message: str = "Go on") -> str:
        for path, text in files.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(text, encoding="utf-8")
        git("add", "--all", folder=self.work)
        git("commit", "--quiet", "-m", message, folder=self.work)
        git("push", "--quiet", "origin", "main", folder=self.work)
        return self.head


def remote(folder: Path, files: Mapping[str, str]) -> Remote:
    bare, work = folder / "remote.git", folder / "somebody"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), folder=folder)
    git("clone", "--quiet", str(bare), str(work), folder=folder)
    git("symbolic-ref", "HEAD", "refs/heads/main", folder=work)
    found = Remote(bare, work)
    found.commit(files, "Begin")
    return found


def uv_lock(folder: Path, shop: Shop, *words: str) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "UV_DEFAULT_INDEX": shop.settings["ASSENT_PYPI_URL"],
    }
    env |= {"UV_CACHE_DIR": str(folder.parent / "uv-cache"), "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([UV, "lock", "--quiet", *words], cwd=folder, env=env, check=True, capture_output=True)


def npm_lock(folder: Path, shop: Shop) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "npm_config_registry": shop.settings["ASSENT_NPM_URL"],
    }
    env |= {
        "npm_config_cache": str(folder.parent / "npm-cache"),
        "npm_config_audit": "false",
        "npm_config_ignore_scripts": "true",
    }
    env |= {"npm_config_update_notifier": "false", "npm_config_userconfig": os.devnull}
    subprocess.run(
        [NPM, "install", "--package-lock-only"], cwd=folder, env=env, check=True, capture_output=True
    )


@dataclass
class Upgrading:
    """One invocation; every command is what `skill.yaml` says, filled by the bot's own code."""

    home: Path
    settings: dict[str, str]
    inputs: dict[str, Any]
    request: str = "r-1"
    planned: SimpleNamespace | None = None

    def __post_init__(self) -> None:
        self.manifest = read_manifest("dependency-upgrade")
        defaults = {
            n: one.default for n, one in self.manifest.inputs.properties.items() if one.default is not None
        }
        self.inputs = {**defaults, **self.inputs}

    def plan(self) -> Ran:
        ran = self.run(self.manifest.plan[0].run, "plan")
        if ran.code == 0:
            result = ran.result
            self.planned = SimpleNamespace(
                resolved=result["resolved"], target=SimpleNamespace(revision=result["target"]["revision"])
            )
        return ran

    def step(self, name: str, part: str = "run") -> Ran:
        step = next(step for step in self.manifest.steps if step.id == name)
        return self.run(getattr(step, part), name, key=f"{self.request}/{name}")

    def measure(self) -> Ran:
        return self.run(self.manifest.done_when.measure.run, "measure")

    def run(self, argv: tuple[str, ...], step: str, key: str | None = None) -> Ran:
        self.home.mkdir(parents=True, exist_ok=True)
        filled = [
            fill(
                item,
                inputs=self.inputs,
                environment=Environment("development"),
                request=RequestId(self.request),
                plan=self.planned,
                idempotency_key=key,
            )
            for item in argv
        ]
        assert filled[0] == "python3"
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
        }
        permitted = self.manifest.permissions
        seen = {name: value for name, value in self.settings.items() if name in permitted.env}
        with handing(handed(permitted, step, self.settings), self.home) as where:
            done = subprocess.run(
                [sys.executable, "-W", "error", *filled[1:]],
                cwd=SKILL,
                env={**env, "PYTHONPYCACHEPREFIX": str(COMPILED), **seen, **where},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=300,
            )
        return Ran(code=done.returncode, lines=done.stdout.splitlines(), errors=done.stderr)


def listed(folder: Path, **repositories: dict[str, Any]) -> dict[str, str]:
    """The operator's file of repositories, and the setting that names it."""
    lines = []
    for name, entry in repositories.items():
        lines.append(f"[repositories.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    file = folder / "repositories.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"ASSENT_REPOSITORIES": str(file)}
