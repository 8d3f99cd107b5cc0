"""A nearly full Redis takes nothing new."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from bot.store.memory import Memory
from bot.terms import Refused


async def test_without_a_limit_it_is_never_full(redis: Redis) -> None:
    memory = Memory(redis)
    await memory.look()
    memory.refuse_when_full()
    assert str(memory) == "ok: 0% of what Redis may use"


async def test_beyond_nine_tenths_nothing_new_begins(redis: Redis) -> None:
    used = int((await redis.info("memory"))["used_memory"])
    await redis.config_set("maxmemory", int(used * 1.05))
    try:
        memory = Memory(redis)
        await memory.look()
        with pytest.raises(Refused, match="nearly full"):
            memory.refuse_when_full()
    finally:
        await redis.config_set("maxmemory", 0)
