"""Holding a request while working on it, and hearing at once when it must be let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.flow.ports import Store, StoreAway
from bot.terms import Refused, RequestId

LOOK_S = 0.25
"""How often a worker renews, tells progress and hears of a Stop: soon enough that a button feels like one."""


class LeaseLost(Refused):
    """Somebody else holds the request now. Whoever gets this stops at once and writes nothing more."""


@dataclass(slots=True)
class Hold:
    """The right to work on one request under one fence.

    `ended` is set when what runs must end: a person asked to stop, or the lease could not be renewed in time.
    """

    request: RequestId
    fence: int
    lease_s: float
    progress: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    stop_asked: bool = False
    lost: bool = False

    def say(self, line: str) -> None:
        """The newest line of the running step; the next renewal carries it to the card."""
        if line.strip():
            self.progress = line.strip()[:300]

    def check(self) -> None:
        if self.lost:
            raise LeaseLost(f"The lease on {self.request} passed to another worker.")

    def resume(self) -> None:
        """The stop was heard; what undoes the run must not be stopped by it."""
        if not self.lost:
            self.ended.clear()


@asynccontextmanager
async def held(store: Store, request: RequestId, *, fence: int, lease_s: float) -> AsyncIterator[Hold]:
    """Renew for as long as the body runs."""
    hold = Hold(request=request, fence=fence, lease_s=lease_s)
    renewing = asyncio.create_task(_renew(store, hold))
    try:
        yield hold
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(store: Store, hold: Hold) -> None:
    """A lease that could not be renewed for two thirds of its length is given up: a successor may be near."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    said, told_at = "", 0.0
    while not hold.lost:
        await asyncio.sleep(LOOK_S)
        progress = hold.progress if hold.progress != said and loop.time() - told_at > 1.0 else ""
        try:
            answer = await store.renew(
                hold.request, fence=hold.fence, lease_ms=int(hold.lease_s * 1000), progress=progress
            )
        except StoreAway:
            if loop.time() - renewed > hold.lease_s * 2 / 3:
                hold.lost = True
                hold.ended.set()
            continue
        renewed = loop.time()
        if progress:
            said, told_at = progress, renewed
        if answer == "lost":
            hold.lost = True
            hold.ended.set()
        elif answer == "stop" and not hold.stop_asked:
            hold.stop_asked = True
            hold.ended.set()
