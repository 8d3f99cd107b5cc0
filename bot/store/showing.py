"""Which process is drawing a card, and what the card was last drawn from."""

from __future__ import annotations

from bot.flow.request import CardRef
from bot.store.attempt import attempt
from bot.store.store import Store, entry, script
from bot.terms import RequestId

FREE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
"""Gives back a hold, if it is still the holder's."""


class Showing:
    """So that two processes never redraw one card at once, and an older drawing never covers a newer one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._free = store.redis.register_script(FREE)
        self._shown = store.redis.register_script(script("shown"))

    async def showing(self, request: RequestId, *, holder: str, ms: int) -> bool:
        key = self.store.keys.showing(request)
        return bool(await attempt(lambda: self.store.redis.set(key, holder, nx=True, px=ms)))

    async def shown_free(self, request: RequestId, holder: str) -> None:
        await attempt(lambda: self._free(keys=[self.store.keys.showing(request)], args=[holder]))

    async def shown(self, request: RequestId, *, channel: str, ts: str, revision: int) -> None:
        """Where the card is. Not a transition: nothing about the request changed."""
        card = CardRef(channel=channel, ts=ts, shown=revision).model_dump_json()
        keys = [self.store.keys.requests + request, self.store.keys.audit]
        posted = entry("posted", request=request, principal="assent", channel=channel, message_ts=ts)
        await attempt(lambda: self._shown(keys=keys, args=[card, posted]))
