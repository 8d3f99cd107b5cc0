"""Whom a skill asks itself: its floor, below which no policy goes, and whoever answers its questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.ask.manifest import Approval, AskStep, Step
from bot.ask.manifest.questions import REQUESTER, Person
from bot.assess.decision import Allow, Because, Decision, Deny, RequireApproval, Requirement, Seat
from bot.terms import Group


def floored(decision: Decision, floor: Approval | None, *, skill: str, known: Collection[str]) -> Decision:
    """The decision, asking no fewer people than the skill's own floor, and its groups.

    What is missing is asked beside what the policies ask. Where it names a group that is not `known`, or
    nobody says who the people could be, it is denied: a floor that cannot be kept is not left out.
    """
    if floor is None or isinstance(decision, Deny):
        return decision
    rule = f"skills/{skill}"
    if unknown := [group for group in floor.groups if group not in known]:
        return Deny(
            because=(Because(rule=rule, why=f"It asks for @{unknown[0]}, whom people.yaml does not know."),)
        )
    asked = decision.requirements if isinstance(decision, RequireApproval) else ()
    seats = _missing(floor, asked)
    if not seats:
        return decision
    if any(seat is None for seat in seats):
        why = f"It asks for {_people(floor)}, and neither it nor a policy says of which group."
        return Deny(because=(Because(rule=rule, why=why),))
    added = Requirement(rule=rule, stage="floor", all_of=tuple(seat for seat in seats if seat is not None))
    because = (*decision.because, Because(rule=rule, why=f"It asks for {_people(floor)} itself."))
    if isinstance(decision, Allow):
        grant = decision.grant_expires_after_s
        return RequireApproval(because=because, requirements=(added,), grant_expires_after_s=grant)
    return decision.model_copy(update={"because": because, "requirements": (*asked, added)})


def answerable(decision: Decision, steps: Iterable[Step], *, skill: str, known: Collection[str]) -> Decision:
    """The decision; denied where a step asks a group that is not `known`: nobody could ever answer."""
    if isinstance(decision, Deny):
        return decision
    for step in steps:
        for whom in step.ask.who if isinstance(step, AskStep) else ():
            if not isinstance(whom, Person) and whom not in (REQUESTER, *known):
                why = f"Its step {step.id} asks @{whom}, whom people.yaml does not know."
                return Deny(because=(Because(rule=f"skills/{skill}", why=why),))
    return decision


def _missing(floor: Approval, asked: Collection[Requirement]) -> tuple[Seat | None, ...]:
    """The seats that are asked for beside those there are; None for people whose group nobody names."""
    counted = [one for one in asked if one.distinct and "requester" in one.exclude]
    people = sum(sum(seat.count for seat in one.all_of) + bool(one.any_of) for one in counted)
    sure = {seat.group for one in counted for seat in one.all_of if seat.group is not None}
    groups = {group: 1 for group in floor.groups if group not in sure}
    more = floor.people - people - len(groups)
    if more > 0:
        whom = next(iter(floor.groups), None) or _first(asked)
        if whom is None:
            return (None,)
        groups[whom] = groups.get(whom, 0) + more
    return tuple(Seat(group=group, count=count) for group, count in groups.items())


def _first(asked: Collection[Requirement]) -> Group | None:
    """A group that a policy asks already."""
    return next((seat.group for one in asked for seat in one.seats if seat.group is not None), None)


def _people(floor: Approval) -> str:
    many = "one person" if floor.people == 1 else f"{floor.people} people"
    return many + "".join(f", one of @{group}" for group in floor.groups)
