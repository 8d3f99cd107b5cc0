"""Servers that do not keep to the protocol, to their walls, or to what was pinned: each ends for its own reason."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any

import pytest

from bot.ask.reading import Unreadable, read_as
from bot.assess.mcp_servers import Servers
from bot.connectors.walls.probing import tried
from bot.execute.sandbox.walls import Tier
from tests.connectors.conftest import is_running
from tests.mcp.conftest import PINS, SCRIPT, SECRET, Desk

ASKS = {"jsonrpc": "2.0", "id": "x1", "params": {}}


@pytest.mark.parametrize(
    ("at", "manners", "reason", "words"),
    [
        pytest.param("initialize", {"says": ["Starting on port 80"]}, "was told something that is no MCP", "no JSON: Starting on port 80", id="a log on stdout"),
        pytest.param("initialize", {"says": ['{"jsonrpc": "1.0", "id": 1, "result": {}}']}, "was told something that is no MCP", "no message of JSON-RPC 2.0", id="another protocol"),
        pytest.param("tools/list", {"says": ["[]"]}, "was told something that is no MCP", "several messages in one", id="a batch"),
        pytest.param("tools/call", {"says": ['{"jsonrpc": "2.0", "id": 99, "result": {}}']}, "was told something that is no MCP", "was not asked", id="an answer to nothing"),
        pytest.param("tools/call", {"says": ['{"jsonrpc": "2.0", "id": 4, "result": NaN}']}, "was told something that is no MCP", "no JSON", id="no number of JSON"),
        pytest.param("tools/call", {"says": ["[" * 100_000]}, "was told something that is no MCP", "no JSON", id="nested without an end"),
        pytest.param("tools/call", {"says": [json.dumps(ASKS | {"method": "sampling/createMessage"})]}, "was asked for sampling (a model's words), which is refused", "asked us for sampling/createMessage", id="sampling"),
        pytest.param("tools/call", {"says": [json.dumps(ASKS | {"method": "elicitation/create"})]}, "was asked for elicitation (a person's words), which is refused", "asked us for elicitation/create", id="elicitation"),
        pytest.param("tools/list", {"says": [json.dumps(ASKS | {"method": "roots/list"})]}, "was asked for roots (our folders), which is refused", "asked us for roots/list", id="roots"),
        pytest.param("tools/call", {"says": [json.dumps(ASKS | {"method": "approve/r-2"})]}, "was asked for something that no client of this revision has, which is refused", "asked us for approve/r-2", id="anything else"),
        pytest.param("tools/call", {"floods": 5 << 20}, "was told a message of more than 4 MB", "more than 4 MB", id="a message too long"),
        pytest.param("initialize", {"dies": 3, "cries": f"no key {SECRET} here"}, "lost its server before it was answered", "it ended with 3. It said: no key [redacted:", id="one that dies"),
        pytest.param("tools/call", {"dies": 0}, "lost its server before it was answered", "it ended with 0.", id="one that leaves"),
    ],
)  # fmt: skip
async def test_each_ends_for_its_own_reason(
    desk: Desk, at: str, manners: dict[str, Any], reason: str, words: str
) -> None:
    desk.started(secrets={"KEY": "env:KEY"}).mannered(at={at: manners})
    finished = await desk.call()
    assert (finished.exit_code, finished.cut) == (2, False)
    assert finished.beyond == reason
    assert words in finished.stdout
    assert "s3cr3t" not in finished.stdout
    assert not is_running(int((desk.folder / "pid").read_text()))


@pytest.mark.parametrize(
    ("manners", "reason"),
    [
        ({"revision": "1999-01-01"}, "was answered in a revision of MCP that is not spoken here"),
        ({"capabilities": {"prompts": {}}}, "found a server without tools"),
        ({"endless": True}, "was told something that is no MCP"),
        ({"more_tools": [{"name": "write", "inputSchema": {}}]}, "found 2 tools of the name write"),
        ({"more_tools": [{"name": "x", "inputSchema": "y"}]}, "was told something that is no MCP"),
        ({"tools": {"write": {"name": "wrote"}}}, "found no tool write"),
        ({"declines": ["write"]}, "was declined by the server"),
        ({"results": {"write": {"content": [], "isError": True}}}, "was told by the tool that it failed"),
        ({"results": {"write": {"content": [{"type": "text", "text": "3"}]}}}, "was given another thing than the tool described"),
        ({"results": {"write": {"structuredContent": {"written": "3"}}}}, "was given another thing than the tool described"),
        ({"results": {"write": {"content": ["3"]}}}, "was told something that is no MCP"),
    ],
)  # fmt: skip
async def test_each_answer_that_is_no_good_is_told_apart(
    desk: Desk, manners: dict[str, Any], reason: str
) -> None:
    finished = await desk.started().mannered(**manners).call()
    assert (finished.exit_code, finished.cut, finished.result) == (2, False, None)
    assert finished.beyond == reason, finished.stdout


async def test_the_tools_own_words_of_a_failure_are_hidden_and_shown(desk: Desk) -> None:
    said = {"content": [{"type": "text", "text": f"no such host\n{SECRET}"}], "isError": True}
    finished = (
        await desk.started(secrets={"KEY": "env:KEY"}).mannered(results={"lines_of": said}).call("lines_of")
    )
    assert "The tool failed. It said: no such host [redacted:" in finished.stdout
    assert "s3cr3t" not in finished.stdout


@pytest.mark.parametrize(
    "given",
    [{"line": 3}, {"line": "x" * 101}, {"line": "x", "times": 6}, {"line": "x", "more": 1}, {"times": 1}],
)
async def test_arguments_that_the_tool_does_not_take_are_never_sent(
    desk: Desk, given: dict[str, Any]
) -> None:
    finished = await desk.started().call(**given)
    assert finished.beyond == "was given arguments that the tool does not take"
    assert "Nothing was called." in finished.stdout
    assert desk.calls() == []


async def test_a_schema_that_points_elsewhere_is_not_fetched(desk: Desk) -> None:
    from bot.execute.mcp.tools import tool_of
    from tests.connectors.serving import serving
    from tests.mcp.server import TOOLS

    asked: list[str] = []

    async def answer(request: Any) -> Any:
        asked.append(request.path)
        raise AssertionError

    async with serving(answer) as url:
        change = {"inputSchema": {"$ref": f"{url}/schema"}}
        pin = {"digest": tool_of(TOOLS[0] | change).digest}
        finished = await desk.started(tools={"write": pin}).mannered(tools={"write": change}).call()
    assert finished.beyond == "was given arguments that the tool does not take"
    assert "which is not in it" in finished.stdout
    assert (asked, desk.calls()) == ([], [])


async def test_what_it_tells_unasked_is_passed_over(desk: Desk) -> None:
    notices = [
        {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x" * 1000}},
        {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}},
        {"jsonrpc": "2.0", "method": "approve", "params": {"request": "r-2"}},
        ASKS | {"method": "ping"},
    ]
    said = [json.dumps(one) for one in notices]
    finished = await desk.started().mannered(at={"tools/call": {"says": said}}).call()
    assert (finished.exit_code, finished.result) == (0, {"written": 1})


async def test_a_result_that_is_too_long_is_cut_and_says_so(desk: Desk) -> None:
    text = {"content": [{"type": "text", "text": f"first {'é' * 50_000} last"}]}
    finished = await desk.started().mannered(results={"lines_of": text}).call("lines_of", limit=4096)
    assert finished.exit_code == 0
    assert finished.result is not None
    kept = str(finished.result["text"])
    assert kept.startswith("first")
    assert kept.endswith("last")
    assert len(json.dumps(finished.result, ensure_ascii=False).encode()) <= 4096
    assert finished.dropped > 40_000


async def test_what_is_no_text_is_named_and_not_carried(desk: Desk) -> None:
    content = [
        {"type": "text", "text": "a"},
        {"type": "image", "mimeType": "image/png", "data": "x" * 100_000},
        {"type": "resource", "resource": {"uri": "file:///etc/passwd", "text": "root"}},
        {"type": "resource_link", "uri": "https://x.test/y", "name": "y"},
    ]
    finished = await desk.started().mannered(results={"lines_of": {"content": content}}).call("lines_of")
    assert finished.result == {
        "text": "a",
        "not_carried": ["image image/png", "resource file:///etc/passwd", "resource_link https://x.test/y"],
    }


async def test_one_that_never_answers_is_ended_with_its_tree(desk: Desk) -> None:
    desk.started(processes=20).mannered(child=True, at={"initialize": {"sleeps": 60}})
    finished = await desk.call(timeout_s=1.5)
    assert (finished.timed_out, finished.exit_code, finished.cut) == (True, 2, False)
    assert "no answer within 1.5 s" in finished.stdout
    assert not is_running(int((desk.folder / "pid").read_text()))


async def test_one_that_changes_something_and_dies_is_in_doubt(desk: Desk) -> None:
    desk.started(tools={"write": {"digest": PINS["write"]["digest"]}})
    finished = await desk.mannered(at={"tools/call": {"dies": 1}}).call()
    assert (finished.cut, finished.exit_code) == (True, None)


async def test_one_that_takes_too_much_memory_is_ended(desk: Desk) -> None:
    desk.started(memory_mb=32).mannered(at={"tools/call": {"floods": 80 << 20}})
    finished = await desk.call()
    assert finished.exit_code == 2
    assert "used more than 32 MB of memory" in finished.stdout or finished.beyond


async def test_what_was_stopped_before_is_never_started(desk: Desk) -> None:
    desk.started().stop.set()
    finished = await desk.call()
    assert (finished.stopped, finished.cut, (desk.folder / "pid").exists()) == (True, False, False)


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
async def test_a_server_does_not_get_out_of_its_walls(desk: Desk, tier: Tier) -> None:
    found = await tried(tier)
    if found.wall is None:
        pytest.skip(f"{tier}: {found.why}")
    desk.wall = found.wall
    secret = desk.room.parent / "secret"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        desk.started().mannered(at={"tools/call": {"tries": {"read": str(secret), "port": port}}})
        finished = await desk.call()
        assert finished.exit_code == 0, finished.stdout
        seen = json.loads((desk.folder / "tried.json").read_text())
        assert seen["read"] in ("FileNotFoundError", "PermissionError")
        assert seen["port"] in ("ConnectionRefusedError", "PermissionError")
        desk.started(hosts=[f"127.0.0.1:{port}"])
        assert (await desk.call()).exit_code == 0
        await asyncio.sleep(0)
        assert json.loads((desk.folder / "tried.json").read_text())["port"] == "connected"


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
async def test_a_server_by_its_path_is_started_behind_walls_too(desk: Desk, tier: Tier) -> None:
    found = await tried(tier)
    if found.wall is None:
        pytest.skip(f"{tier}: {found.why}")
    desk.wall = found.wall
    program = desk.room.parent / "notebook-server"
    program.write_text(f"#!{sys.executable}\n{SCRIPT.read_text()}")
    program.chmod(0o755)
    desk.started(command=[str(program), str(desk.folder)], exec=["python3"])
    finished = await desk.call()
    assert (finished.exit_code, finished.result) == (0, {"written": 1}), finished.stdout


@pytest.mark.parametrize("program", ["./server", "bin/server", "../server"])
def test_a_program_is_a_name_or_a_whole_path(program: str) -> None:
    with pytest.raises(Unreadable, match="a path from / on"):
        read_as(Servers, {"servers": {"it": {"command": [program]}}})
