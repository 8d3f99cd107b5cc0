"""The door: what is not from Slack, not from now or not readable is turned away unseen."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from bot.slack.shapes import Turned, well_formed

LARGEST = 1024 * 1024
"""Bytes. Slack's largest, a view with its state, is below 500 kB."""
WINDOW_S = 300
"""Slack's own advice for old requests; the same into the future, where a signature is as strange."""

MOST_FIELDS = 100

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Door:
    """Verifies the signature over the raw bytes, then reads them. Never raises anything but Turned."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        if not secret:
            raise ValueError("without a signing secret anybody could speak as Slack")
        self._secret, self._clock = secret.encode(), clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if len(body) > LARGEST:
            raise Turned(413, "too large")
        said = headers.get("X-Slack-Request-Timestamp", "")
        if not (said.isascii() and said.isdigit() and len(said) <= 12):
            raise Turned(401, "no timestamp")
        if abs(self._clock() - int(said)) > WINDOW_S:
            raise Turned(401, "not from now")
        expected = "v0=" + hmac.digest(self._secret, b"v0:" + said.encode() + b":" + body, "sha256").hex()
        given = headers.get("X-Slack-Signature", "")
        if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
            raise Turned(401, "not signed by Slack")


@dataclass(frozen=True, slots=True)
class Said:
    """What Slack sent, as text that Bolt can read. `command` is its fields when it is a slash command."""

    text: str
    command: Mapping[str, str] | None = None


def readable(content_type: str, body: bytes) -> Said:
    """Raises Turned(400) for what is neither a command nor an interaction nor an event."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Turned(400, "not UTF-8") from None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        well_formed(_object(text))
    elif kind == FORM:
        fields = _form(text)
        if "payload" in fields:
            well_formed(_object(fields["payload"]))
        elif "ssl_check" in fields:
            return Said(text)
        elif "command" in fields:
            return Said(text, fields)
        else:
            raise Turned(400, "neither a command nor an interaction")
    else:
        raise Turned(400, "neither JSON nor a form")
    return Said(text)


def _form(text: str) -> dict[str, str]:
    """The last of each field, as Bolt reads them after us: what was looked at is what will be read."""
    if text.count("&") >= MOST_FIELDS:
        raise Turned(400, "not a form")
    fields: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = unquote_plus(name), unquote_plus(value)
        if pair:
            fields[name] = value
    return fields


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Turned(400, "not JSON") from None
    if not isinstance(found, dict):
        raise Turned(400, "not an object")
    if "\\ud" in text.lower() and not _whole(found):
        raise Turned(400, "half a character")
    return found


def _whole(found: object) -> bool:
    """Whether it can be written down again: JSON may name one half of a pair, which is no character."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
