"""MCP by streamable HTTP: every message is a POST to the configured address, and is answered by it.

No redirect is followed, no stream is taken up again once it broke, and nothing is listened to between calls.
"""

from __future__ import annotations

import asyncio
import codecs
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from bot.assess.mcp_servers import FILE, Reached
from bot.connectors.credentials import presented, trusting
from bot.connectors.lines import Secrets
from bot.connectors.requests import session_to
from bot.execute.mcp.messages import Message, Unfit, Violation, read, written
from bot.execute.sandbox import StopSignal
from bot.execute.sandbox.walls import Host, plain

LONGEST, MOST = 4 << 20, 32 << 20
"""Bytes of one message, and of everything that a server says in one session."""
_PORTS = {"http": 80, "https": 443}
_GOODBYE_S = 2.0
_REASON = 1 << 14
_JSON, _EVENTS = "application/json", "text/event-stream"


async def reaching(
    name: str, server: Reached, secrets: Secrets, *, timeout_s: float
) -> tuple[
    Callable[[StopSignal, Callable[[], float] | None], AbstractAsyncContextManager[Posts]], tuple[str, ...]
]:
    """How to reach it, and what no output may show. Raises Refused when its credential is not here."""
    of = f"of the MCP server {name} ({FILE})"
    headers, hidden = await presented(of, server.credential, secrets)
    tls: ssl.SSLContext | bool = await trusting(of, server.ca)
    parts = urlsplit(server.url)
    host = Host(plain(parts.hostname or ""), parts.port or _PORTS[parts.scheme], trusted=True)

    @asynccontextmanager
    async def connect(stop: StopSignal, until: Callable[[], float] | None) -> AsyncIterator[Posts]:
        async with session_to(host, (host,), tls=tls) as session:
            posts = Posts(session, server, dict(headers), timeout_s)
            try:
                yield posts
            finally:
                await posts.leave()

    return connect, hidden


@dataclass(slots=True)
class Posts:
    session: aiohttp.ClientSession
    server: Reached
    headers: dict[str, str] = field(repr=False)
    timeout_s: float
    _heard: int = 0
    _waits_for: Any = None
    """The id of the request that is not answered yet."""

    async def ask(self, message: dict[str, Any]) -> AsyncGenerator[Message, None]:
        self._waits_for = message["id"]
        async with self._post(message) as answer:
            kind = answer.content_type
            if session := answer.headers.get("Mcp-Session-Id"):
                self._named(session)
            if kind == _JSON:
                whole = bytearray()
                async for part in self._parts(answer):
                    whole += part
                    _not_too_long(len(whole))
                yield self._got(read(bytes(whole)))
                return
            if kind != _EVENTS:
                raise Violation(f"It answered with {kind}, which is neither {_JSON} nor {_EVENTS}.")
            async for event in _events(self._parts(answer)):
                yield self._got(read(event))

    def _got(self, message: Message) -> Message:
        if getattr(message, "id", None) == self._waits_for and not hasattr(message, "method"):
            self._waits_for = None
        return message

    async def tell(self, message: dict[str, Any]) -> None:
        async with self._post(message):
            return

    def agreed(self, revision: str) -> None:
        self.headers["MCP-Protocol-Version"] = revision

    async def leave(self) -> None:
        """Say that nobody waits any more and that the session is over; a server need not hear it."""
        with suppress(aiohttp.ClientError, OSError, TimeoutError, Unfit):
            async with asyncio.timeout(_GOODBYE_S):
                if self._waits_for is not None and "MCP-Protocol-Version" in self.headers:
                    told = {"requestId": self._waits_for, "reason": "nobody waits for it any more"}
                    await self.tell({"method": "notifications/cancelled", "params": told})
                if "Mcp-Session-Id" in self.headers:
                    url = URL(self.server.url, encoded=True)
                    async with self.session.delete(url, headers=self.headers, allow_redirects=False):
                        pass

    @asynccontextmanager
    async def _post(self, message: Mapping[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer of a good status. Raises Unfit for any other one."""
        async with self.session.post(
            URL(self.server.url, encoded=True),
            data=written(dict(message)),
            headers={
                "Content-Type": _JSON,
                "Accept": f"{_JSON}, {_EVENTS}",
                "Accept-Encoding": "identity",
                "User-Agent": "assent",
                **self.headers,
            },
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self.timeout_s),
        ) as answer:
            if not 200 <= answer.status < 300:
                raise await self._no_good(answer)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise Violation("It answered in an encoding that it was asked not to use.")
            yield answer

    async def _parts(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        async for part in answer.content.iter_chunked(1 << 14):
            self._heard += len(part)
            if self._heard > MOST:
                over = f"more than {MOST >> 20} MB altogether"
                raise Unfit(f"The server said {over}.", reason=f"was told {over}")
            yield part

    def _named(self, session: str) -> None:
        if not all(0x21 <= ord(one) <= 0x7E for one in session) or len(session) > 1024:
            raise Violation("It gave its session a name that is none.")
        self.headers["Mcp-Session-Id"] = session

    async def _no_good(self, answer: aiohttp.ClientResponse) -> Unfit:
        """What would be right, of an answer that is not."""
        status, credential = answer.status, self.server.credential
        reason = f"was answered {status} by the server"
        if 300 <= status < 400:
            why = f"which leads elsewhere: not followed. Is its url in {FILE} right?"
        elif status in (401, 403) and credential is None:
            why = f"and wants a credential. {FILE} takes it: credential: {{from: env:NAME}}."
        elif status in (401, 403):
            why = f"so it does not take the credential from {credential} ({FILE}). Is it right, still valid?"
        elif status == 404 and "Mcp-Session-Id" in self.headers:
            why = "so it has given up the session."
        else:
            said = " ".join((await answer.content.read(_REASON)).decode(errors="replace").split())
            why = f"so nothing came of it. It said: {said}" if said else "and did not say why."
        return Unfit(f"It answered {status}, {why}", reason=reason)


async def _events(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The data of each event, as server-sent events are written; only those called `message` are ours."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest, data, size, name = "", list[str](), 0, ""
    async for part in parts:
        rest += decode(part)
        *lines, rest = rest.replace("\r\n", "\n").split("\n")
        for line in lines:
            if line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
                size += len(line)
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif not line:
                if data and name in ("", "message"):
                    yield "\n".join(data)
                data, size, name = [], 0, ""
        _not_too_long(size + len(rest))


def _not_too_long(size: int) -> None:
    if size > LONGEST:
        over = f"a message of more than {LONGEST >> 20} MB"
        raise Unfit(f"The server said {over}.", reason=f"was told {over}")
