"""Why it was decided so, what would change it, who could answer now, and why somebody may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.assess.assessment import Assessment
from bot.assess.decision import Decision, RequireApproval
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Policies
from bot.assess.remedies import Earning, Override, earnings, overrides, with_glass_broken
from bot.assess.trace import Trace, trace
from bot.authorize.approval import Vote, tally
from bot.authorize.click import ClickRefused
from bot.authorize.escalation import escalated
from bot.authorize.reach import HeldBack, Reach, held_back, reach_of, reaches, unknown
from bot.authorize.seating import Members
from bot.terms import Digest, Principal

NOTHING = Digest("sha256:" + "0" * 64)
"""The digest of what nobody can have voted for yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Reasons, for any edge to write in its own way.

    `gates` are those of the policies given, on the facts as they were judged. `if_broken` is what would be
    decided with the glass broken, where that takes away any of the denials. `missing` is who is still needed,
    and `unknown` the groups that nobody could be asked about, whose people may therefore be missing from
    `could_approve`; `held_back` is why none of those who are asked can fill a seat, when nobody
    can. `person` is for whom it was asked: the answer they could give, or what they are told.
    """

    decision: Decision
    gates: tuple[Trace, ...]
    earnings: tuple[Earning, ...]
    overrides: tuple[Override, ...]
    if_broken: Decision | None
    missing: tuple[str, ...] = ()
    could_approve: tuple[Reach, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    unknown: tuple[str, ...] = ()
    person: Reach | ClickRefused | None = None


def explain(
    judged: Assessment | Facts,
    policies: Policies,
    *,
    members: Members,
    now: datetime,
    votes: Sequence[Vote] = (),
    steps: int = 0,
    waits: bool = True,
    judged_at: datetime | None = None,
    person: Principal | None = None,
) -> Explanation:
    """`judged` is a record, or facts of a request that nobody made.

    `steps` is how many steps of its escalation were taken, `waits` whether anybody is asked at all. Groups
    that are not in `members` are unknown. Raises pydantic's ValidationError for facts of another vocabulary.
    """
    facts = judged if isinstance(judged, Facts) else Facts.of(judged.facts)
    decision = decide(policies, facts) if isinstance(judged, Facts) else judged.decision
    could_break = overrides(policies, facts)
    found = Explanation(
        decision=decision,
        gates=trace(policies, facts),
        earnings=earnings(policies, facts, judged_at=judged_at or now),
        overrides=could_break,
        if_broken=decide(policies, with_glass_broken(facts)) if could_break else None,
    )
    if not isinstance(decision, RequireApproval) or not waits:
        return found
    asked = escalated(decision, steps)
    requester = facts.actor.principal if isinstance(judged, Facts) else judged.requester
    digest = NOTHING if isinstance(judged, Facts) else judged.digest
    counted = tally(asked, votes, digest=digest, members=members, requester=Principal(requester))
    these: dict[str, Any] = {
        "digest": digest, "members": members, "requester": Principal(requester)
    }  # fmt: skip
    return replace(
        found,
        missing=(*counted.missing, *counted.later),
        could_approve=(could := reaches(asked, votes, **these)),
        held_back=() if could else held_back(asked, votes, **these),
        unknown=unknown(asked, members),
        person=reach_of(person, asked, votes, **these, facts=facts.named()) if person is not None else None,
    )
