"""Verbs of connectors, carried out: each service at its configured address alone, with its credential.

The credential is looked up right before and forgotten right after. It is in the request and nowhere else:
what is answered goes through the same redaction as what programs print.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
from pydantic import JsonValue

from bot.ask.manifest.permissions import SecretCommand
from bot.assess.connected import FILE, Connected, Loki, Served
from bot.connectors.requests import exchanged
from bot.execute.connectors import Connector
from bot.execute.connectors.connector import Found, Http, Outgoing, Unanswerable
from bot.execute.connectors.fitting import fitted
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.redaction import Redactor, harmless
from bot.execute.sandbox.walls import Host, plain
from bot.execute.steps.connector import Calling, answered, credential_said
from bot.execute.steps.http import Sending
from bot.flow.workshop import Carried
from bot.terms import Refused

MOST_BYTES = 8 * 1024 * 1024
"""Of one answer, before what matters of it is taken out."""
_PORTS = {"http": 80, "https": 443}
_REASON = 400
_EXACT = 2**53 - 1
"""Larger whole numbers are not the same to everybody who reads JSON, and are told as text."""
_CANNOT_TELL = frozenset({408, 425, 429})

Secrets = Callable[[str, str | SecretCommand], Awaitable[str]]
Opens = Callable[[Calling, Secrets], Awaitable[Carried]]
"""Makes one call ready: raises Refused when its credential or its authority is not here."""


class Unsure(Protocol):
    """A line that knows whether something that changes the world was sent and not answered."""

    @property
    def in_doubt(self) -> bool: ...


def over_http(connector: Connector[Http]) -> Opens:
    async def opened(calling: Calling, secrets: Secrets) -> Carried:
        settings = calling.settings
        assert isinstance(settings, Served)  # noqa: S101  the kind is the connector's
        headers, own = await _credential(calling.name, settings, secrets)
        hidden = (*own, *calling.hidden)
        tls = await asyncio.to_thread(_trusting, calling.name, settings.ca) if settings.ca else True

        async def carried(stop: StopSignal) -> Finished:
            line = HttpLine(calling, settings, headers, tls, hide=Redactor(hidden).redact)
            doing = connector.call(calling.verb, calling.arguments, line)
            return await finished(calling, doing, line, stop=stop, hidden=hidden)

        return carried

    return opened


async def finished(
    calling: Calling, doing: Awaitable[Found], line: Unsure, *, stop: StopSignal, hidden: tuple[str, ...]
) -> Finished:
    """Wait for it as long as it may take, and put into words how it ended; `hidden` is shown to nobody.

    What was sent, would change something and was not answered is `cut`: nobody knows whether it happened.
    """
    began = time.monotonic()
    redactor = Redactor(hidden)

    def ended(said: str, code: int | None, **more: Any) -> Finished:
        text = harmless(redactor.redact(said))
        wall_ms = int((time.monotonic() - began) * 1000)
        usual: dict[str, Any] = {"dropped": 0, "timed_out": False, "stopped": False, "result": None}
        return Finished(exit_code=code, stdout=text, stderr="", wall_ms=wall_ms, **(usual | more))

    def silent(said: str, **more: Any) -> Finished:
        cut = line.in_doubt
        return ended(f"{calling.said}: {said}", None if cut else 2, cut=cut, **more)

    work, stopping = asyncio.ensure_future(doing), asyncio.ensure_future(_until(stop))
    try:
        await asyncio.wait({work, stopping}, timeout=calling.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            if stopping.done():
                return silent("it was stopped before it was answered.", stopped=True)
            return silent(f"no answer within {calling.timeout_s:g} s.", timed_out=True)
        found = fitted(_redacted(work.result(), redactor), calling.output_limit)
        code, why = answered(calling, found)
        written = json.dumps(found, ensure_ascii=False)
        return ended("\n".join(filter(None, (written, why))), code, result=found, dropped=_dropped(found))
    except Unanswerable as why:
        return ended(f"{calling.said}: {why}", why.exit_code)
    except Refused as why:
        return ended(f"{calling.said}: {why}", 2)
    except (LookupError, TypeError, ValueError, AttributeError):  # it is somebody else's answer
        return ended(f"{calling.said}: it answered with something that cannot be read.", 2)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return silent(f"no answer: {str(error) or type(error).__name__}")
    finally:
        work.cancel()
        stopping.cancel()
        await asyncio.gather(work, stopping, return_exceptions=True)


@dataclass(slots=True)
class HttpLine:
    """One call's line to one service. It follows no redirect, and knows no other address."""

    calling: Calling
    settings: Connected
    headers: Mapping[str, str] = field(repr=False)
    tls: ssl.SSLContext | bool
    hide: Callable[[str], str] = field(repr=False)
    in_doubt: bool = False

    @property
    def key(self) -> str:
        return self.calling.key

    async def send(self, asked: Outgoing) -> JsonValue:
        sending, host = self._sending(asked)
        self.in_doubt = not asked.reads
        try:
            status, text, dropped = await exchanged(sending, host, tls=self.tls)
        except aiohttp.ClientConnectorError as error:
            self.in_doubt = False
            raise Unanswerable(f"it was not reached, so nothing was asked: {error}") from None
        self.in_doubt = False
        if not 200 <= status < 300:
            raise self._no_good(status, text)
        if dropped:
            raise Unanswerable(f"its answer is larger than {MOST_BYTES >> 20} MB: ask for less.")
        if not text.strip():
            return None
        if (found := _read(text)) is None:
            raise Unanswerable(f"it answered {status} with something that is no JSON.")
        return found

    def _sending(self, asked: Outgoing) -> tuple[Sending, Host]:
        assert isinstance(self.settings, Served)  # noqa: S101  as `over_http` made it
        parts = urlsplit(self.settings.url)
        host = Host(plain(parts.hostname or ""), parts.port or _PORTS[parts.scheme], trusted=True)
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        body = None if asked.body is None else json.dumps(asked.body, ensure_ascii=False).encode()
        headers = {"Accept": "application/json", "User-Agent": "assent"}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        headers |= {} if asked.reads else {"Idempotency-Key": self.key}
        if isinstance(self.settings, Loki) and self.settings.tenant:
            headers["X-Scope-OrgID"] = self.settings.tenant
        sending = Sending(
            method=asked.method,
            url=f"{self.settings.url}{asked.path}{query}",
            headers={**headers, **asked.headers, **self.headers},
            body=body,
            hosts=(host,),
            timeout_s=self.calling.timeout_s,
            output_limit=MOST_BYTES,
        )
        return sending, host

    def _no_good(self, status: int, text: str) -> Unanswerable:
        """What would be right, of an answer that is not."""
        reference, name = credential_said(self.calling), self.calling.name
        said = _reason(text, self.hide)
        if 300 <= status < 400:
            why = f"which leads elsewhere: not followed. Is its url in {FILE} right?"
        elif status in (401, 403, 407) and not reference:
            why = f"and wants a credential. {FILE} takes it: {name}: {{…, credential: {{from: env:NAME}}}}."
        elif status in (401, 407):
            why = (
                f"so it does not take the credential from {reference} ({FILE}). "
                "Is it the right one, and still valid?"
            )
        elif status == 403:
            why = f"so whoever the credential from {reference} ({FILE}) belongs to may not do that. {said}"
        elif status >= 500 or status in _CANNOT_TELL:
            why = f"so nothing can be told. {said}"
        else:
            why = f"so it declined. {said}"
        return Unanswerable(f"it answered {status}, {why}", status=status, answer=_read(text))


async def _credential(
    name: str, settings: Served, secrets: Secrets
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The header that has it, and everything that no output may show."""
    credential = settings.credential
    if credential is None:
        return {}, ()
    value = await secrets(f"of the connector {name} ({FILE})", credential.source)
    if any(ord(one) < 32 or ord(one) == 127 for one in value):
        raise Refused(f"The credential from {credential} has control characters, so it cannot be sent.")
    if credential.scheme == "bearer":
        return {"Authorization": f"Bearer {value}"}, (value,)
    user, colon, password = value.partition(":")
    if not colon or not user:
        raise Refused(f"The credential from {credential} is not name:password, as `as: basic` needs it.")
    encoded = b64encode(value.encode()).decode()
    return {"Authorization": f"Basic {encoded}"}, (value, encoded, *((password,) if password else ()))


def _trusting(name: str, ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or "it is no certificate"
        raise Refused(f"The authority of {name} cannot be read from {ca} ({FILE}): {why}.") from None


def _redacted(found: Found, redactor: Redactor) -> Found:
    def clean(value: JsonValue) -> JsonValue:
        match value:
            case str():
                return harmless(redactor.redact(value))
            case list():
                return [clean(one) for one in value]
            case dict():
                return {harmless(redactor.redact(name)): clean(one) for name, one in value.items()}
            case bool() | None:
                return value
        text = json.dumps(value)
        if (hidden := redactor.redact(text)) != text:
            return hidden
        return value if isinstance(value, float) or abs(value) <= _EXACT else text

    return {name: clean(value) for name, value in found.items()}


def _read(text: str) -> JsonValue:
    """None when it is no JSON."""
    try:
        found: JsonValue = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found


def _no_number(word: str) -> JsonValue:
    raise ValueError(f"{word} is no number of JSON")


def _reason(text: str, hide: Callable[[str], str]) -> str:
    """What it said itself, as much as a person reads; hidden before it is cut, so that no half shows."""
    found: JsonValue = _read(text) or text
    if isinstance(found, dict):
        said = [found[key] for key in ("message", "error", "msg") if isinstance(found.get(key), str)]
        found = said[0] if said else ""
    elif not isinstance(found, str):
        found = ""
    words = " ".join(hide(str(found)).split())
    return f"It said: {words[:_REASON]}" if words else "It did not say why."


def _dropped(found: Found) -> int:
    left = found.get("left_out")
    return left if isinstance(left, int) else 0


async def _until(stop: StopSignal) -> None:
    await stop.wait()
