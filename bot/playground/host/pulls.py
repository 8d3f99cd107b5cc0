"""Pull requests as GitHub's REST API has them, over the branches of a real repository.

This is not GitHub. It is a small API of our own that keeps the rules a client relies on: a token, a head
branch that exists, one open pull request for a branch, and a head commit that follows the branch. What is
open lasts as long as the process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

Branches = Callable[[], Awaitable[Mapping[str, str]]]
"""Every branch there is, with its commit."""


class Pulls:
    def __init__(self, name: str, token: str, branches: Branches) -> None:
        self.name = name
        self.token = token
        self.pulls: list[dict[str, Any]] = []
        self.refusing = False
        """Whether everything is answered with a server error, as on a bad day."""
        self._branches = branches

    def routes(self, under: str) -> list[web.RouteDef]:
        at = f"{under}/repos/{self.name}/pulls"
        return [web.get(at, self._list), web.post(at, self._open), web.patch(at + "/{number}", self._change)]

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        return web.json_response({"message": "Server Error"}, status=502) if self.refusing else None

    async def _shown(self, pull: dict[str, Any]) -> dict[str, Any]:
        """The head's commit is where the branch is now; a branch that is gone closes its pull request."""
        sha = (await self._branches()).get(pull["branch"])
        if sha is None:
            pull["state"] = "closed"
        shown = {key: pull[key] for key in ("number", "title", "body", "state", "html_url")}
        head = {"ref": pull["branch"], "sha": sha or pull["sha"]}
        return {**shown, "head": head, "base": {"ref": pull["base"]}}

    async def _list(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        owner, _, branch = request.query.get("head", "").partition(":")
        state = request.query.get("state", "open")
        shown = [await self._shown(pull) for pull in self.pulls]
        if branch:
            ours = owner == self.name.partition("/")[0]
            shown = [one for one in shown if ours and one["head"]["ref"] == branch]
        return web.json_response([one for one in shown if state in ("all", one["state"])])

    async def _open(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        branches = await self._branches()
        shown = [await self._shown(pull) for pull in self.pulls]
        twice = any(one["state"] == "open" and one["head"]["ref"] == asked["head"] for one in shown)
        if asked["head"] not in branches or asked["base"] not in branches or twice:
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
            "html_url": f"{request.url.origin()}/{self.name}/pull/{number}",
        }
        self.pulls.append(pull)
        return web.json_response(await self._shown(pull), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        number = request.match_info["number"]
        if not number.isdecimal() or not 0 < int(number) <= len(self.pulls):
            return web.json_response({"message": "Not Found"}, status=404)
        pull = self.pulls[int(number) - 1]
        pull.update(await request.json())
        return web.json_response(await self._shown(pull))
