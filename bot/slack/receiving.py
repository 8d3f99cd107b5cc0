"""`POST /slack/events`: through the door, a command to its reader and the rest to Bolt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.http import LARGEST, Door, readable
from bot.slack.precedence import Precedence
from bot.slack.shapes import Turned

Seen = Callable[[int, float], None]
"""Told of every answer: its status, and the seconds it took."""

Command = Callable[[Mapping[str, str]], Coroutine[Any, Any, BoltResponse]]

ANSWER_WITHIN_S = 2.5
"""Slack waits three seconds, what its network takes included."""
LATE = (
    "My store is slow to answer. What you asked may still be taken: see whether a card comes, then ask again."
)


class Receiving:
    """Never an answer that is our own fault, and never one that comes too late.

    A slash command does not pass through Bolt: its way to the one listener, measured 0.4 ms, would cost more
    than verifying, reading and keeping the command together.
    """

    def __init__(
        self, app: AsyncApp, door: Door, *, command: Command, precedence: Precedence, seen: Seen
    ) -> None:
        self._app, self._door, self._command = app, door, command
        self._precedence, self._seen = precedence, seen
        self._working: set[asyncio.Task[BoltResponse]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        with self._precedence:
            answer = await self._answered(request)
        self._seen(answer.status, time.perf_counter() - began)
        return answer

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await self._body(request)
            self._door.verify(request.headers, body)
            said = readable(request.headers.get("Content-Type", ""), body)
        except Turned as turned:
            return web.Response(status=turned.status, text=turned.why)
        if said.command is not None:
            answer = await self._in_time(self._command(said.command))
            return _plainly(answer or BoltResponse(status=200, body=_for_them_alone(LATE)))
        passed = AsyncBoltRequest(body=said.text, query=request.query_string, headers=dict(request.headers))
        answer = await self._in_time(self._app.async_dispatch(passed))
        return await to_aiohttp_response(answer or BoltResponse(status=503, body=""))

    async def _in_time(self, work: Coroutine[Any, Any, BoltResponse]) -> BoltResponse | None:
        """None when Slack will not wait any longer. The work goes on: cut off, it could be half done."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        done, _ = await asyncio.wait((task,), timeout=ANSWER_WITHIN_S)
        return task.result() if done else None

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > LARGEST:
            raise Turned(413, "too large")
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Turned(413, "too large") from None


def _for_them_alone(words: str) -> dict[str, str]:
    return {"response_type": "ephemeral", "text": words}


def _plainly(answer: BoltResponse) -> web.Response:
    """Our own answer, which has words at most: no cookies and no headers to go through."""
    kind = "application/json" if answer.body.startswith("{") else "text/plain"
    return web.Response(status=answer.status, text=answer.body, content_type=kind)
