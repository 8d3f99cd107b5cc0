"""Servers that are asked by streamable HTTP: one address, one credential, no way elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ask.reading import Unreadable, read_as
from bot.assess.mcp_servers import Servers
from tests.mcp.conftest import PINS, SECRET, Desk


async def test_a_tool_is_called_and_its_result_is_read(posted: Desk) -> None:
    finished = await posted.call(line="hello", times=3)
    assert (finished.exit_code, finished.result) == (0, {"written": 3}), finished.stdout
    assert posted.calls() == [["write", {"line": "hello", "times": 3}]]
    first, *others = posted.heard
    assert all(one.headers["Authorization"] == f"Bearer {SECRET}" for one in posted.heard)
    assert "Mcp-Session-Id" not in first.headers
    assert {one.headers["Mcp-Session-Id"] for one in others} == {"session-1"}
    assert {one.headers["MCP-Protocol-Version"] for one in others} == {"2025-06-18"}
    assert posted.heard[-1].method == "DELETE", "the session is over"


async def test_the_credential_is_nowhere_even_where_half_of_it_would_be_cut_off(posted: Desk) -> None:
    for status in (302, 400, 401, 403, 404, 500):
        posted.mannered(at={"tools/call": {"status": status, "says": f"{'x' * 590} {SECRET}"}})
        finished = await posted.call()
        assert finished.exit_code == 2
        assert "s3cr3t" not in finished.stdout
        assert f"was answered {status} by the server" in finished.beyond
    assert not any("elsewhere" in one.path for one in posted.heard)


async def test_what_changes_something_and_is_not_answered_is_in_doubt(posted: Desk) -> None:
    posted.settings["tools"] = {"write": {"digest": PINS["write"]["digest"]}}
    posted.mannered(at={"tools/call": {"sleeps": 5}})
    finished = await posted.call(timeout_s=1.0)
    assert (finished.cut, finished.exit_code, finished.timed_out) == (True, None, True)
    methods = [(await one.json()).get("method") for one in posted.heard if one.method == "POST"]
    assert methods[-1] == "notifications/cancelled"


async def test_a_server_that_is_not_there_was_not_called(desk: Desk) -> None:
    desk.settings = {"url": "http://127.0.0.1:9/mcp", "tools": {"write": {"digest": PINS["write"]["digest"]}}}
    finished = await desk.call()
    assert (finished.cut, finished.exit_code, finished.beyond) == (False, 2, "could not reach its server")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://mcp.acme.test/mcp", False),
        ("http://127.0.0.1:8000/mcp", True),
        ("https://mcp.acme.test/mcp", True),
        ("https://key@mcp.acme.test/mcp", False),
        ("ftp://mcp.acme.test", False),
    ],
)
def test_an_address_is_private_or_of_this_machine(url: str, good: bool) -> None:
    said: dict[str, Any] = {"servers": {"it": {"url": url}}}
    if good:
        assert read_as(Servers, said)
        return
    with pytest.raises(Unreadable):
        read_as(Servers, said)
