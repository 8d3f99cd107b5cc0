"""Which of two decisions asks for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from bot.assess.decision import Decision, RequireApproval, Requirement, Seat
from bot.terms import Group, Principal


class Direction(StrEnum):
    """`both`: stricter in one way and looser in another, or not to be compared at all."""

    SAME = "same"
    STRICTER = "stricter"
    LOOSER = "looser"
    BOTH = "both"

    @classmethod
    def of(cls, *, stricter: bool, looser: bool) -> Direction:
        if stricter and looser:
            return cls.BOTH
        return cls.STRICTER if stricter else cls.LOOSER if looser else cls.SAME


Who = tuple[str, bool]
"""The name of a group or of a person, and which of the two."""

_RANK = {"allow": 0, "require": 1, "deny": 2}


def direction(then: Decision, now: Decision) -> Direction:
    """How `now` compares: whether what satisfies the one would always satisfy the other."""
    return Direction.of(stricter=not _asks_no_less(then, now), looser=not _asks_no_less(now, then))


def _asks_no_less(one: Decision, other: Decision) -> bool:
    """Whatever lets a request pass under `one` would let it pass under `other`."""
    if _RANK[one.effect] != _RANK[other.effect]:
        return _RANK[one.effect] > _RANK[other.effect]
    if not isinstance(one, RequireApproval) or not isinstance(other, RequireApproval):
        return True
    mine, theirs = _demands(one.requirements), _demands(other.requirements)
    return (
        one.denials <= other.denials
        and sum(map(_people, mine)) >= sum(map(_people, theirs))
        and all(_covered(asked, mine) for asked in theirs)
    )


def _demands(requirements: Sequence[Requirement]) -> list[Requirement]:
    """The same demand in the same words: seats of one stage are counted together, a choice stands alone."""
    seats: dict[tuple[object, ...], Counter[Who]] = {}
    kept: dict[tuple[object, ...], Requirement] = {}
    choices = []
    for one in requirements:
        key = (one.stage, one.after, one.distinct, one.exclude)
        if one.all_of:
            kept.setdefault(key, one)
            seats.setdefault(key, Counter()).update(_counted(one.all_of))
        if one.any_of:
            choices.append(one.model_copy(update={"all_of": ()}))
    whole = [
        one.model_copy(update={"all_of": tuple(_seat(who, n) for who, n in seats[key].items()), "any_of": ()})
        for key, one in kept.items()
    ]
    return [*whole, *choices]


def _covered(asked: Requirement, mine: Iterable[Requirement]) -> bool:
    """Whether everything asked is also asked by mine, of no more people and in no looser order."""
    strict = [
        one
        for one in mine
        if set(one.exclude) >= set(asked.exclude)
        and (one.distinct or not asked.distinct)
        and (asked.after is None or one.after is not None)
    ]
    there: Counter[Who] = Counter()
    for one in strict:
        # People who need not be distinct may be those of the other demand: only the larger number is sure.
        there = there + _counted(one.all_of) if one.distinct else there | _counted(one.all_of)
    return all(there[who] >= count for who, count in _counted(asked.all_of).items()) and (
        not asked.any_of or any(_chooses_no_wider(one, asked.any_of) for one in strict)
    )


def _chooses_no_wider(mine: Requirement, asked: Iterable[Seat]) -> bool:
    """Every way to answer mine answers the question that is asked."""
    wanted = {_who(seat): seat.count for seat in asked}
    if any(wanted.get(_who(seat), seat.count + 1) <= seat.count for seat in mine.all_of):
        return True
    return bool(mine.any_of) and all(
        wanted.get(_who(seat), seat.count + 1) <= seat.count for seat in mine.any_of
    )


def _people(one: Requirement) -> int:
    counts = [seat.count for seat in one.all_of]
    counts += [min(seat.count for seat in one.any_of)] if one.any_of else []
    return sum(counts) if one.distinct else max(counts, default=0)


def _counted(seats: Iterable[Seat]) -> Counter[Who]:
    counted: Counter[Who] = Counter()
    for seat in seats:
        counted[_who(seat)] += seat.count
    return counted


def _who(seat: Seat) -> Who:
    return (str(seat.group or seat.person), seat.group is not None)


def _seat(who: Who, count: int) -> Seat:
    name, group = who
    return Seat.model_construct(
        group=Group(name) if group else None, person=None if group else Principal(name), count=count
    )
