"""All that Redis keeps, and what of it a refusal may change: one line of the audit."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any, cast

from redis.asyncio import Redis

from bot.store.keys import Keys

Snapshot = dict[str, object]


async def snapshot(redis: Redis, keys: Keys) -> Snapshot:
    """Every key with its whole content, but for the audit."""
    found: Snapshot = {}
    async for key in redis.scan_iter():
        if key != keys.audit:
            found[key] = await _content(redis, key)
    return found


async def audited(redis: Redis, keys: Keys) -> list[dict[str, Any]]:
    lines = await cast(Awaitable[list[str]], redis.lrange(keys.audit, 0, -1))
    return [json.loads(line) for line in lines]


async def _content(redis: Redis, key: str) -> object:
    reading: Any = redis
    match await redis.type(key):
        case "hash":
            return await reading.hgetall(key)
        case "list":
            return await reading.lrange(key, 0, -1)
        case "zset":
            return await reading.zrange(key, 0, -1, withscores=True)
        case "set":
            return await reading.smembers(key)
        case "stream":
            return await reading.xrange(key)
        case _:
            return await reading.get(key)
