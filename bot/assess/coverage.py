"""Whether what satisfies one demand always satisfies another: seat for seat, whatever the choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import inf, prod
from typing import NamedTuple

from bot.assess.decision import RequireApproval, Requirement, Seat

MOST_CHOICES = 4096
"""Pairs of choices among `any_of` that are looked at; two demands with more of them are not compared."""

Who = tuple[str, bool]
"""The name of a group or of a person, and which of the two."""

SHARED = -1
"""The pool of all requirements whose people are distinct; each other requirement has its own."""


@dataclass(frozen=True, slots=True)
class _Chair:
    """A seat for one person: who may take it, who may since when, and what it takes besides their yes."""

    requirement: Requirement
    people: frozenset[Who]
    later: Mapping[Who, int]
    before: frozenset[str]
    """The stages that must be finished first, near and far."""
    ordered: bool
    """It waits for a stage, or a stage waits for it."""
    reason: bool
    typed: bool

    def stands_for(self, other: _Chair) -> bool:
        """Whoever takes this chair could as well have taken the other."""
        mine, theirs = self.requirement, other.requirement
        return (
            set(theirs.exclude) <= set(mine.exclude)
            and set(theirs.barred) <= set(mine.barred)
            and self.people <= other.people
            and all(at >= other.since(who) for who, at in self.later.items())
            and (self.reason or not other.reason)
            and (self.typed or not other.typed)
            and (mine.after is not None or theirs.after is None)
            and (not other.ordered or (mine.stage == theirs.stage and other.before <= self.before))
        )

    def since(self, who: Who) -> float:
        """After how many seconds somebody may take it."""
        return 0 if who in self.people else self.later.get(who, inf)


Pools = dict[int, list[_Chair]]
"""Within a pool everybody has one chair; whoever sits in one may sit in another too."""


def covers(one: RequireApproval, other: RequireApproval) -> bool:
    """Whether whoever grants `one` grants `other`. Only their yes is looked at, not who may say no.

    False also where it is not known, because there are too many choices.
    """
    if not _can_be_met(one):
        return True
    if not _can_be_met(other):
        return False
    mine, theirs = _chairs(one), _chairs(other)
    if _choices(mine) * _choices(theirs) > MOST_CHOICES:
        # What both ask in the same words, and each time no less strictly, covers itself.
        alike = [
            at for at in mine if at in theirs and all(map(_Chair.stands_for, mine[at].all, theirs[at].all))
        ]
        mine, theirs = ({at: row for at, row in side.items() if at not in alike} for side in (mine, theirs))
    if _choices(mine) * _choices(theirs) > MOST_CHOICES:
        return False
    return all(any(_seats(have, asked) for asked in _pools(theirs)) for have in _pools(mine))


def _can_be_met(decision: RequireApproval) -> bool:
    return bool(decision.requirements) and all(one.seats for one in decision.requirements)


class _Row(NamedTuple):
    """The chairs of one requirement: those that must all be filled, and the choices for one more."""

    fixed: list[_Chair]
    choices: list[list[_Chair]]

    @property
    def all(self) -> list[_Chair]:
        return [*self.fixed, *chain.from_iterable(self.choices)]


_Rows = dict[tuple[Requirement, int], _Row]
"""By requirement, and which of several equal ones."""


def _chairs(decision: RequireApproval) -> _Rows:
    everything = decision.requirements
    before = stages_before(everything)
    waited_for = frozenset[str]().union(*before.values())
    added = _added(decision)
    found: _Rows = {}

    def chairs(one: Requirement, seat: Seat) -> list[_Chair]:
        chair = _Chair(
            requirement=one,
            people=_who(seat),
            later=added[one.stage],
            before=before[one.stage],
            ordered=bool(before[one.stage]) or one.stage in waited_for,
            reason=any(other.reason for other in everything if other.stage == one.stage),
            typed=any(other.typed for other in everything if other.stage == one.stage),
        )
        return [chair] * seat.count

    for number, one in enumerate(everything):
        fixed = [chair for seat in one.all_of for chair in chairs(one, seat)]
        found[one, everything[:number].count(one)] = _Row(fixed, [chairs(one, seat) for seat in one.any_of])
    return found


def _choices(rows: _Rows) -> int:
    return prod(len(row.choices) or 1 for row in rows.values())


def _pools(rows: _Rows) -> Iterator[Pools]:
    """Who sits where, for every choice there is."""
    for choice in product(*(row.choices or [[]] for row in rows.values())):
        found: Pools = {SHARED: []}
        for number, ((one, _), row, chosen) in enumerate(zip(rows, rows.values(), choice, strict=True)):
            found.setdefault(SHARED if one.distinct else number, []).extend([*row.fixed, *chosen])
        yield found


def stages_before(requirements: Sequence[Requirement]) -> dict[str, frozenset[str]]:
    """For each stage that is asked for, every stage that is finished before it opens."""
    after: dict[str, set[str]] = {one.stage: set() for one in requirements}
    for one in requirements:
        if one.after is not None:
            after[one.stage].add(one.after)
    found = {}
    for stage in after:
        seen: set[str] = set()
        look = [stage]
        while look:
            earlier = after.get(look.pop(), set()) - seen
            seen |= earlier
            look += earlier
        found[stage] = frozenset(seen)
    return found


def _added(decision: RequireApproval) -> dict[str, dict[Who, int]]:
    """By stage, whom its escalation adds, and after how many seconds first."""
    found: dict[str, dict[Who, int]] = {one.stage: {} for one in decision.requirements}
    for step in decision.escalation:
        for stage in found.keys() if step.stage is None else found.keys() & {step.stage}:
            for group in step.add:
                who = (str(group), True)
                found[stage][who] = min(step.after_s, found[stage].get(who, step.after_s))
    return found


def _who(seat: Seat) -> frozenset[Who]:
    groups = {(str(group), True) for group in seat.groups}
    return frozenset(groups | ({(str(seat.person), False)} if seat.person is not None else set()))


def _seats(have: Pools, asked: Pools) -> bool:
    """Each pool that is asked finds its chairs in one of ours, and distinct people theirs among such."""
    return all(
        any(_placed(chairs, mine) for mine in ([have[SHARED]] if pool == SHARED else have.values()))
        for pool, chairs in asked.items()
    )


def _placed(asked: Sequence[_Chair], have: Sequence[_Chair]) -> bool:
    """Whether each chair that is asked has one of ours for itself, by augmenting paths."""
    taken: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        for at, chair in enumerate(have):
            if at in tried or not chair.stands_for(asked[number]):
                continue
            tried.add(at)
            if at not in taken or place(taken[at], tried):
                taken[at] = number
                return True
        return False

    return len(asked) <= len(have) and all(place(number, set()) for number in range(len(asked)))
