"""Socket Mode: two connections, so that one may be refreshed while the other hears; an ear for silence."""

from __future__ import annotations

import asyncio
import logging
import time

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.web_api import FAILURES, failure

log = logging.getLogger(__name__)
sdk_log = logging.getLogger("bot.slack.socket_mode")

CONNECTIONS = 2
"""One loses requests at each refresh by Slack (18 of 2,400 measured); two in a process lost none."""
PING_S, DEAF_AFTER_S, LOOK_S = 5.0, 30.0, 2.0


class Ear:
    """One connection. It is deaf when neither envelope nor pong came for a while: then it is made anew."""

    def __init__(self, app: AsyncApp, *, app_token: str, client: AsyncWebClient) -> None:
        self._handler = AsyncSocketModeHandler(
            app, app_token=app_token, web_client=client, ping_interval=PING_S, logger=sdk_log
        )
        self._client = self._handler.client
        self._client.on_message_listeners.append(self._hears)
        self._heard = time.time()
        self._keeping = asyncio.create_task(self._keep())
        self.first = asyncio.Event()

    def hears(self) -> bool:
        session = self._client.current_session
        return session is not None and not session.closed and not self._deaf()

    async def close(self) -> None:
        self._keeping.cancel()
        await asyncio.wait((self._keeping,))
        if self._client.current_session is not None:
            await self._handler.close_async()  # type: ignore[no-untyped-call]
        else:  # the library cannot close what never opened
            self._client.closed = True
            self._client.message_processor.cancel()
        await self._client.aiohttp_client_session.close()

    def _deaf(self) -> bool:
        return time.time() - max(self._heard, self._client.last_ping_pong_time or 0.0) >= DEAF_AFTER_S

    async def _hears(self, _message: aiohttp.WSMessage) -> None:
        self._heard = time.time()

    async def _keep(self) -> None:
        """Connect, and connect again whenever there is nothing to hear with, until cancelled."""
        while True:
            if not self.hears():
                await self._connect()
            await asyncio.sleep(LOOK_S)

    async def _connect(self) -> None:
        try:
            await self._client.connect_to_new_endpoint(force=True)
            self._heard = time.time()
            self.first.set()
        except FAILURES as raised:
            log.warning("Socket Mode does not connect: %s", failure(raised).error)
        except OSError as raised:
            log.warning("Socket Mode does not connect: %s", raised)


class Sockets:
    def __init__(
        self, app: AsyncApp, *, app_token: str, client: AsyncWebClient, connections: int = CONNECTIONS
    ) -> None:
        self._ears = [Ear(app, app_token=app_token, client=client) for _ in range(connections)]

    async def start(self, within_s: float = 5.0) -> None:
        """Wait for the first connections, not longer than this: what does not connect is tried again."""
        try:
            async with asyncio.timeout(within_s):
                for ear in self._ears:
                    await ear.first.wait()
        except TimeoutError:
            log.warning("%d of %d Socket Mode connections are open", self.connected(), len(self._ears))

    def connected(self) -> int:
        """How many connections are open and not deaf."""
        return sum(ear.hears() for ear in self._ears)

    async def close(self) -> None:
        await asyncio.gather(*(ear.close() for ear in self._ears))
