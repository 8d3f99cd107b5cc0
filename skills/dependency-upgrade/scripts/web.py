"""JSON over HTTP, asked carefully: a password goes only to the host it is for, and no answer is endless."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from telling import Stopped

PATIENCE_SECONDS = 30.0
TRIES = 2
MOST_BYTES = 64 * 1024 * 1024
"""The largest package documents of the npm registry are near 30 MB."""


class Unreachable(Stopped):
    """Nobody knows what the other side would have said."""


class Absent(Stopped):
    """The other side answered that there is no such thing (404)."""


class Declined(Stopped):
    """The other side understood and said no; `status` is its number."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _NoLeak(urllib.request.HTTPRedirectHandler):
    """urllib would carry Authorization along to another host, and forget what kind of request it was."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https") or req.get_method() != "GET":
            return None
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(req.full_url) != _origin(newurl):
            following.remove_header("Authorization")
        return following


_OPENER = urllib.request.build_opener(_NoLeak)


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def ask(url: str, *, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON answer, None when it is empty. Raises Absent, Declined or Unreachable."""
    answer = fetch(url, method=method, body=body, headers=headers)
    try:
        return json.loads(answer) if answer.strip() else None
    except ValueError:
        raise Unreachable(f"{without_password(url)} did not answer with JSON.") from None


def fetch(
    url: str, *, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None
) -> bytes:
    shown = without_password(url)
    request = _request(url, method, body, headers or {})
    for attempt in range(1, TRIES + 1):
        try:
            with _OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
                data: bytes = answer.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise Unreachable(f"{shown} answers with more than {MOST_BYTES >> 20} MB.")
            return data
        except urllib.error.HTTPError as refused:
            with refused:
                said = refused.read(4096)
            if refused.code == 404:
                raise Absent(f"{shown} is not there (404).") from None
            if refused.code < 500 and refused.code != 429:
                raise Declined(refused.code, f"{shown} says no ({refused.code}): {_said(said)}") from None
            why = str(refused.code)
        except (OSError, http.client.HTTPException, ValueError) as broken:
            why = str(broken)
        if attempt == TRIES or method != "GET":
            break
    raise Unreachable(f"{shown} does not answer: {why}.")


def _request(url: str, method: str, body: Any, headers: Mapping[str, str]) -> urllib.request.Request:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable(f"{without_password(url)} is no address of the web: it begins with https://.")
    sent = {"Accept": "application/json", "User-Agent": "assent-dependency-upgrade", **headers}
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        sent["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if body is not None:
        sent["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.Request(without_password(url), method=method, data=data, headers=sent)


def _said(answer: bytes) -> str:
    """What the other side said, when it said it in one of the usual forms."""
    try:
        content = json.loads(answer)
    except ValueError:
        return "no reason given"
    said = content.get("message") if isinstance(content, dict) else None
    return said[:300] if isinstance(said, str) else "no reason given"
