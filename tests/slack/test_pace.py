"""Cards are redrawn as often as Slack allows, the important first, and many notices are one drawing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot.flow.request import CardRef, Request
from bot.lifecycle import State
from bot.slack.board import Board
from bot.slack.cards import Card
from bot.slack.pace import Pace, Rank
from bot.terms import RequestId


def test_progress_waits_before_approvals_do_and_an_end_never_waits() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0], a_minute=50)
    sent = {Rank.PROGRESS: 0, Rank.MOVED: 0, Rank.ASKING: 0}
    for rank in sent:
        while pace.take(rank) == 0.0:
            sent[rank] += 1
    assert sent == {Rank.PROGRESS: 30, Rank.MOVED: 15, Rank.ASKING: 5}
    assert pace.take(Rank.FINAL) == 0.0
    assert pace.take(Rank.ASKING) > 0.0
    now[0] += 60.0
    assert pace.take(Rank.ASKING) == 0.0


@dataclass
class Notice:
    id: str
    request: RequestId


@dataclass
class Desk:
    """One record, notices about it, and what was drawn of it."""

    request: Request
    notices: list[Notice]
    done: list[str] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, request: RequestId) -> Request:
        return self.request

    async def recent(self, *, limit: int = 50, state: Sequence[str] = ()) -> list[Request]:
        return [self.request]

    async def outbox(self, consumer: str, *, block_ms: int) -> list[Notice]:
        if not self.notices:
            await asyncio.sleep(3600)
        found, self.notices = self.notices, []
        return found

    async def outbox_done(self, ids: Sequence[str]) -> None:
        self.done += ids
        if len(self.done) == 40:
            self.finished.set()

    async def showing(self, request: RequestId, *, holder: str, ms: int) -> bool:
        return True

    async def shown_free(self, request: RequestId, holder: str) -> None: ...

    async def shown(self, request: RequestId, *, channel: str, ts: str, revision: int) -> None: ...

    async def put(self, request: Request, card: Card, where: CardRef | None, *, again: bool) -> CardRef:
        self.drawn.append(request.revision)
        return CardRef(channel="C1", ts="1.1")


async def test_many_notices_of_one_card_are_one_drawing_of_its_newest_record(a_request: Any) -> None:
    desk = Desk(a_request(State.WAITING, revision=9), [Notice(str(i), RequestId("r-42")) for i in range(40)])
    board = Board(
        records=desk,
        outbox=desk,
        showing=desk,
        posting=desk,  # type: ignore[arg-type]
        render=lambda request: Card(str(request.revision), [], {}, True),
        name="web-1",
    )
    loops = [asyncio.create_task(board.read()), asyncio.create_task(board.draw())]
    async with asyncio.timeout(5):
        await desk.finished.wait()
    for loop in loops:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
    await board.close()
    assert desk.drawn == [9]
