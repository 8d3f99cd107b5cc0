"""Let time pass without waiting: everything that is kept becomes so much older."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from bot.store.keys import Keys

TIMES = ("asked_at", "updated_at", "expires_at", "lease_until", "waits_since")


async def pass_by(redis: Redis, keys: Keys, *, seconds: float) -> None:
    """Move every time of every request and every timer into the past."""
    reading: Any = redis
    ms = int(seconds * 1000)
    for request in await reading.hkeys(keys.states):
        for name in TIMES:
            if at := await reading.hget(keys.requests + request, name):
                await reading.hset(keys.requests + request, name, int(at) - ms)
    for timer, at in await reading.zrange(keys.due, 0, -1, withscores=True):
        await reading.zadd(keys.due, {timer: int(at) - ms})
