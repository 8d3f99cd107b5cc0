"""The oracle: our client and the official SDK's server understand each other, in both ways of speaking."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ask.reading import read_as
from bot.assess.mcp_servers import Reached, Started
from bot.connectors.mcp_line import listed, way_to
from bot.connectors.processes import GuardedProcesses
from tests.connectors.conftest import PATIENCE_S
from tests.mcp.conftest import Desk

if importlib.util.find_spec("mcp") is None:
    pytest.skip("the official SDK is not installed (uv sync)", allow_module_level=True)

SCRIPT = Path(__file__).with_name("official.py")


@pytest.fixture(params=["stdio", "http, events", "http, json"])
async def official(desk: Desk, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    if request.param == "stdio":
        desk.settings = {"command": ["python3", str(SCRIPT), "stdio"]}
        yield desk
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    how = ("json",) if request.param == "http, json" else ()
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        SCRIPT,
        str(port),
        *how,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        desk.settings = {"url": f"http://127.0.0.1:{port}/mcp"}
        yield desk
    finally:
        running.terminate()
        await running.wait()


async def test_it_lists_its_tools_and_each_is_called(official: Desk) -> None:
    model = Started if "command" in official.settings else Reached
    way = await way_to(
        "it", read_as(model, official.settings), _none, sandbox=GuardedProcesses(alive_for_s=PATIENCE_S),
        environment={}, under=official.room, timeout_s=PATIENCE_S,
    )  # fmt: skip
    session, tools = await listed(way, asyncio.Event())
    assert (session.revision, session.server) == ("2025-06-18", "official 1")
    assert [tool.name for tool in tools] == ["add", "fail", "chatty"]
    assert tools[0].annotations["readOnlyHint"] is True
    official.settings["tools"] = {tool.name: {"digest": tool.digest, "read_only": True} for tool in tools}

    added = await official.call("add", timeout_s=PATIENCE_S, first=2, second=3, note="x")
    assert (added.exit_code, added.result) == (0, {"sum": 5, "note": "x"}), added.stdout
    told = await official.call("chatty", timeout_s=PATIENCE_S, name="alice")
    assert told.result == {"result": "alice"}
    failed = await official.call("fail", timeout_s=PATIENCE_S, name="bob")
    assert failed.beyond == "was told by the tool that it failed"
    assert "It said: Error executing tool fail" in failed.stdout


async def _none(name: str, source: object) -> str:
    raise AssertionError(name)
