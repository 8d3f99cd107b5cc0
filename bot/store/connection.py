"""How we hold a line to Redis: nothing is sent twice behind our back, and no wait is without end."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

LONGEST_BLOCK_S = 5.0
"""The longest BLOCK a blocking reader may ask for; its socket waits longer than that."""


def connect(url: str, *, blocking: bool = False, connections: int = 32) -> Redis:
    """A client that answers in `str`; the caller closes it with `aclose()`.

    redis-py's own retries are off: 8.1.0 sends a command again after a lost reply, so that one INCR counted
    twice. Whoever may repeat does so with the same operation id. RESP 2 is pinned: every Redis and every
    managed one speaks it, and answers keep one shape whatever the library's next default is.

    `blocking` is for readers with BLOCK (up to `LONGEST_BLOCK_S`); anything else on that client would wait
    long for a dead server. A full pool waits five seconds for a connection, then raises ConnectionError.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        protocol=2,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        max_connections=connections,
        timeout=5.0,
        socket_connect_timeout=5.0,
        socket_timeout=LONGEST_BLOCK_S + 5.0 if blocking else 5.0,
        health_check_interval=0,
    )
    return Redis.from_pool(pool)


def shown(url: str) -> str:
    """`url` for people and logs: without the password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))
