"""Who could say yes now, how far that would bring a request, and why somebody could not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from pydantic import JsonValue

from bot.assess.decision import RequireApproval
from bot.authorize.approval import Vote, approvals
from bot.authorize.asked import Asked
from bot.authorize.click import ClickRefused, RefusedBecause
from bot.authorize.objections import barred, excluded
from bot.authorize.seating import Members, eligible, invited, may_veto
from bot.terms import Digest, Principal


@dataclass(frozen=True, slots=True)
class Reach:
    """One person's yes: the stage it would count for, and what would still be missing after it.

    `sits_for` are the members who are away and in whose seat it would be given.
    """

    principal: Principal
    stage: str
    missing: tuple[str, ...]
    sits_for: tuple[Principal, ...] = ()

    @property
    def grants(self) -> bool:
        return not self.missing


def reaches(
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
) -> tuple[Reach, ...]:
    """Everybody whose yes would fill a seat now, as a click would be judged.

    Groups that are not in `members` have nobody here, so whoever does not know them must say so.
    """
    asked = Asked(decision, votes, digest, members, requester)
    before, found = asked.tally(), []
    people = (eligible(one, members, requester=requester) for one in decision.requirements)
    for person in sorted(frozenset[Principal]().union(*people)):
        stage = asked.stage_of_yes(person)
        if isinstance(stage, str) and before.nearer(asked.with_yes(person, stage)):
            found.append(_reach(asked, person, stage))
    return tuple(sorted(found, key=lambda one: (len(one.missing), one.principal)))


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Somebody of whom an answer is needed now, and what keeps theirs from filling a seat."""

    principal: Principal
    why: str


def held_back(
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
) -> tuple[HeldBack, ...]:
    """Everybody in the groups that are asked now whose yes would fill no seat, by name."""
    asked = Asked(decision, votes, digest, members, requester)
    said, now = approvals(votes, digest), asked.tally()
    found: dict[Principal, str] = {}
    for one in decision.requirements:
        people = invited(one, members) if one.stage in now.stages else frozenset()
        for person in sorted(people - found.keys()):
            stages = " and ".join(sorted(said.get(person, frozenset()) - {one.stage}))
            if person == requester and "requester" in one.exclude:
                found[person] = "asked for it"
            elif person in one.barred:
                found[person] = f"is left out by {one.rule}, for whose work or benefit it is"
            elif person in now.counted and stages:
                found[person] = f"said yes for {stages}, and one person fills one seat"
            elif person in now.counted:
                found[person] = "said yes already, and one person fills one seat"
    offered = {one.principal for one in reaches(decision, votes, **_these(asked))}
    return tuple(HeldBack(*each) for each in sorted(found.items()) if each[0] not in offered)


def _these(asked: Asked) -> _Situation:
    return {"digest": asked.digest, "members": asked.members, "requester": asked.requester}


class _Situation(TypedDict):
    digest: Digest
    members: Members
    requester: Principal


def reach_of(
    principal: Principal,
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
    facts: Mapping[str, JsonValue],
) -> Reach | ClickRefused:
    """What somebody's yes would do now, or what they would be told if they pressed Approve."""
    refused = excluded(decision, principal, requester=requester)
    refused = refused or barred(decision, members, principal, requester=requester, facts=facts)
    if refused is not None:
        return refused
    asked = Asked(decision, votes, digest, members, requester)
    match asked.stage_of_yes(principal):
        case str() as stage:
            return _reach(asked, principal, stage)
        case ClickRefused(reason=RefusedBecause.NOT_ELIGIBLE) as told:
            return _not_eligible(principal, asked, told)
        case told:
            return told


def _reach(asked: Asked, principal: Principal, stage: str) -> Reach:
    after = asked.with_yes(principal, stage)
    return Reach(principal, stage, (*after.missing, *after.later), asked.sits_for(principal, stage))


def _not_eligible(principal: Principal, asked: Asked, told: ClickRefused) -> ClickRefused:
    """What is known beyond the bare no: who cannot be told now, and who could be asked later."""
    decision = asked.decision
    if silent := unknown(decision, asked.members):
        groups = ", ".join(f"@{group}" for group in silent)
        words = f"Whether you may answer cannot be said now: nobody knows who is in {groups}. Try again."
        return ClickRefused(RefusedBecause.UNDETERMINED, words)
    words = str(told)
    if principal in may_veto(decision, asked.members, requester=asked.requester):
        words += " You may say no, and that ends it."
    for step in decision.escalation:
        if any(principal in asked.members.get(group, frozenset()) for group in step.add):
            return ClickRefused(
                RefusedBecause.NOT_ELIGIBLE,
                f"{words} After {_long(step.after_s)} without an answer you will be.",
            )
    return ClickRefused(RefusedBecause.NOT_ELIGIBLE, words)


def _long(seconds: int) -> str:
    """`90 minutes`, `4 hours`, `2 days`."""
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0:
            return f"{seconds // unit} {name}" + ("" if seconds == unit else "s")
    raise AssertionError("every number is one of seconds")


def unknown(decision: RequireApproval, members: Iterable[str]) -> tuple[str, ...]:
    """The groups whose people could answer, and nobody could say who they are."""
    known = set(members)
    groups = (group for one in decision.requirements for seat in one.seats for group in seat.groups)
    return tuple(dict.fromkeys(str(group) for group in groups if group not in known))
