"""What a yes takes besides the press: a reason, or typing what it is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.assess.assessment import Assessment, confirmation
from bot.assess.decision import RequireApproval, Requirement
from bot.authorize.approval import approvals, tally
from bot.authorize.seating import Members, eligible
from bot.flow.request import Request
from bot.terms import Principal


@dataclass(frozen=True, slots=True)
class Confirming:
    """`typed` is the text that must be typed, empty when a press is enough."""

    reason: bool = False
    typed: str = ""

    def __bool__(self) -> bool:
        return self.reason or bool(self.typed)


def confirming(request: Request) -> Confirming:
    """What may be asked of whoever says yes now, as far as the record alone can say.

    Rather too much than too little: a bare button where something is asked for could never be used.
    """
    judged, decision = request.assessment, request.asked
    if judged is None or decision is None:
        return Confirming()
    return _asked_by(_perhaps_open(decision, request, judged), judged)


def confirming_of(request: Request, principal: Principal, members: Members) -> Confirming:
    """What is asked of this person, for the stages open to them; of anybody else, what is asked of all."""
    judged, decision = request.assessment, request.asked
    if judged is None or decision is None:
        return Confirming()
    requester = judged.requester
    now = tally(decision, request.votes, digest=judged.digest, members=members, requester=requester)
    mine = {
        one.stage
        for one in decision.requirements
        if one.stage in now.stages and principal in eligible(one, members, requester=requester)
    }
    if not mine:
        return confirming(request)
    return _asked_by([one for one in decision.requirements if one.stage in mine], judged)


def _asked_by(requirements: Collection[Requirement], judged: Assessment) -> Confirming:
    typed = any(one.typed for one in requirements)
    return Confirming(any(one.reason for one in requirements), confirmation(judged) if typed else "")


def _perhaps_open(decision: RequireApproval, request: Request, judged: Assessment) -> list[Requirement]:
    """All but those after a stage with more seats than people have answered, which cannot be open."""
    answered = len(approvals(request.votes, judged.digest))
    closed: set[str | None] = {one.stage for one in decision.requirements if _least(one) > answered}
    shut: set[str] = set()
    for _ in decision.requirements:  # a stage may wait for one that waits itself
        shut |= {one.stage for one in decision.requirements if one.after in closed | shut}
    return [one for one in decision.requirements if one.stage not in shut]


def _least(requirement: Requirement) -> int:
    """How many people must have answered at least before its seats can be filled."""
    if not requirement.distinct:
        return 1
    one_of = min((seat.count for seat in requirement.any_of), default=0)
    return sum(seat.count for seat in requirement.all_of) + one_of
