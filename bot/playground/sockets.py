"""Socket Mode: several sockets, each envelope to exactly one of them, answered by its envelope_id."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable

from aiohttp import WSMsgType, web

from bot.playground.wire import Answer, Envelope
from bot.playground.workspace import Json

MOST_SOCKETS = 10
LIFETIME_SECONDS = 18_060  # what Slack announces in `hello`


class Sockets:
    """The app's open connections. `is_ticket` spends the one-time ticket of a connection address."""

    def __init__(self, app_id: str, is_ticket: Callable[[str], bool], changed: Callable[[], None]) -> None:
        self._app_id, self._is_ticket, self._changed = app_id, is_ticket, changed
        self._open: list[web.WebSocketResponse] = []
        self._waiting: dict[str, tuple[web.WebSocketResponse, asyncio.Future[Json | None]]] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One connection, until either side closes it. Slack pings; a client that stays silent is dropped."""
        if not self._is_ticket(request.query.get("ticket", "")):
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        if len(self._open) >= MOST_SOCKETS:
            await socket.send_json(self._goodbye("too_many_websockets"))
            await socket.close()
            return socket
        self._open.append(socket)
        self._changed()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self._forget(socket)
        return socket

    async def carry(self, envelope: Envelope, deadline_s: float) -> Answer:
        """Hands the envelope to one socket and waits for its acknowledgement."""
        if not self._open:
            return Answer(reason="connection_failed")
        socket = secrets.choice(self._open)
        envelope_id = str(uuid.uuid4())
        wait: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (socket, wait)
        said: Json = {
            "envelope_id": envelope_id,
            "payload": envelope.payload,
            "type": envelope.kind,
            "accepts_response_payload": envelope.kind != "events_api",
        }
        if envelope.kind == "events_api":
            said |= {"retry_attempt": envelope.attempt, "retry_reason": envelope.retry_reason}
        try:
            async with asyncio.timeout(deadline_s):
                await socket.send_json(said)
                return Answer(status=200, body=await wait)
        except TimeoutError:
            return Answer(reason="timeout")
        except ConnectionError:
            return Answer(reason="connection_failed")
        finally:
            self._waiting.pop(envelope_id, None)

    async def refresh(self, *, one_only: bool = False) -> None:
        """Asks the app to reconnect, then closes: what was under way is lost, as with Slack."""
        for socket in list(self._open)[: 1 if one_only else None]:
            await socket.send_json(self._goodbye("refresh_requested"))
            self._forget(socket)
            await socket.close()

    async def close(self) -> None:
        for socket in list(self._open):
            await socket.close()

    def _acknowledged(self, data: str) -> None:
        try:
            said = json.loads(data)
        except ValueError:
            return
        _, wait = (
            self._waiting.get(str(said.get("envelope_id")), (None, None))
            if isinstance(said, dict)
            else (None, None)
        )
        if wait is not None and not wait.done():
            payload = said.get("payload")
            wait.set_result(payload if isinstance(payload, dict) else {"text": payload} if payload else None)

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self._open:
            self._open.remove(socket)
            self._changed()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {
                "host": "applink-local",
                "build_number": 1,
                "approximate_connection_time": LIFETIME_SECONDS,
            },
            "connection_info": {"app_id": self._app_id},
        }

    def _goodbye(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}}
