"""Who may take which seat of a request, and who sits where: every choice there is, and the best of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from bot.assess.decision import RequireApproval, Requirement, Seat
from bot.authorize.delegation import Seats
from bot.terms import Group, Principal

Members = Mapping[Group, frozenset[Principal]]
Yes = Mapping[Principal, frozenset[str]]
"""The stages that each person said yes to."""

Choice = tuple[int, ...]
"""Which of its `any_of` each requirement is filled with, in the order of the requirements."""


@dataclass(frozen=True, slots=True)
class Seating:
    """A largest seating under one choice: how many seats stay empty, which, and who sits."""

    choice: Choice
    empty: int
    unfilled: tuple[tuple[Requirement, tuple[str, ...]], ...]
    people: frozenset[Principal]


def eligible(requirement: Requirement, members: Members, *, requester: Principal) -> frozenset[Principal]:
    """Everybody who may take one of its seats, for themselves or for somebody away, after exclusions."""
    sitting = seated(members, requester=requester, answered=requirement.barred)
    people = frozenset[Principal]().union(*(_fills(seat, sitting) for seat in requirement.seats))
    barred = {*requirement.barred, *([requester] if "requester" in requirement.exclude else ())}
    return people - barred


def invited(requirement: Requirement, members: Members) -> frozenset[Principal]:
    """Everybody whom its seats are for by group or name, whatever stands against their answer."""
    return frozenset[Principal]().union(*(_fills(seat, members) for seat in requirement.seats))


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


def groups_of(decision: RequireApproval) -> frozenset[Group]:
    """Every group that must be asked for before votes can be counted."""
    seats = (seat for one in decision.requirements for seat in one.seats)
    return frozenset(group for seat in seats for group in seat.groups) | frozenset(decision.veto)


def seatings(
    requirements: Sequence[Requirement], yes: Yes, members: Members, requester: Principal
) -> Iterator[Seating]:
    """The largest seating of every choice among the `any_of` seats."""
    careful = frozenset(one.stage for one in requirements if one.reason or one.typed)
    for choice in product(*(range(max(1, len(one.any_of))) for one in requirements)):
        slots: list[tuple[int, str, frozenset[Principal]]] = []
        for index, (one, chosen) in enumerate(zip(requirements, choice, strict=True)):
            may = eligible(one, members, requester=requester) & _answering(one, yes, careful)
            for seat in (*one.all_of, *one.any_of[chosen : chosen + 1]):
                label = seat.model_copy(update={"count": 1}).label()
                slots += [(index, label, _fills(seat, members) & may)] * seat.count
        taken = _seat(slots, [one.distinct for one in requirements])
        empty: list[list[str]] = [[] for _ in requirements]
        for slot, (index, label, _) in enumerate(slots):
            if slot not in taken:
                empty[index].append(label)
        labels = ((one, _labels(names, one)) for names, one in zip(empty, requirements, strict=True))
        yield Seating(choice, len(slots) - len(taken), tuple(labels), frozenset(taken.values()))


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


def _answering(requirement: Requirement, yes: Yes, careful: frozenset[str]) -> frozenset[Principal]:
    """Whose yes may count here.

    An answer given for an earlier stage says nothing about a later one, and a bare press in one stage is
    not the reason or the typing that another takes.
    """
    own = requirement.after is not None or requirement.stage in careful
    return frozenset(person for person, stages in yes.items() if not own or requirement.stage in stages)


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
