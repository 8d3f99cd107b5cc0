"""All cards, one updater: drawn from the newest record, as often as Slack allows, the important first."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bot.flow.ports import StoreAway
from bot.flow.request import CardRef, Request
from bot.lifecycle import ENDED, State
from bot.slack.cards import Card
from bot.slack.pace import Pace, Rank
from bot.slack.ports import Outbox, Records, Showing
from bot.slack.posting import NO_PLACE, Lost, Place, Posting
from bot.slack.precedence import Precedence
from bot.slack.web_api import FAILURES, failure
from bot.terms import RequestId

log = logging.getLogger(__name__)

READ_MS, HOLD_MS = 2000, 20_000
AT_ONCE, TRIES = 8, 6
PROGRESS_EVERY_S = 1.0
REMEMBERED = 2000


@dataclass(slots=True)
class Wanted:
    """A card that is out of date: the notices of it, when to draw it, and how often that failed."""

    entries: list[str] = field(default_factory=list)
    due: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What this process last drew of a card."""

    state: State
    content: str
    at: float
    card: CardRef


class Again(Exception):
    """Not now; `wait_s` says when. `failed` when Slack said so, and not our own pace."""

    def __init__(self, wait_s: float, *, failed: bool = False) -> None:
        super().__init__(wait_s)
        self.wait_s, self.failed = wait_s, failed


class Board:
    """Reads which cards are out of date and draws them; a notice is finished when its card is right.

    Notices of one card that arrive together are one drawing. What cannot be drawn now stays wanted, in this
    process and, when it dies, in the outbox for the next.
    """

    def __init__(
        self,
        *,
        records: Records,
        outbox: Outbox,
        showing: Showing,
        posting: Posting,
        render: Callable[[Request], Card],
        name: str,
        clock: Callable[[], float] = time.monotonic,
        a_minute: int = 50,
        precedence: Precedence | None = None,
    ) -> None:
        self._records, self._outbox, self._showing = records, outbox, showing
        self._posting, self._render, self._name, self._clock = posting, render, name, clock
        self._pace = Pace(clock, a_minute=a_minute)
        self._precedence = precedence or Precedence()
        self._wanted: dict[RequestId, Wanted] = {}
        self._drawing: dict[RequestId, asyncio.Task[None]] = {}
        self._drawn: dict[RequestId, Drawn] = {}
        self._quiet: dict[str, float] = {}
        self._wake = asyncio.Event()

    async def read(self) -> None:
        """Hear of cards that are out of date, until cancelled."""
        while True:
            try:
                entries = await self._outbox.outbox(self._name, block_ms=READ_MS)
            except StoreAway as away:
                log.warning("%s", away)
                await asyncio.sleep(1)
                continue
            for entry in entries:
                wanted = self._wanted.setdefault(entry.request, Wanted())
                if entry.id not in wanted.entries:
                    wanted.entries.append(entry.id)
            if entries:
                self._wake.set()

    async def draw(self) -> None:
        """Draw what is due, a few at once and no card twice at a time, until cancelled."""
        while True:
            self._wake.clear()
            now = self._clock()
            ready = [one for one, w in self._wanted.items() if w.due <= now and one not in self._drawing]
            for request in ready[: AT_ONCE - len(self._drawing)]:
                wanted = self._wanted.pop(request)
                task = asyncio.create_task(self._one(request, wanted))
                self._drawing[request] = task
                task.add_done_callback(partial(self._ended, request))
            due = [w.due - now for one, w in self._wanted.items() if one not in self._drawing]
            wait = max(0.005, min([*due, 1.0])) if len(self._drawing) < AT_ONCE else 1.0
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def close(self, within_s: float = 3.0) -> None:
        """See the drawings under way through; notices of the others are found by the next process."""
        if self._drawing:
            await asyncio.wait(tuple(self._drawing.values()), timeout=within_s)
        left = tuple(self._drawing.values())
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1.0)

    def _ended(self, request: RequestId, task: asyncio.Task[None]) -> None:
        self._drawing.pop(request, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("drawing the card of %s failed", request, exc_info=error)

    async def _one(self, request: RequestId, wanted: Wanted) -> None:
        try:
            await self._precedence.give_way()
            if not await self._showing.showing(request, holder=self._name, ms=HOLD_MS):
                raise Again(0.1)
            try:
                await self._show(request, wanted)
            finally:
                await self._showing.shown_free(request, self._name)
            await self._outbox.outbox_done(wanted.entries)
        except Again as again:
            self._later(request, wanted, again.wait_s, failed=again.failed)
        except StoreAway as away:
            log.warning("%s: %s", request, away)
            self._later(request, wanted, 1.0)

    def _later(self, request: RequestId, wanted: Wanted, wait_s: float, *, failed: bool = False) -> None:
        still = self._wanted.setdefault(request, Wanted())
        still.entries = [*wanted.entries, *(each for each in still.entries if each not in wanted.entries)]
        still.due = self._clock() + wait_s
        still.tries = wanted.tries + failed

    async def _show(self, request_id: RequestId, wanted: Wanted) -> None:
        request = await self._records.get(request_id)
        if request is None:
            return
        card = self._render(request)
        content = hashlib.sha256(json.dumps([card.text, card.blocks]).encode()).hexdigest()
        last = self._drawn.get(request_id)
        where = request.card or (last.card if last else None)
        if last and where and last.content == content:
            return
        place = Place.of(request, where)
        self._patience(request, place, last)
        try:
            where = await self._posting.put(request, card, where, again=wanted.tries > 0)
        except Lost as lost:
            await self._posting.lost(request, lost)
            return
        except FAILURES as raised:
            await self._failed(request, place, wanted, raised)
            return
        self._remember(request_id, Drawn(request.state, content, self._clock(), where))
        await self._showing.shown(request_id, channel=where.channel, ts=where.ts, revision=request.revision)

    def _patience(self, request: Request, place: Place, last: Drawn | None) -> None:
        """Raises Again when Slack asked for silence, or the pace of updates leaves no room for this one."""
        now = self._clock()
        if (left := self._quiet.get(place.bucket, 0.0) - now) > 0:
            raise Again(left)
        if place.ts is None:
            return
        rank = _rank(request, last)
        if rank is Rank.PROGRESS and last and (left := last.at + PROGRESS_EVERY_S - now) > 0:
            raise Again(left)
        if wait := self._pace.take(rank):
            raise Again(wait)

    async def _failed(self, request: Request, place: Place, wanted: Wanted, raised: Exception) -> None:
        why = failure(raised)
        if why.wait_s:
            self._quiet[place.bucket] = self._clock() + why.wait_s
            raise Again(why.wait_s) from raised
        if why.later:
            log.info("the card of %s must wait: %s", request.id, why.error)
            raise Again(min(30.0, 0.5 * 2**wanted.tries), failed=True) from raised
        if wanted.tries < TRIES and why.error not in NO_PLACE:
            log.warning("Slack refuses the card of %s: %s", request.id, why.error)
            raise Again(min(30.0, 2.0**wanted.tries), failed=True) from raised
        await self._posting.lost(request, Lost(why.error))

    def _remember(self, request: RequestId, drawn: Drawn) -> None:
        self._drawn.pop(request, None)
        self._drawn[request] = drawn
        if len(self._drawn) > REMEMBERED:
            del self._drawn[next(iter(self._drawn))]


def _rank(request: Request, last: Drawn | None) -> Rank:
    if request.state in ENDED:
        return Rank.FINAL
    if request.state in (State.WAITING, State.ASKING, State.INTERRUPTED):
        return Rank.ASKING
    return Rank.PROGRESS if last and last.state is request.state else Rank.MOVED
