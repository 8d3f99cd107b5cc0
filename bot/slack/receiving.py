"""`POST /slack/events`: through the door, then Bolt, and never an answer that is our own fault."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.http import LARGEST, Door, Turned, readable

Seen = Callable[[int, float], None]
"""Told of every answer: its status, and the seconds it took."""


class Receiving:
    def __init__(self, app: AsyncApp, door: Door, *, seen: Seen) -> None:
        self._app, self._door, self._seen = app, door, seen

    async def handle(self, request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        answer = await self._answered(request)
        self._seen(answer.status, time.perf_counter() - began)
        return answer

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await self._body(request)
            self._door.verify(request.headers, body)
            text = readable(request.headers.get("Content-Type", ""), body)
        except Turned as turned:
            return web.Response(status=turned.status, text=turned.why)
        said = AsyncBoltRequest(body=text, query=request.query_string, headers=dict(request.headers))
        return await to_aiohttp_response(await self._app.async_dispatch(said))

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > LARGEST:
            raise Turned(413, "too large")
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Turned(413, "too large") from None
