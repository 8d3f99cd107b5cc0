"""Runs that ended, as their closings wrote them: the last of each risk band, and failures apart."""

from __future__ import annotations

import json
from typing import Any

from redis.asyncio import Redis

from bot.assess.evidence import BANDS, LOOKED_AT, Band, Ended, lot_of
from bot.store.attempt import attempt
from bot.store.keys import Keys


async def ended(redis: Redis, keys: Keys, account: str) -> Ended:
    """What there is to look at. Where fewer ended than are looked at, no band has been pushed out."""
    history, *failures = await _last(
        redis, keys.history(account), keys.failures(account), *(keys.failures(account, one) for one in BANDS)
    )
    full = len(history) >= LOOKED_AT
    within = await _last(redis, *(keys.history(account, one) for one in BANDS)) if full else []
    here = set(history)
    older = [line for lines in within for line in lines if line not in here]
    return Ended(
        history=tuple(json.loads(line) for line in (*older, *history)),
        failures=tuple(json.loads(line) for lines in failures for line in lines),
    )


async def used_up(redis: Redis, keys: Keys, account: str, target: str) -> dict[Band, str]:
    """By band, the last run of this account on this target that used up a lot."""
    names = [lot_of(one, target) for one in BANDS]
    found = await attempt(lambda: redis.hmget(keys.lots(account), names))
    return {band: run for band, run in zip(BANDS, found, strict=True) if run is not None}


async def _last(redis: Redis, *lists: str) -> list[list[str]]:
    async def ask() -> Any:
        async with redis.pipeline(transaction=False) as pipe:
            for one in lists:
                pipe.lrange(one, -LOOKED_AT, -1)
            return await pipe.execute()

    found: list[list[str]] = await attempt(ask)
    return found
