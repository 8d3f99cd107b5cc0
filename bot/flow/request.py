"""The record of a request, from asking to closing, as every edge reads it."""

from __future__ import annotations

from pydantic import AwareDatetime

from bot.ask.invocation import Invocation
from bot.assess.assessment import Assessment
from bot.assess.decision import RequireApproval
from bot.authorize.approval import Vote
from bot.authorize.escalation import escalated
from bot.execute.journal import Entry, Posed
from bot.execute.steps.ask import open_question
from bot.lifecycle import State
from bot.settle.outcome import Outcome
from bot.terms import Group, Micros, Principal, Record, RequestId


class Place(Record):
    """Where the person asked, and where the card lives."""

    team: str
    channel: str
    thread_ts: str | None = None
    response_url: str | None = None


class CardRef(Record):
    """The posted card. `shown` is the record revision it was last drawn from."""

    channel: str
    ts: str
    shown: int = 0


class Review(Record):
    """Broken glass is looked at afterwards, by somebody who neither asked for it nor said yes."""

    by: tuple[Group, ...]
    due: AwareDatetime
    closed_by: Principal | None = None
    closed_at: AwareDatetime | None = None
    finding: str = ""


class Request(Record):
    """One request as stored. `revision` grows with every commit, `card_revision` with every assessment."""

    id: RequestId
    state: State
    revision: int
    card_revision: int = 0
    fence: int = 0
    lease_until: AwareDatetime | None = None
    asked_at: AwareDatetime
    updated_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    waits_since: AwareDatetime | None = None
    """When it last began to wait for answers."""
    asked_by: str
    """Slack user id; `requester` is known once the directory was asked."""
    requester: Principal | None = None
    place: Place
    invocation: Invocation
    redact: tuple[str, ...] = ()
    """The inputs whose values the audit does not have, as its skill said when it was asked for."""
    assessment: Assessment | None = None
    votes: tuple[Vote, ...] = ()
    journal: tuple[Entry, ...] = ()
    outcome: Outcome | None = None
    cost: Micros | None = None
    notes: tuple[str, ...] = ()
    """What a reader of the card must know now: why it was voided, what is asked of a person."""
    escalated: int = 0
    """How many steps of its decision's escalation have been taken."""
    review: Review | None = None
    stopped: str = ""
    """Why nothing is counted now, while the policies do not load."""
    missing: tuple[str, ...] = ()
    """Who is still needed, as labels, when the last vote was counted."""
    unsent: tuple[str, ...] = ()
    """Why the whole output of a step is not in the thread, where it should be."""
    progress: str = ""
    """The running step's last line."""
    card: CardRef | None = None

    @property
    def asked(self) -> RequireApproval | None:
        """Who is asked now, with whom the escalation has added; None when nobody must say yes."""
        decision = self.assessment.decision if self.assessment is not None else None
        return escalated(decision, self.escalated) if isinstance(decision, RequireApproval) else None

    @property
    def question(self) -> tuple[int, Posed] | None:
        """What people are asked now, and its place in the journal, by which its buttons are known."""
        return open_question(self.journal) if self.state is State.ASKING else None
