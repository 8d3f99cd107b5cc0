"""The whole output of steps, kept until it is in Slack or nobody will send it any more."""

from __future__ import annotations

from bot.store.attempt import attempt
from bot.store.records import UNSENT
from bot.store.store import Store
from bot.terms import RequestId


class Outputs:
    def __init__(self, store: Store) -> None:
        self.store = store

    async def output(self, request: RequestId, name: str) -> str | None:
        """None when it was sent already, or is too old."""
        key = self.store.keys.output(request, name)
        found: str | None = await attempt(lambda: self.store.redis.get(key))
        return found

    async def sent(self, request: RequestId, name: str) -> None:
        key = self.store.keys.output(request, name)
        await attempt(lambda: self.store.redis.delete(key))

    async def unsent(self, request: RequestId, name: str, why: str) -> None:
        """Words for the card that change nothing else: the run is what it is."""
        keys = self.store.keys

        async def all_of_it() -> None:
            async with self.store.redis.pipeline(transaction=True) as pipe:
                pipe.hset(keys.requests + request, f"{UNSENT}{name}", why)
                pipe.hincrby(keys.requests + request, "revision", 1)
                pipe.xadd(keys.outbox, {"request": request})
                pipe.delete(keys.output(request, name))
                await pipe.execute()

        await attempt(all_of_it)
