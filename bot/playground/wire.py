"""The way to the app over HTTP: signed requests, three seconds, one plain account of how it went."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.playground.workspace import Json

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One thing to tell the app; `kind` is events_api, slash_commands or interactive."""

    kind: str
    payload: Json
    attempt: int = 0
    retry_reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `reason` is "" when acknowledged, else timeout, connection_failed or http_error."""

    status: int = 0
    body: Json | None = None
    text: str = ""
    reason: str = ""
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def in_words(self) -> str:
        match self.reason:
            case "timeout":
                return "the app did not respond"
            case "connection_failed":
                return "the app is not running"
            case "http_error":
                return f"the app answered with HTTP {self.status}"
            case _:
                return ""


def signature(secret: str, timestamp: str, body: str) -> str:
    """Slack's v0 signature of a request."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


class HttpWire:
    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._session: aiohttp.ClientSession | None = None
        self.request_url: str | None = None

    async def start(self) -> None:
        # A kept connection would fail once when the app restarts, which Slack's many front ends do not.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def carry(self, envelope: Envelope, deadline_s: float) -> Answer:
        if self._session is None or not self.request_url:
            return Answer(reason="connection_failed")
        body, content_type = written(envelope)
        now = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": signature(self._secret, now, body),
        }
        if envelope.attempt:
            headers |= {
                "X-Slack-Retry-Num": str(envelope.attempt),
                "X-Slack-Retry-Reason": envelope.retry_reason,
            }
        try:
            async with (
                asyncio.timeout(deadline_s),
                self._session.post(
                    self.request_url, data=body.encode(), headers=headers, max_redirects=2
                ) as answer,
            ):
                text = await answer.text()
                if not 200 <= answer.status < 300:
                    no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
                    return Answer(answer.status, text=text, reason="http_error", no_retry=no_retry)
                return Answer(answer.status, _object(text), text)
        except TimeoutError:
            return Answer(reason="timeout")
        except aiohttp.ClientError:
            return Answer(reason="connection_failed")


def written(envelope: Envelope) -> tuple[str, str]:
    """The body and its content type: events are JSON, commands a form, interactions JSON inside a form."""
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload), "application/json"
    if envelope.kind == "slash_commands":
        return urlencode(envelope.payload), FORM
    return urlencode({"payload": json.dumps(envelope.payload)}), FORM


def _object(text: str) -> Json | None:
    try:
        found: Any = json.loads(text) if text.strip() else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
