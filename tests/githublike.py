"""Pull requests as GitHub's REST API has them, over a real bare repository.

This is not GitHub. It is a small API of our own that keeps the rules our skill relies on: a token, a head
branch that exists, one open pull request for a branch, and a head commit that follows the branch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from upgrading import Remote


@dataclass
class GitHubLike:
    remote: Remote
    name: str
    token: str
    pulls: list[dict[str, Any]] = field(default_factory=list)
    refusing: bool = False
    url: str = ""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized])
        at = f"/repos/{self.name}/pulls"
        app.add_routes(
            [web.get(at, self._list), web.post(at, self._open), web.patch(at + "/{number}", self._change)]
        )
        return app

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> Any:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        if self.refusing:
            return web.json_response({"message": "Server Error"}, status=502)
        return await handler(request)

    def _shown(self, pull: dict[str, Any]) -> dict[str, Any]:
        """The head's commit is where the branch is now; a branch that is gone closes its pull request."""
        sha = self.remote.branches().get(pull["branch"])
        if sha is None:
            pull["state"] = "closed"
        shown = {key: pull[key] for key in ("number", "title", "body", "state", "html_url")}
        return {
            **shown,
            "head": {"ref": pull["branch"], "sha": sha or pull["sha"]},
            "base": {"ref": pull["base"]},
        }

    async def _list(self, request: web.Request) -> web.Response:
        owner, _, branch = request.query["head"].partition(":")
        shown = [self._shown(pull) for pull in self.pulls]
        found = [one for one in shown if owner == self.name.split("/")[0] and one["head"]["ref"] == branch]
        state = request.query.get("state", "open")
        return web.json_response([one for one in found if state in ("all", one["state"])])

    async def _open(self, request: web.Request) -> web.Response:
        asked = await request.json()
        branches = self.remote.branches()
        open_already = any(
            self._shown(pull)["state"] == "open" and pull["branch"] == asked["head"] for pull in self.pulls
        )
        if asked["head"] not in branches or asked["base"] not in branches or open_already:
            return web.json_response({"message": "Validation Failed"}, status=422)
        number = len(self.pulls) + 1
        pull = {
            "number": number,
            "title": asked["title"],
            "body": asked["body"],
            "state": "open",
            "branch": asked["head"],
            "base": asked["base"],
            "sha": branches[asked["head"]],
            "html_url": f"https://github.com/{self.name}/pull/{number}",
        }
        self.pulls.append(pull)
        return web.json_response(self._shown(pull), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        pull = self.pulls[int(request.match_info["number"]) - 1]
        pull.update(await request.json())
        return web.json_response(self._shown(pull))
