"""The protocols of PyPI, npm and OSV over one shelf of packages: enough for uv, pip, npm and our own scripts.

It is a small registry of our own. It keeps no accounts and takes no uploads.
"""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web
from pydantic import JsonValue

from bot.playground.host.shelf import Shelf, metadata

SIMPLE = "application/vnd.pypi.simple.v1+json"
PAGE = 2
"""OSV records on one page: few, so that whoever asks must turn pages."""


class Registry:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def routes(self, under: str) -> list[web.RouteDef]:
        return [
            web.get(f"{under}/pypi/simple/{{name}}/", self._simple),
            web.get(f"{under}/pypi/files/{{file}}", self._file),
            web.get(f"{under}/pypi/{{name}}/json", self._json),
            web.get(f"{under}/npm/{{path:.+}}", self._npm),
            web.post(f"{under}/osv/v1/querybatch", self._batch),
            web.post(f"{under}/osv/v1/query", self._query),
        ]

    async def _simple(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.shelf.pypi:
            raise web.HTTPNotFound
        address = str(request.url).split("/simple/")[0]
        return web.json_response(self.shelf.simple(name, address), content_type=SIMPLE)

    async def _json(self, request: web.Request) -> web.Response:
        """PyPI's own JSON API, older than the simple one and still what some tools ask."""
        name = request.match_info["name"]
        if name not in self.shelf.pypi:
            raise web.HTTPNotFound
        return web.json_response(self.shelf.project(name, str(request.url.origin())))

    async def _file(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        if file.endswith(".metadata"):
            name, version = file.split("-")[:2]
            release = self.shelf.pypi.get(name.replace("_", "-"), {}).get(version)
            if release is None:
                raise web.HTTPNotFound
            return web.Response(text=metadata(name.replace("_", "-"), version, release))
        if file not in self.shelf.wheels:
            raise web.HTTPNotFound
        return web.Response(body=self.shelf.wheels[file], content_type="application/octet-stream")

    async def _npm(self, request: web.Request) -> web.Response:
        path = unquote(request.match_info["path"])
        if "/-/" in path:
            name, _, file = path.partition("/-/")
            version = file.removeprefix(f"{name.rpartition('/')[2]}-").removesuffix(".tgz")
            if (name, version) not in self.shelf.tarballs:
                raise web.HTTPNotFound
            return web.Response(
                body=self.shelf.tarballs[name, version], content_type="application/octet-stream"
            )
        if path not in self.shelf.npm:
            return web.json_response({"error": "Not found"}, status=404)
        address = str(request.url.origin()) + request.path.rpartition("/npm/")[0] + "/npm"
        return web.json_response(self.shelf.document(path, address))

    async def _batch(self, request: web.Request) -> web.Response:
        """As OSV does it: ids only, in the order of the questions."""
        queries = (await request.json())["queries"]
        results = [[{"id": one["id"]} for one in self._about(query)] for query in queries]
        return web.json_response({"results": [{"vulns": found} if found else {} for found in results]})

    async def _query(self, request: web.Request) -> web.Response:
        asked = await request.json()
        start = int(asked.get("page_token") or 0)
        found = self._about(asked)
        answer: dict[str, JsonValue] = {"vulns": [*found[start : start + PAGE]]}
        if start + PAGE < len(found):
            answer["next_page_token"] = str(start + PAGE)
        return web.json_response(answer)

    def _about(self, query: dict[str, dict[str, str]]) -> list[dict[str, JsonValue]]:
        return self.shelf.records(query["package"]["ecosystem"], query["package"]["name"])
