"""Holding a request while working on it, and hearing at once when it must be let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from bot.execute.sandbox import clock
from bot.flow.commit import Commit
from bot.flow.ports import Store, StoreAway
from bot.lifecycle import Event
from bot.terms import Refused, RequestId

LOOK_S = 0.25
"""How often a worker renews, tells progress and hears of a Stop: soon enough that a button feels like one."""
AGAIN_S = 0.1
GIVE_UP = 2 / 3
"""The share of a lease after which a worker that cannot renew ends what it runs."""
VOUCHED = 3 / 4
"""The share of a lease for which a command may run on a renewal; the rest is for ending its processes."""

Answer = TypeVar("Answer")


class LeaseLost(Refused):
    """Somebody else holds the request now. Whoever gets this stops at once and writes nothing more."""


@dataclass(slots=True)
class Hold:
    """The right to work on one request under one fence.

    `ended` is set when what runs must end: a person asked to stop, or the lease could not be renewed in time.
    `renewed` is when the renewal that was granted was asked for: the store's own lease ends later than ours.
    """

    request: RequestId
    fence: int
    lease_s: float
    renewed: float
    progress: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    stop_asked: bool = False
    lost: bool = False

    def say(self, line: str) -> None:
        """The newest line of the running step; the next renewal carries it to the card."""
        if line.strip():
            self.progress = line.strip()[:300]

    def until(self) -> float:
        """Until when a command may run without a further word, by `clock`."""
        return self.renewed + self.lease_s * VOUCHED

    def check(self) -> None:
        if self.lost:
            raise LeaseLost(f"The lease on {self.request} passed to another worker.")

    def lose(self) -> None:
        self.lost = True
        self.ended.set()

    def resume(self) -> None:
        """The stop was heard; what undoes the run must not be stopped by it."""
        self.stop_asked = True
        if not self.lost:
            self.ended.clear()

    async def insist(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Wait for a store that went away, as long as the lease lasts: what ran must not be forgotten.

        `ask` may be asked again although it was heard, so a commit keeps its `op`.
        """
        while True:
            self.check()
            try:
                return await ask()
            except StoreAway:
                await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def held(
    store: Store, request: RequestId, *, fence: int, lease_s: float, since: float
) -> AsyncIterator[Hold]:
    """Renew for as long as the body runs; `since` is the time by `clock` before the lease was asked for.

    A body that is cancelled hands the request back: a successor need not wait for the lease to run out.
    """
    hold = Hold(request=request, fence=fence, lease_s=lease_s, renewed=since)
    renewing = asyncio.create_task(_renew(store, hold))
    handing_back = False
    try:
        yield hold
    except asyncio.CancelledError:
        handing_back = True
        raise
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        if handing_back and not hold.lost:
            with suppress(StoreAway):  # then the lease runs out by itself
                await _hand_back(store, hold)


async def _renew(store: Store, hold: Hold) -> None:
    said, told_at = "", 0.0
    while not hold.lost:
        await asyncio.sleep(LOOK_S)
        asked = clock()
        give_up_at = hold.renewed + hold.lease_s * GIVE_UP
        progress = hold.progress if hold.progress != said and asked - told_at > 1.0 else ""
        try:
            # A silent store must not keep us past our lease; who was stopped for long may still ask once.
            async with asyncio.timeout(max(give_up_at - asked, LOOK_S)):
                answer = await store.renew(
                    hold.request, fence=hold.fence, lease_ms=int(hold.lease_s * 1000), progress=progress
                )
        except (StoreAway, TimeoutError):
            if clock() >= give_up_at:
                hold.lose()
            continue
        if answer == "lost":
            hold.lose()
            return
        hold.renewed = asked
        if progress:
            said, told_at = progress, asked
        if answer == "stop" and not hold.stop_asked:
            hold.stop_asked = True
            hold.ended.set()


async def _hand_back(store: Store, hold: Hold) -> None:
    await store.commit(
        Commit(
            op=f"hand_back:{hold.fence}",
            request=hold.request,
            event=Event.CLAIMED,
            kind="handed_back",
            fence=hold.fence,
            drop_lease=True,
            clear=("lease",),
            set={"progress": ""},
            audit={"principal": "assent", "reason": "The worker was told to end."},
        )
    )
