"""Telling the app: by socket or by HTTP, within the deadline; events again when it did not take them."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any

from bot.playground.app import App
from bot.playground.notices import Notices
from bot.playground.sockets import Sockets
from bot.playground.wire import Answer, Envelope, HttpWire
from bot.playground.workspace import Json

RETRY_DELAYS = (0.0, 60.0, 300.0)  # Slack: "immediately, then after 1 minute, then after 5 minutes"
RETRY_REASONS = {
    "timeout": "http_timeout",
    "connection_failed": "connection_failed",
    "http_error": "http_error",
}


class Delivery:
    def __init__(
        self,
        app: App,
        http: HttpWire,
        sockets: Sockets,
        notices: Notices,
        *,
        deadline_s: float,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self._app, self._http, self._sockets, self._notices = app, http, sockets, notices
        self._deadline_s, self._retry_delays = deadline_s, retry_delays
        self._tasks: set[asyncio.Task[None]] = set()
        self._reached = True

    @property
    def connected(self) -> bool:
        """By socket: one is open. By HTTP: an address is known and the last attempt met somebody there."""
        if self._app.socket_mode:
            return len(self._sockets) > 0
        return bool(self._http.request_url) and self._reached

    def reset(self) -> None:
        """A new address: whether somebody is there shows at the next attempt."""
        self._reached = True
        self._notices.app_changed()

    async def ask(self, kind: str, payload: Json, *, attempt: int = 0, retry_reason: str = "") -> Answer:
        """Tells the app one thing, once."""
        envelope = Envelope(kind, payload, attempt, retry_reason)
        wire = self._sockets if self._app.socket_mode else self._http
        answer = await wire.carry(envelope, self._deadline_s)
        reached = answer.reason != "connection_failed"
        if reached != self._reached:
            self._reached = reached
            self._notices.app_changed()
        return answer

    def event(self, event: Json, *, channel: str = "", shared: bool = False) -> None:
        """Sends an event in the background, with Slack's three retries."""
        app = self._app
        payload: Json = {
            "token": secrets.token_hex(12),
            "team_id": app.team_id,
            "api_app_id": app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(float(event["event_ts"])),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": app.team_id,
                    "user_id": app.user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{secrets.token_urlsafe(24)}",
        }
        self.spawn(self._insist(payload, channel))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drops what is still to be retried: a stopped Slack delivers nothing."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _insist(self, payload: Json, channel: str) -> None:
        name = payload["event"]["type"]
        answer = await self.ask("events_api", payload)
        for attempt, delay in enumerate(self._retry_delays, 1):
            if answer.ok or answer.no_retry:
                break
            self._notices.log(
                "warning",
                f"The event {name} was not taken: {answer.in_words}. Retry {attempt} in {delay:g} s.",
            )
            await asyncio.sleep(delay)
            reason = RETRY_REASONS.get(answer.reason, "unknown_error")
            answer = await self.ask("events_api", payload, attempt=attempt, retry_reason=reason)
        if not answer.ok:
            self._notices.show(
                "error", f"The app missed the event {name}: {answer.in_words}.", channel=channel
            )
