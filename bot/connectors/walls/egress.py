"""The one way out of a walled step: an HTTP proxy that knows which hosts the step was granted, and no others.

It looks up names itself and connects to the very address it judged, so a name that changes its mind between
the two gains nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from bot.execute.sandbox.walls import Host, granted, may_lead_to, plain

LONGEST_HEAD = 64 * 1024
HEAD_S, CONNECT_S = 30.0, 20.0
_READ = 1 << 16
_TOLD = 10
"""Different refusals that are named; the rest is a number."""
# Between client and proxy alone (RFC 9110 §7.6.1); what carries on is one exchange on one connection.
_OURS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"upgrade", b"te"}
)


class _Refused(Exception):
    """`status` for the client, the message for people."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Asked:
    """`head` is what the host is sent first; for a tunnel nothing."""

    name: str
    port: int
    tunnel: bool
    head: bytes


class Egress:
    """One step's proxy. Refusals are counted, and told in the step's own output by `note`."""

    def __init__(self, hosts: Iterable[Host], *, password: str = "") -> None:
        self._hosts = tuple(hosts)
        self._password = password
        self._refusals: Counter[str] = Counter()
        self._busy: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(
        self, on: socket.socket | None = None, *, to: Host | None = None
    ) -> AsyncIterator[int]:
        """Serve until the body ends, on this socket or on a new one of the loopback; gives the port.

        With `to`, a granted host, each connection is one to that host, and nothing of it is read.
        """
        serve = partial(self._serve, to=to)
        server = await (
            asyncio.start_server(serve, sock=on, limit=LONGEST_HEAD)
            if on
            else asyncio.start_server(serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)

    def note(self) -> str:
        """What was refused, a line each; empty when nothing was."""
        lines = [
            f"[{why}{f' ({times} times)' if times > 1 else ''}]\n"
            for why, times in self._refusals.most_common(_TOLD)
        ]
        if more := len(self._refusals) - len(lines):
            lines.append(f"[and {more} other refusals]\n")
        return "".join(lines)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to: Host | None
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  start_server gave us one
        self._busy.add(task)
        try:
            if to is None:
                await self._exchange(reader, writer)
            else:
                await self._passed_on(reader, writer, to)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # one end hung up
        finally:
            self._busy.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await self._heard(reader)
            far_reader, far_writer = await self._connected(asked)
        except _Refused as refused:
            body = f"{refused}\n".encode()
            head = (
                f"HTTP/1.1 {refused.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
            return
        try:
            if asked.tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            far_writer.write(asked.head)
            await _both_ways((reader, writer), (far_reader, far_writer))
        finally:
            far_writer.close()

    async def _passed_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Host) -> None:
        async with asyncio.timeout(CONNECT_S):
            far = await asyncio.open_connection(to.name, to.port)
        try:
            await _both_ways((reader, writer), far)
        finally:
            far[1].close()

    async def _heard(self, reader: asyncio.StreamReader) -> _Asked:
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _Refused(
                "431 Request Header Fields Too Large", "the head of the request is too long"
            ) from None
        first, *lines = head[:-4].split(b"\r\n")
        headers = [(line.partition(b":")[0].strip().lower(), line) for line in lines]
        self._known(headers)
        return _read(first, headers)

    def _known(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Another user of this machine can reach a loopback port, but does not know the password."""
        if not self._password:
            return
        wanted = b"Basic " + base64.b64encode(f"step:{self._password}".encode())
        given = next(
            (line.partition(b":")[2].strip() for name, line in headers if name == b"proxy-authorization"), b""
        )
        if not hmac.compare_digest(given, wanted):
            raise _Refused("407 Proxy Authentication Required", "this is another step's way out")

    async def _connected(self, asked: _Asked) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if (host := granted(asked.name, asked.port, self._hosts)) is None:
            raise self._refusal(asked, "not in permissions.hosts")
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                asked.name, asked.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise _Refused("502 Bad Gateway", f"{asked.name} cannot be found: {error}") from None
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        allowed = [address for address in addresses if may_lead_to(host, address, self._hosts)]
        if not allowed:
            raise self._refusal(
                asked, f"it leads to {addresses[0]}, a private address that is not granted itself"
            )
        failed = ""
        for address in allowed:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(address, asked.port)
            except (OSError, TimeoutError) as error:
                failed = str(error) or "it does not answer"
        raise _Refused("502 Bad Gateway", f"{host} cannot be reached: {failed}")

    def _refusal(self, asked: _Asked, why: str) -> _Refused:
        said = f"egress to {Host(plain(asked.name), asked.port)} refused: {why}"
        if len(self._refusals) < 1000 or said in self._refusals:
            self._refusals[said] += 1
        return _Refused("403 Forbidden", said)


def _read(first: bytes, headers: list[tuple[bytes, bytes]]) -> _Asked:
    """A tunnel (`CONNECT host:port`) or a plain request (`GET http://host/path`)."""
    words = first.decode("latin-1").split(" ")
    try:
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise ValueError(first)
        method, target, version = words
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        name, port = parts.hostname or "", parts.port or (443 if method == "CONNECT" else 80)
        if not name.isascii() or not name or parts.username is not None:
            raise ValueError(target)
        if method == "CONNECT":
            return _Asked(name, port, tunnel=True, head=b"")
        if parts.scheme != "http":
            raise ValueError(target)
    except ValueError:
        raise _Refused(
            "400 Bad Request", "this is a proxy: ask for http://host/path, or CONNECT host:port"
        ) from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for key, line in headers if key not in _OURS and key != b"host"]
    lines = [
        f"{method} {path} {version}".encode("latin-1"),
        f"Host: {parts.netloc}".encode("latin-1"),
        *kept,
        b"Connection: close",
    ]
    return _Asked(name, port, tunnel=False, head=b"\r\n".join(lines) + b"\r\n\r\n")


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(near: _Ends, far: _Ends) -> None:
    """Until the far end has said everything; a near end that only stops asking still wants its answer."""
    asking = asyncio.create_task(_carry(near[0], far[1]))
    try:
        await _carry(far[0], near[1])
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_READ):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
