"""`http` steps: one request to a permitted host, with every value written for the place where it lands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import JsonValue

from bot.ask.manifest import HttpRequest
from bot.execute.sandbox.walls import Host
from bot.terms import Refused

Fill = Callable[[str], str]

_MARK = re.compile(r"\$\{[^{}$]*\}")
_SAY_NOTHING = frozenset({401, 403, 407, 408, 425, 429})
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_AT_THE_START = re.compile(r"\$\{env\.[A-Za-z_][A-Za-z0-9_]*\}(:[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A request ready to go. It may go to `hosts` and nowhere else, whatever a name or an answer says.

    `secrets` are the values that no output may show; `output_limit` is in bytes.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    hosts: tuple[Host, ...]
    timeout_s: float
    output_limit: int
    secrets: tuple[str, ...] = ()


def ready(
    request: HttpRequest,
    fill: Fill,
    *,
    key: str,
    hosts: tuple[Host, ...],
    timeout_s: float,
    output_limit: int,
    secrets: tuple[str, ...],
) -> Sending:
    """`key` is the step's own for every attempt: it is sent as Idempotency-Key, unless the skill sends one.

    Raises Refused for a value that does not fit where it stands.
    """
    headers = {name: _header(name, fill(value)) for name, value in request.headers.items()}
    given = {name.lower() for name in headers}
    body: bytes | None = None
    if isinstance(request.body, str):
        body = fill(request.body).encode()
    elif request.body is not None:
        body = json.dumps(_filled(request.body, fill), ensure_ascii=False).encode()
        if "content-type" not in given:
            headers["Content-Type"] = "application/json"
    if not request.reads_only and "idempotency-key" not in given:
        headers["Idempotency-Key"] = key
    return Sending(
        method=request.method,
        url=address(request.url, fill),
        headers=headers,
        body=body,
        hosts=hosts,
        timeout_s=timeout_s,
        output_limit=output_limit,
        secrets=secrets,
    )


def address(template: str, fill: Fill) -> str:
    """The URL, each value in it escaped, so that none can be more than the part of it where it stands.

    Only what the worker's environment gives may be a scheme and a host, and only at the beginning. Raises
    Refused for a value that would lead upwards: a server takes `..` away with the part before it.
    """
    start = _AT_THE_START.match(template)
    base = fill(start[0]).rstrip("/") if start else ""
    rest = template[start.end() :] if start else template
    filled = _MARK.sub(lambda mark: quote(fill(mark[0]), safe=""), rest)
    if _upwards(filled) and not _upwards(rest):
        raise Refused(f"A value would lead upwards in the address {template}, so nothing is sent.")
    return base + filled


def _upwards(address: str) -> bool:
    return any(part in (".", "..") for part in re.split("[/?#]", address))


def exit_code(request: HttpRequest, *, status: int, text: str) -> int:
    """As a program would say it: 0 for an answer that is expected, 1 for one that is not.

    2 where the answer says nothing about what was asked: the host is broken or busy, or does not know us. A
    probe that is answered so cannot tell, and must not say that nothing happened.
    """
    statuses = request.expect.status
    fits = status in statuses if statuses else 200 <= status < 300
    if fits and (request.expect.contains is None or request.expect.contains in text):
        return 0
    return 2 if status >= 500 or (status in _SAY_NOTHING and not fits) else 1


def _header(name: str, value: str) -> str:
    if not _HEADER.fullmatch(name):
        raise Refused(f"{name} is no name of a header.")
    if any(ord(one) < 32 or ord(one) == 127 for one in value):
        raise Refused(f"The header {name} has control characters, so it cannot be sent.")
    return value


def _filled(value: JsonValue, fill: Fill) -> JsonValue:
    match value:
        case str():
            return fill(value)
        case list():
            return [_filled(one, fill) for one in value]
        case dict():
            return {name: _filled(one, fill) for name, one in value.items()}
    return value
