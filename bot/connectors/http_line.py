"""The line to a service that is asked by HTTP: its configured address alone, with its credential.

The credential is looked up right before and forgotten right after. It is in the request and nowhere else.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import aiohttp
from pydantic import JsonValue

from bot.assess.connected import FILE, Connected, Loki, Served
from bot.connectors.credentials import presented, trusting
from bot.connectors.lines import Opens, Secrets, finished
from bot.connectors.requests import exchanged
from bot.execute.connectors import BY_HTTP, Connector
from bot.execute.connectors.connector import Http, Outgoing, Unanswerable
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.redaction import Redactor
from bot.execute.sandbox.walls import Host, plain
from bot.execute.steps.connector import Calling, credential_said
from bot.execute.steps.http import Sending
from bot.flow.workshop import Carried

MOST_BYTES = 8 * 1024 * 1024
"""Of one answer, before what matters of it is taken out."""
_PORTS = {"http": 80, "https": 443}
_REASON = 400
GREETING_S = 5.0
_CANNOT_TELL = frozenset({408, 425, 429})


def over_http(connector: Connector[Http]) -> Opens:
    async def opened(calling: Calling, secrets: Secrets) -> Carried:
        settings = calling.settings
        assert isinstance(settings, Served)  # noqa: S101  the kind is the connector's
        headers, own = await presented(_of(calling.name), settings.credential, secrets)
        hidden = (*own, *calling.hidden)
        tls = await trusting(_of(calling.name), settings.ca)

        async def carried(stop: StopSignal) -> Finished:
            line = HttpLine(calling, settings, headers, tls, hide=Redactor(hidden).redact)
            doing = connector.call(calling.verb, calling.arguments, line)
            return await finished(calling, doing, line, stop=stop, hidden=hidden)

        return carried

    return opened


def _of(name: str) -> str:
    return f"of the connector {name} ({FILE})"


async def greeted(name: str, settings: Served, secrets: Secrets) -> str:
    """Ask what anybody who may ask at all is told; why it gave no answer, or nothing when it did.

    Raises Refused when its credential or its authority is not here.
    """
    calling = Calling(
        name=name,
        settings=settings,
        verb="",
        arguments={},
        key="",
        timeout_s=GREETING_S,
        output_limit=MOST_BYTES,
        expect={},
    )
    headers, hidden = await presented(_of(name), settings.credential, secrets)
    tls = await trusting(_of(name), settings.ca)
    hide = Redactor(hidden).redact
    try:
        line = HttpLine(calling, settings, headers, tls, hide=hide)
        await line.send(Outgoing(path=BY_HTTP[settings.kind].greeting))
    except Unanswerable as why:
        return hide(str(why))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return hide(f"no answer: {str(error) or type(error).__name__}")
    return ""


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
