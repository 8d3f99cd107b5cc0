"""Requests of `http` steps, sent by the worker: to granted hosts alone, at addresses that were judged."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.ask.manifest import HttpRequest
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.harmless import harmless
from bot.execute.sandbox.output import result_in
from bot.execute.sandbox.redaction import Redactor
from bot.execute.sandbox.walls import Host, granted, may_lead_to
from bot.execute.steps.http import Sending, exit_code
from bot.terms import Refused

_PORTS = {"http": 80, "https": 443}


class _Judged(AbstractResolver):
    """Looks a name up itself and hands on only what it may lead to: a second look-up changes nothing."""

    def __init__(self, host: Host, hosts: tuple[Host, ...]) -> None:
        self._host, self._hosts = host, hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [
            ResolveResult(
                hostname=host,
                host=str(info[4][0]),
                port=port,
                family=info[0],
                proto=info[2],
                flags=socket.AI_NUMERICHOST,
            )
            for info in found
            if may_lead_to(self._host, str(info[4][0]), self._hosts)
        ]

    async def close(self) -> None:
        return None


async def send(request: HttpRequest, sending: Sending, *, stop: StopSignal) -> Finished:
    """Send it once. The answer's status and body are its output; nothing follows a redirect.

    Raises Refused when it may not be sent: then nothing has happened. Of what was sent and not answered
    nobody knows whether it happened: `cut`, unless it only looks.
    """
    host = _granted(sending)
    began = time.monotonic()
    sent = asyncio.create_task(exchanged(sending, host))
    stopping = asyncio.create_task(_until(stop))
    try:
        await asyncio.wait({sent, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not sent.done():
            said = "It was stopped before it was answered."
            return _ended(sending, began, said, unknown=not request.reads_only, stopped=True)
        status, text, dropped = sent.result()
    except aiohttp.ClientConnectorError as error:
        return _ended(sending, began, f"{sending.method} was not sent: {error}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        said = f"No answer: {str(error) or type(error).__name__}"
        timed_out = isinstance(error, TimeoutError)
        return _ended(sending, began, said, unknown=not request.reads_only, timed_out=timed_out)
    finally:
        sent.cancel()
        stopping.cancel()
        await asyncio.gather(sent, stopping, return_exceptions=True)
    code = exit_code(request, status=status, text=text)
    return _ended(sending, began, f"{status}\n{text}", code=code, dropped=dropped, text=text)


def _granted(sending: Sending) -> Host:
    try:
        parts = urlsplit(sending.url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Refused("The address of the request is no http:// or https:// address.") from None
    host = granted(parts.hostname or "", port, sending.hosts)
    if host is None or parts.username is not None:
        raise Refused(f"{parts.hostname}:{port} is not in permissions.hosts, so nothing was sent.")
    return host


def session_to(
    host: Host, hosts: tuple[Host, ...], *, tls: ssl.SSLContext | bool = True
) -> aiohttp.ClientSession:
    """Connections to one granted host, at addresses that were judged; no proxy of the environment."""
    connector = aiohttp.TCPConnector(resolver=_Judged(host, hosts), use_dns_cache=False, ssl=tls)
    return aiohttp.ClientSession(connector=connector, trust_env=False)


async def exchanged(
    sending: Sending, host: Host, *, tls: ssl.SSLContext | bool = True
) -> tuple[int, str, int]:
    """One request to one granted host and its answer: status, text, how many bytes did not fit."""
    async with (
        session_to(host, sending.hosts, tls=tls) as session,
        session.request(
            sending.method,
            URL(sending.url, encoded=True),  # every value in it is escaped already
            headers=dict(sending.headers),
            data=sending.body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=sending.timeout_s),
        ) as answer,
    ):
        kept, dropped = bytearray(), 0
        async for chunk in answer.content.iter_chunked(1 << 14):
            room = sending.output_limit - len(kept)
            kept += chunk[:room]
            dropped += max(0, len(chunk) - room)
        return answer.status, kept.decode(errors="replace"), dropped


async def _until(stop: StopSignal) -> None:
    await stop.wait()


def _ended(
    sending: Sending,
    began: float,
    said: str,
    *,
    code: int = 2,
    unknown: bool = False,
    stopped: bool = False,
    timed_out: bool = False,
    dropped: int = 0,
    text: str = "",
) -> Finished:
    hidden = Redactor(sending.secrets)
    return Finished(
        exit_code=None if unknown else code,
        stdout=harmless(hidden.redact(said)),
        stderr="",
        dropped=dropped,
        timed_out=timed_out,
        stopped=stopped,
        wall_ms=int((time.monotonic() - began) * 1000),
        result=result_in(text, hidden) if code == 0 else None,
        cut=unknown,
    )
