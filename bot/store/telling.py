"""How far a notice has been said, so that whoever takes it over says only what is left."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from bot.store.attempt import attempt
from bot.store.showing import FREE
from bot.store.store import Store

_HOLD = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
KEPT_S = 3 * 24 * 3600
"""Longer than any notice is tried."""


class Telling:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._hold = store.redis.register_script(_HOLD)
        self._free = store.redis.register_script(FREE)

    async def telling(self, notice: str, *, holder: str, ms: int) -> bool:
        """So that two processes never say one notice at once; whoever holds it may go on holding it."""
        key = self.store.keys.telling(notice)
        return bool(await attempt(lambda: self._hold(keys=[key], args=[holder, ms])))

    async def telling_free(self, notice: str, holder: str) -> None:
        await attempt(lambda: self._free(keys=[self.store.keys.telling(notice)], args=[holder]))

    async def heard(self, notice: str) -> frozenset[str]:
        """Whom it was said to already, and where."""
        key = self.store.keys.heard(notice)
        return frozenset(await attempt(lambda: cast(Awaitable[set[str]], self.store.redis.smembers(key))))

    async def hears(self, notice: str, who: str) -> None:
        key = self.store.keys.heard(notice)

        async def both() -> None:
            async with self.store.redis.pipeline(transaction=True) as pipe:
                pipe.sadd(key, who)
                pipe.expire(key, KEPT_S)
                await pipe.execute()

        await attempt(both)
