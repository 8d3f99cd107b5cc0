"""Votes, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from pydantic import AwareDatetime, SerializerFunctionWrapHandler, model_serializer

from bot.assess.decision import RequireApproval, Requirement, Seat
from bot.authorize.delegation import Seats
from bot.terms import Digest, Group, Principal, Record

Answer = Literal["approve", "deny", "withdraw"]
Members = Mapping[Group, frozenset[Principal]]


class Vote(Record):
    """One answer of one person. Append-only: a withdrawal is another vote.

    `sits_for` are the members who were away and in whose seat it was given.
    """

    principal: Principal
    slack_user: str
    answer: Answer
    at: AwareDatetime
    digest: Digest
    stage: str
    reason: str = ""
    sits_for: tuple[Principal, ...] = ()

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A process of the version before this field can read every vote that is given without it."""
        said: dict[str, object] = plain(self)
        return said if self.sits_for else {key: value for key, value in said.items() if key != "sits_for"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes add up to. `stages` are open now; `missing` are the seats of those stages nobody fills.

    `granted` and `denied` are never both true: a denial wins. A requirement that asks nobody is never met.
    """

    granted: bool
    denied: bool
    stages: tuple[str, ...]
    missing: tuple[str, ...]
    later: tuple[str, ...]
    counted: frozenset[Principal]


def standing(votes: Iterable[Vote], digest: Digest) -> dict[Principal, Vote]:
    """Each person's last answer for exactly this digest; a withdrawn answer is none."""
    last = {vote.principal: vote for vote in votes if vote.digest == digest}
    return {principal: vote for principal, vote in last.items() if vote.answer != "withdraw"}


def approvals(votes: Iterable[Vote], digest: Digest) -> dict[Principal, frozenset[str]]:
    """The stages each person said yes to since they last said no or withdrew."""
    found: dict[Principal, frozenset[str]] = {}
    for vote in votes:
        if vote.digest != digest:
            continue
        if vote.answer == "approve":
            found[vote.principal] = found.get(vote.principal, frozenset()) | {vote.stage}
        else:
            found.pop(vote.principal, None)
    return found


def eligible(requirement: Requirement, members: Members, *, requester: Principal) -> frozenset[Principal]:
    """Everybody who may take one of its seats, for themselves or for somebody away, after exclusions."""
    sitting = seated(members, requester=requester, answered=requirement.barred)
    people = frozenset[Principal]().union(*(_fills(seat, sitting) for seat in requirement.seats))
    barred = {*requirement.barred, *([requester] if "requester" in requirement.exclude else ())}
    return people - barred


def may_veto(decision: RequireApproval, members: Members, *, requester: Principal) -> frozenset[Principal]:
    """Everybody whose no ends it alone; nobody has a veto for somebody who is away."""
    groups = (members.get(group, frozenset()) for group in decision.veto)
    people = frozenset[Principal]().union(
        *(one - one.sits_for.keys() if isinstance(one, Seats) else one for one in groups)
    )
    return people - {requester}


def seated(members: Members, *, requester: Principal, answered: Iterable[Principal] = ()) -> Members:
    """The groups as they sit at one request: who is there for somebody that has `answered` is not."""
    said = frozenset(answered)
    return {
        group: people.at(requester, answered=said) if isinstance(people, Seats) else people
        for group, people in members.items()
    }


def sits_for(
    decision: RequireApproval,
    members: Members,
    principal: Principal,
    *,
    stage: str,
    requester: Principal,
    answered: Iterable[Principal] = (),
) -> tuple[Principal, ...]:
    """In whose seats somebody answers in a stage; nobody's when one of its seats is their own."""
    sitting = seated(members, requester=requester, answered=answered)
    found: set[Principal] = set()
    for requirement in decision.requirements:
        for seat in requirement.seats if requirement.stage == stage else ():
            if principal not in _fills(seat, sitting):
                continue
            for people in (members.get(group) for group in seat.groups) if seat.person is None else (None,):
                if people is not None and principal not in people:
                    continue
                if not isinstance(people, Seats) or principal not in people.sits_for:
                    return ()
                found |= people.sits_for[principal]
    return tuple(sorted(found - {requester, *answered}))


def tally(
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
) -> Tally:
    """Count. One person fills one seat unless a requirement says people need not be distinct.

    `members` must hold every group the decision names, asked for afresh: a vote of somebody who has left the
    group since does not count.
    """
    answers, yes = standing(votes, digest), approvals(votes, digest)
    may_deny = frozenset[Principal]().union(
        *(eligible(r, members, requester=requester) for r in decision.requirements)
    )
    no = {person for person, vote in answers.items() if vote.answer == "deny"}
    vetoed = bool(no & may_veto(decision, members, requester=requester))

    # A no counts whoever sits there; two yeses on one seat are one, and nobody sits for who is left out.
    barred = (person for one in decision.requirements for person in one.barred)
    sitting = seated(members, requester=requester, answered={*answers, *barred})
    unfilled, counted = _best(decision.requirements, yes, sitting, requester)
    waiting = {requirement.stage for requirement, missing in unfilled if missing}
    open_now = _open(decision.requirements, waiting)
    missing = tuple(
        label for requirement, labels in unfilled if requirement.stage in open_now for label in labels
    )
    later = tuple(
        label for requirement, labels in unfilled if requirement.stage not in open_now for label in labels
    )
    denied = vetoed or len(no & may_deny) >= decision.denials
    asked = bool(decision.requirements) and all(r.all_of or r.any_of for r in decision.requirements)
    granted = not denied and asked and not missing and not later
    return Tally(
        granted=granted,
        denied=denied,
        stages=open_now,
        missing=missing,
        later=later,
        counted=frozenset(counted),
    )


def _open(requirements: Sequence[Requirement], waiting: set[str]) -> tuple[str, ...]:
    """The unfinished stages whose predecessor is finished."""
    after: dict[str, set[str]] = {}
    for requirement in requirements:
        after.setdefault(requirement.stage, set())
        if requirement.after:
            after[requirement.stage].add(requirement.after)
    return tuple(stage for stage, before in after.items() if stage in waiting and not before & waiting)


Unfilled = list[tuple[Requirement, tuple[str, ...]]]


def _best(
    requirements: Sequence[Requirement],
    yes: Mapping[Principal, frozenset[str]],
    members: Members,
    requester: Principal,
) -> tuple[Unfilled, set[Principal]]:
    """The seating that leaves the fewest seats empty, over every choice among the `any_of` seats."""
    choices = [requirement.any_of or (None,) for requirement in requirements]
    best: tuple[int, Unfilled, set[Principal]] | None = None
    for choice in product(*choices):
        slots: list[tuple[int, str, frozenset[Principal]]] = []
        for index, (requirement, one) in enumerate(zip(requirements, choice, strict=True)):
            may = eligible(requirement, members, requester=requester) & _answering(requirement, yes)
            for seat in (*requirement.all_of, *((one,) if one else ())):
                label = seat.model_copy(update={"count": 1}).label()
                slots += [(index, label, _fills(seat, members) & may)] * seat.count
        seated = _seat(slots, [requirement.distinct for requirement in requirements])
        empty: list[list[str]] = [[] for _ in requirements]
        for slot, (index, label, _) in enumerate(slots):
            if slot not in seated:
                empty[index].append(label)
        labels = [_labels(names, requirement) for names, requirement in zip(empty, requirements, strict=True)]
        found = (len(slots) - len(seated), list(zip(requirements, labels, strict=True)), set(seated.values()))
        if best is None or found[0] < best[0]:
            best = found
    assert best is not None  # noqa: S101  product() of nothing still yields one empty choice
    return best[1], best[2]


def _seat(
    slots: Sequence[tuple[int, str, frozenset[Principal]]], distinct: Sequence[bool]
) -> dict[int, Principal]:
    """A largest seating, by augmenting paths. Where people need not be distinct they are seated apart."""
    taken: dict[tuple[int, Principal], int] = {}

    def place(slot: int, tried: set[tuple[int, Principal]]) -> bool:
        index, _, who = slots[slot]
        for person in sorted(who):
            chair = (-1 if distinct[index] else index, person)
            if chair in tried:
                continue
            tried.add(chair)
            if chair not in taken or place(taken[chair], tried):
                taken[chair] = slot
                return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    return {slot: person for (_, person), slot in taken.items()}


def _answering(requirement: Requirement, yes: Mapping[Principal, frozenset[str]]) -> frozenset[Principal]:
    """Whose yes may count here: an answer given for an earlier stage says nothing about a later one."""
    later = requirement.after is not None
    return frozenset(person for person, stages in yes.items() if not later or requirement.stage in stages)


def _labels(names: Sequence[str], requirement: Requirement) -> tuple[str, ...]:
    """`2 × @sre`, `@release`; an open choice is written as one."""
    if not names:
        return ()
    if requirement.any_of and not requirement.all_of:
        return (" or ".join(seat.label() for seat in requirement.any_of),)
    counted = {name: names.count(name) for name in names}
    return tuple(name if count == 1 else f"{count} × {name}" for name, count in counted.items())


def _fills(seat: Seat, members: Members) -> frozenset[Principal]:
    people = frozenset[Principal]().union(*(members.get(group, frozenset()) for group in seat.groups))
    return people if seat.person is None else people | {seat.person}


def groups_of(decision: RequireApproval) -> frozenset[Group]:
    """Every group that must be asked for before votes can be counted."""
    seats = (seat for one in decision.requirements for seat in one.seats)
    return frozenset(group for seat in seats for group in seat.groups) | frozenset(decision.veto)
