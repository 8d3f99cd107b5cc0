"""A server of the tests, reached in either way, and one tool of it called as a step calls it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.ask.manifest import McpCall
from bot.ask.reading import read_as
from bot.assess.mcp_servers import Servers
from bot.connectors import secrets
from bot.connectors.mcp_line import opened
from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.around import Wall
from bot.execute.mcp.tools import tool_of
from bot.execute.sandbox import Finished
from bot.execute.steps.mcp import ready
from tests.connectors.serving import serving
from tests.mcp import server
from tests.mcp.server import TOOLS, Notebook

SECRET = "s3cr3t/with+odd=signs"
SCRIPT = Path(server.__file__)
PINS = {tool["name"]: {"digest": tool_of(tool).digest, "read_only": True} for tool in TOOLS}


class Desk:
    """One configured server and where it keeps its notes. `wall` is what a started one stands behind."""

    def __init__(self, folder: Path, room: Path) -> None:
        self.folder, self.room = folder, room
        self.settings: dict[str, Any] = {}
        self.wall: Wall | None = None
        self.hidden: tuple[str, ...] = ()
        self.stop = asyncio.Event()
        self.notebook = Notebook(folder)
        self.heard: list[web.Request] = []

    def started(self, **changes: Any) -> Desk:
        self.settings = {
            "command": ["python3", str(SCRIPT), str(self.folder)],
            "files": {"read": [str(SCRIPT.parent)], "write": [str(self.folder)]},
            "tools": PINS,
        } | changes
        return self

    def mannered(self, **manners: Any) -> Desk:
        (self.folder / "manners.json").write_text(json.dumps(manners))
        return self

    def calls(self) -> list[Any]:
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    async def call(self, tool: str = "write", *, timeout_s: float = 20.0, limit: int = 1 << 14,
                   expect: dict[str, Any] | None = None, **given: Any) -> Finished:  # fmt: skip
        call = read_as(
            McpCall,
            {"server": "it", "tool": tool, "with": given or {"line": "hello"}, "expect": expect or {}},
        )
        using = ready(
            call,
            lambda text: text,
            permitted=[f"mcp:it:{tool}"],
            servers=read_as(Servers, {"servers": {"it": self.settings}}),
            timeout_s=timeout_s,
            output_limit=limit,
            hidden=self.hidden,
        )

        async def secret(name: str, source: Any) -> str:
            return await secrets.value(name, source, {"KEY": SECRET})

        used = await opened(
            using,
            secret,
            sandbox=GuardedProcesses(alive_for_s=60.0, grace_s=0.3, wall=self.wall),
            environment={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            under=self.room,
        )
        return await used(self.stop, None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "notebook"
    folder.mkdir()
    return Desk(folder, tmp_path / "room")


@pytest.fixture(params=["json", "events"])
async def posted(desk: Desk, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """The same notebook by streamable HTTP, which answers with JSON or with a stream of events."""

    async def answer(asked: web.Request) -> web.StreamResponse:
        desk.heard.append(asked)
        if asked.method != "POST":
            return web.Response()
        message = await asked.json()
        method = message.get("method", "")
        when = desk.notebook.manners.get("at", {}).get(method, {})
        if "status" in when:
            headers = {"Location": "http://127.0.0.1:9/elsewhere"}
            return web.Response(status=when["status"], text=when.get("says", ""), headers=headers)
        told = desk.notebook.answer_to(message)
        await asyncio.sleep(when.get("sleeps", 0))
        if told is None:
            return web.Response(status=202)
        headers = {"Mcp-Session-Id": "session-1"} if method == "initialize" else {}
        if request.param == "json":
            return web.json_response(told, headers=headers)
        stream = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
        await stream.prepare(asked)
        await stream.write(b": hello\r\nevent: other\r\ndata: {}\r\n\r\n")
        for said in when.get("says", []):
            await stream.write(f"data: {said}\n\n".encode())
        if when.get("breaks"):
            assert asked.transport is not None
            asked.transport.close()
            return stream
        first, second = json.dumps(told).split(",", 1)
        await stream.write(f"id: 7\r\nevent: message\r\ndata: {first},\r\ndata: {second}\r\n\r\n".encode())
        return stream

    async with serving(answer) as url:
        desk.settings = {"url": f"{url}/mcp", "credential": {"from": "env:KEY"}, "tools": PINS}
        yield desk
