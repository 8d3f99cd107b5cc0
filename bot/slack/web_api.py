"""Slack's Web API: one client for the process, and what its failures mean for whoever waits."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_S = 10
FAILURES = (SlackApiError, aiohttp.ClientError, TimeoutError)
"""Everything a call can end with that is not an answer."""

_LATER = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)


def session() -> aiohttp.ClientSession:
    """One for all calls: a client without a session opens a connection for each (548 → 964 requests/s)."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))


def client(*, token: str, url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Never retries by itself: a message posted twice is worse than one posted late."""
    return AsyncWebClient(token=token, base_url=url, session=session, timeout=TIMEOUT_S, retry_handlers=[])


@dataclass(frozen=True, slots=True)
class Failure:
    """`error` is Slack's word for it. `later`: the same call may work after `wait_s`."""

    error: str
    later: bool
    wait_s: float = 0.0
    happened: bool | None = False
    """Whether the call may have had its effect all the same; None when nobody can know."""


def failure(raised: BaseException) -> Failure:
    if not isinstance(raised, SlackApiError):
        return Failure(type(raised).__name__, later=True, happened=None)
    response = raised.response
    status = getattr(response, "status_code", 200)
    said = getattr(response, "data", None)  # a server in trouble answers with something else than JSON
    error = str(said.get("error", "")) if isinstance(said, dict) else ""
    if status == 429 or error in ("ratelimited", "rate_limited"):
        return Failure("ratelimited", later=True, wait_s=_seconds(response))
    if status >= 500 or error in _LATER:
        return Failure(error or f"http_{status}", later=True, happened=None)
    return Failure(error or f"http_{status}", later=False)


def _seconds(response: object) -> float:
    headers = getattr(response, "headers", None) or {}
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    said = str(said[0] if isinstance(said, list) and said else said).strip()
    return min(300.0, max(1.0, float(said))) if said.isascii() and said.isdigit() else 30.0
