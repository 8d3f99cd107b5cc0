"""The one way out of a walled step, asked by a client that may be anybody."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.connectors.walls.egress import Egress
from bot.execute.sandbox.walls import Host


class World:
    """A server on the loopback that says what it was asked, and counts who came."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.port = 0

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            self.heard.append(head)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            if b"connection: close" in head.lower():
                break
        writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[World]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._answer(reader, writer)
            except asyncio.IncompleteReadError:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World().open() as world:
        yield world


async def asked(egress: Egress, *requests: bytes) -> bytes:
    """All that comes back when these are sent one after the other on one connection."""
    async with egress.listening() as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = b""
        for request in requests:
            writer.write(request)
            said += await reader.read(4096)
        writer.write_eof()
        said += await reader.read()
        writer.close()
        return said


def get(url: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", *headers, "", ""]).encode()


def tunnel(where: str, *headers: str) -> bytes:
    return "\r\n".join([f"CONNECT {where} HTTP/1.1", f"Host: {where}", *headers, "", ""]).encode()


async def test_a_plain_request_is_passed_on_as_from_a_client_of_its_own(world: World) -> None:
    egress = Egress([Host("127.0.0.1", world.port)])
    said = await asked(
        egress, get(f"http://127.0.0.1:{world.port}/a?b=c", "Host: elsewhere", "Proxy-Connection: keep-alive")
    )

    assert said.endswith(b"hi")
    where = f"127.0.0.1:{world.port}".encode()
    assert world.heard == [b"GET /a?b=c HTTP/1.1\r\nHost: " + where + b"\r\nConnection: close\r\n\r\n"]
    assert egress.note() == ""


async def test_a_tunnel_stays_open_for_more_than_one_request(world: World) -> None:
    where = f"127.0.0.1:{world.port}"
    said = await asked(Egress([Host("127.0.0.1", world.port)]), tunnel(where), get("/one"), get("/two"))

    assert said.startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert said.count(b"hi") == 2
    assert [head.split()[1] for head in world.heard] == [b"/one", b"/two"]


@pytest.mark.parametrize("how", [tunnel, lambda where: get(f"http://{where}/")])
@pytest.mark.parametrize(
    "spelt",
    ["127.0.0.1:{}", "127.1:{}", "2130706433:{}", "0x7f.1:{}", "localhost:{}", "[::ffff:127.0.0.1]:{}"],
)
async def test_what_is_not_granted_is_refused_however_it_is_spelt(
    world: World, how: object, spelt: str
) -> None:
    assert callable(how)
    egress = Egress([Host("127.0.0.1", world.port + 1), Host("example.com", world.port)])
    where = spelt.format(world.port)
    said = await asked(egress, how(where))

    assert said.startswith(b"HTTP/1.1 403 ")
    assert world.heard == []
    assert egress.note() == f"[egress to {where} refused: not in permissions.hosts]\n"


async def test_a_granted_name_does_not_lead_to_a_private_address(world: World) -> None:
    """How a request is forged from inside a network: a public name that its owner points at 127.0.0.1."""
    egress = Egress([Host("localhost", world.port)])
    said = await asked(egress, tunnel(f"localhost:{world.port}"))

    assert said.startswith(b"HTTP/1.1 403 ")
    assert world.heard == []
    assert "a private address that is not granted itself" in egress.note()


@pytest.mark.parametrize("granted", ["by the operator", "by its address"])
async def test_unless_the_address_is_granted_too(world: World, granted: str) -> None:
    name = Host("localhost", world.port, trusted=granted == "by the operator")
    said = await asked(Egress([name, Host("127.0.0.1", world.port)]), get(f"http://localhost:{world.port}/"))

    assert said.endswith(b"hi")


async def test_refusals_are_counted_and_told_in_few_lines() -> None:
    egress = Egress([])
    for port in [*range(1, 13), 1, 1]:
        await asked(egress, tunnel(f"example.com:{port}"))

    lines = egress.note().splitlines()
    assert lines[0] == "[egress to example.com:1 refused: not in permissions.hosts (3 times)]"
    assert lines[-1] == "[and 2 other refusals]"
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no proxy request"),
        pytest.param(b"GET ftp://h/ HTTP/1.1\r\n\r\n", b"400", id="another scheme"),
        pytest.param(b"GET https://h/ HTTP/1.1\r\n\r\n", b"400", id="https without a tunnel"),
        pytest.param(b"GET http://me:pw@h/ HTTP/1.1\r\n\r\n", b"400", id="a password for the host"),
        pytest.param(b"CONNECT h:99999 HTTP/1.1\r\n\r\n", b"400", id="no such port"),
        pytest.param("CONNECT ä:1 HTTP/1.1\r\n\r\n".encode(), b"400", id="letters that look alike"),
        pytest.param(b"hello\r\n\r\n", b"400", id="no HTTP"),
        pytest.param(b"GET http://h/ HTTP/1.1\r\nA: " + b"a" * 70_000, b"431", id="an endless head"),
    ],
)
async def test_nonsense_gets_an_answer(request_: bytes, status: bytes) -> None:
    assert (await asked(Egress([]), request_)).split()[1] == status


async def test_another_user_of_this_machine_does_not_get_through(world: World) -> None:
    egress = Egress([Host("127.0.0.1", world.port)], password="ours")
    url = f"http://127.0.0.1:{world.port}/"
    for wrong in ("step:theirs", "step:", "other:ours"):
        said = await asked(
            egress, get(url, f"Proxy-Authorization: Basic {base64.b64encode(wrong.encode()).decode()}")
        )
        assert said.split()[1] == b"407"
    assert (await asked(egress, get(url))).split()[1] == b"407"
    assert world.heard == []

    right = base64.b64encode(b"step:ours").decode()
    assert (await asked(egress, get(url, f"Proxy-Authorization: Basic {right}"))).endswith(b"hi")
    assert b"ours" not in world.heard[0]
    assert right.encode() not in world.heard[0]


async def test_a_host_that_does_not_answer_is_said_to_be_so() -> None:
    async with World().open() as gone:
        port = gone.port
    said = await asked(Egress([Host("127.0.0.1", port)]), tunnel(f"127.0.0.1:{port}"))

    assert said.startswith(b"HTTP/1.1 502 ")
    assert b"cannot be reached" in said
