"""The switch: the address customers use, a reverse proxy that sends every request to the live colour."""

import contextlib
import time
from collections.abc import Callable, Iterable

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from bot.playground.host.colour import ColourSlot

# Hop-by-hop headers belong to one connection (RFC 9110 §7.6.1); the length is set again from the body.
NOT_FORWARDED = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
ANSWER_SECONDS = 10.0


class Switch:
    """One port that never changes hands while colours come and go behind it.

    A request belongs to the colour that was live when it arrived, to its end, and is counted there. So a
    switch under load loses none of them: the old colour keeps serving what it has.
    """

    def __init__(self, live: Callable[[], ColourSlot], session: aiohttp.ClientSession) -> None:
        self._live = live
        self._session = session
        self._runner = web.ServerRunner(web.Server(self._arrived, access_log=None))
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen on the port of last time if it is free, else on any."""
        await self._runner.setup()
        for wanted in (port, 0):
            with contextlib.suppress(OSError):
                await web.TCPSite(self._runner, "127.0.0.1", wanted).start()
                break
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _arrived(self, request: web.BaseRequest) -> web.Response:
        return await self.forward(request, request.raw_path)

    async def forward(self, request: web.BaseRequest, path: str) -> web.Response:
        """A customer's request, by whatever door it came; `path` is encoded, and the service's own."""
        slot = self._live()
        meter, replica = slot.meter, slot.next()
        began = time.monotonic()
        port = replica.port if replica is not None else None
        if replica is None or port is None:
            response = web.json_response({"error": "no process behind the switch"}, status=503)
        else:
            with replica.serving():
                response = await self._ask(request, port, path)
        if meter is not None:
            meter.count(status=response.status, seconds=time.monotonic() - began)
        return response

    async def _ask(self, request: web.BaseRequest, port: int, path: str) -> web.Response:
        # Anything but a path could change the host the request goes to ("@elsewhere/").
        if not path.startswith("/"):
            return web.json_response({"error": "ask for a path"}, status=400)
        try:
            async with self._session.request(
                request.method,
                URL(f"http://127.0.0.1:{port}{path}", encoded=True),
                headers=_forwarded(request.headers.items()),
                data=await request.read() if request.can_read_body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as answer:
                body = await answer.read()
                headers = _forwarded(answer.headers.items())
                return web.Response(status=answer.status, headers=headers, body=body)
        except TimeoutError:
            return web.json_response({"error": "the service took too long"}, status=504)
        except aiohttp.ClientError as failed:
            return web.json_response(
                {"error": f"the service broke off ({type(failed).__name__})"}, status=502
            )


def _forwarded(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in NOT_FORWARDED)
