"""One change of one request, as the store carries it out: all of it, or none of it with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from bot.assess.evidence import Band
from bot.authorize.approval import Vote
from bot.execute.journal import Entry
from bot.flow.notice import Notice
from bot.lifecycle import AFTERWARDS, TRANSITIONS, Event, State
from bot.terms import Micros, RequestId

Work = Literal["plan", "run"]
Timer = Literal["lease", "expire", "grant", "escalate", "review"]
Part = Literal[
    "requester",
    "assessment",
    "card_revision",
    "missing",
    "notes",
    "progress",
    "stop",
    "outcome",
    "cost",
    "escalated",
    "review",
    "stopped",
]
"""What of a record a chapter may write. State, revision, fence and times are the store's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Reserve `amount` on one account, unless what is held and settled there would pass `limit`."""

    key: str
    limit: Micros
    amount: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One of `most` runs of `skill` at once, over all workers; free when the run, or its lease, is over."""

    skill: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a step said, where that is more than its record keeps; for whoever sends it on, for some days."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a chapter of the flow wants to have happened.

    `op` names the attempt: the same name gets the first answer again, so a lost reply may be re-sent.
    `revision`, `fence` and `unexpired` are what must still be true; everything else is written together.
    Times are given as milliseconds from the store's own now, never from this machine's clock.
    """

    op: str
    request: RequestId
    event: Event
    kind: str = ""
    """The audit entry's kind when it says more than the event."""
    revision: int | None = None
    fence: int | None = None
    unexpired: bool = False
    take_lease_ms: int = 0
    """Raise the fence and hold the request for so long; declined while another lease runs."""
    drop_lease: bool = False
    set: dict[Part, object] = field(default_factory=dict)
    """Parts of the record by their name in `Request`; the store knows how to write each."""
    said: str = ""
    """What the person who caused it is told, now and when the same press arrives again."""
    vote: Vote | None = None
    entry: Entry | None = None
    also: tuple[str, ...] = ()
    """Further kinds this one write stands for in the audit, in order: a last vote is also a grant."""
    audit: dict[str, JsonValue] = field(default_factory=dict)
    show: bool = True
    tell: tuple[Notice, ...] = ()
    """Who is told of it besides the card; written with it, so that it is told although this process dies."""
    output: Output | None = None
    work: Work | None = None
    timers: dict[Timer, int] = field(default_factory=dict)
    clear: tuple[Timer, ...] = ()
    holds: tuple[Hold, ...] = ()
    settle: Micros | None = None
    """Replace this request's holds by what it really cost; 0 releases them."""
    lock: str | None = None
    unlock: bool = False
    slot: Slot | None = None
    """Declined while so many are under way, or while others wait for longer."""
    history: tuple[str, str] | None = None
    failed: bool = False
    """The line of `history` is that of a failure: it is kept apart as well, where no others push it out."""
    band: Band | None = None
    """The line of `history` is kept by its band as well, where those of other bands do not push it out."""
    lot: str | None = None
    """Used up by this: the account of `history` draws anew for what the lot is about."""

    def moves(self) -> dict[str, str]:
        """From which states this may happen, and where each leads: the one table, for this event."""
        return {
            state.value: events[self.event].value
            for state, events in (*TRANSITIONS.items(), *AFTERWARDS.items())
            if self.event in events
        }


@dataclass(frozen=True, slots=True)
class Committed:
    """It happened. `again` says that it had happened before under the same name."""

    state: State
    revision: int
    fence: int
    now: datetime
    again: bool = False


Reason = Literal["missing", "state", "revision", "fence", "expired", "leased", "locked", "full", "budget"]
"""`full` has as its detail the runs under way and who is before this one: `r-41 r-42|r-43`."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Nothing was written. `detail` names the state, the account or the holder that stood against it."""

    reason: Reason
    detail: str
