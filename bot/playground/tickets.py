"""What Slack hands out to be used a limited number of times: trigger ids and response URLs."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS, RESPONSE_URL_USES = 30 * 60.0, 5


class SlackError(Exception):
    """An answer with ok=false: Slack's error name, and the further fields Slack sends with it."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.error, self.fields = error, fields


@dataclass(slots=True)
class Trigger:
    user: str
    at: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Where an app may answer later; `message_ts` is the message it came from, "" for a command."""

    kind: str
    user: str
    channel: str
    at: float
    message_ts: str = ""
    uses: int = 0


class Tickets:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, user: str) -> str:
        now = self._clock()
        if len(self._triggers) > 1000:
            self._triggers = {key: each for key, each in self._triggers.items() if now - each.at < 60}
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user, now)
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """The user the trigger belongs to. A trigger opens one view, within three seconds."""
        found = self._triggers.get(trigger_id)
        if found is None:
            raise SlackError("invalid_trigger_id")
        if found.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - found.at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        found.used = True
        return found.user

    def response_url(self, kind: str, user: str, channel: str, message_ts: str = "") -> str:
        """The path of a fresh response URL; kind is commands or actions, as in Slack's own."""
        path = (
            f"/{kind}/{secrets.token_hex(6).upper()}/{secrets.randbelow(10**12)}/{secrets.token_urlsafe(18)}"
        )
        self._urls[path] = ResponseUrl(kind, user, channel, self._clock(), message_ts)
        return path

    def use(self, path: str) -> ResponseUrl:
        found = self._urls.get(path)
        if found is None:
            raise SlackError("no_service")
        if found.uses >= RESPONSE_URL_USES or self._clock() - found.at > RESPONSE_URL_SECONDS:
            raise SlackError("used_url" if found.uses >= RESPONSE_URL_USES else "expired_url")
        found.uses += 1
        return found
