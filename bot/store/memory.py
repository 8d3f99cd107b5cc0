"""How full Redis is: beyond nine tenths nothing new begins, so that what runs can finish and be written."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from bot.store.attempt import attempt
from bot.store.check import FULL
from bot.terms import Refused

LOOK_S = 5.0


class Memory:
    """The share of `maxmemory` in use, looked at every few seconds; 0 where there is no limit."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.used = 0.0

    def __str__(self) -> str:
        return f"{'full' if self.used > FULL else 'ok'}: {self.used:.0%} of what Redis may use"

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        info = await attempt(lambda: self._redis.info("memory"))
        limit = int(info.get("maxmemory") or 0)
        self.used = int(info.get("used_memory") or 0) / limit if limit else 0.0

    def refuse_when_full(self) -> None:
        if self.used > FULL:
            raise Refused(
                f"My store is nearly full ({self.used:.0%}), so nothing new begins; what runs may finish. "
                "Ask the platform team to give Redis more memory."
            )
