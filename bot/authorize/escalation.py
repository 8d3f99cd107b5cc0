"""What silence has led to so far: more people who may answer, and never fewer who must."""

from __future__ import annotations

from collections.abc import Sequence

from bot.assess.decision import Escalation, RequireApproval, Requirement, Seat
from bot.terms import Group


def escalated(decision: RequireApproval, steps: int) -> RequireApproval:
    """The decision after so many steps of its escalation: the added may take seats, counts stay."""
    taken = [one for one in decision.escalation[:steps] if one.add]
    if not taken:
        return decision
    requirements = tuple(_widened(one, taken) for one in decision.requirements)
    return decision.model_copy(update={"requirements": requirements})


def _widened(requirement: Requirement, taken: Sequence[Escalation]) -> Requirement:
    added = [group for one in taken if one.stage in (None, requirement.stage) for group in one.add]
    if not added:
        return requirement
    return requirement.model_copy(
        update={
            "all_of": tuple(_with(seat, added) for seat in requirement.all_of),
            "any_of": tuple(_with(seat, added) for seat in requirement.any_of),
        }
    )


def _with(seat: Seat, added: Sequence[Group]) -> Seat:
    """A named person's seat too: who is added answers when they do not."""
    also = tuple(dict.fromkeys((*seat.also, *(group for group in added if group != seat.group))))
    return seat.model_copy(update={"also": also})
