"""Which of two decisions asks for more, and what both of them ask."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bot.assess.coverage import covers
from bot.assess.decision import Allow, BrokenGlass, Decision, Deny, RequireApproval
from bot.assess.joining import joined


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


_RANK = {"allow": 0, "require": 1, "deny": 2}


def direction(then: Decision, now: Decision) -> Direction:
    """How `now` compares: whether what satisfies the one would always satisfy the other.

    More people who may say yes are looser, though each of them may also say no. Who is reminded or paged
    makes nothing stricter.
    """
    return Direction.of(stricter=not _asks_no_less(then, now), looser=not _asks_no_less(now, then))


def stricter_of(then: Decision, now: Decision) -> Decision:
    """A decision that asks no less than either: for a judgement that is made again before a run.

    Where each asks what the other does not, both are asked. What is as strict is told in the words of now.
    """
    if isinstance(now, Deny) or isinstance(then, Deny):
        return now if isinstance(now, Deny) else then
    how = direction(then, now)
    if how is Direction.BOTH and isinstance(then, RequireApproval) and isinstance(now, RequireApproval):
        return joined(then, now)
    return _no_longer(then, now) if how is Direction.LOOSER else _no_longer(now, then)


def _no_longer(one: Allow | RequireApproval, other: Allow | RequireApproval) -> Allow | RequireApproval:
    """A permission that is asked for may still outlast one that was given at once."""
    expires = min(one.grant_expires_after_s, other.grant_expires_after_s)
    return one.model_copy(update={"grant_expires_after_s": expires})


def _asks_no_less(one: Decision, other: Decision) -> bool:
    """Whatever lets a request pass under `one` would let it pass under `other`."""
    if _RANK[one.effect] != _RANK[other.effect]:
        return _RANK[one.effect] > _RANK[other.effect]
    if isinstance(one, Allow) and isinstance(other, Allow):
        return one.grant_expires_after_s <= other.grant_expires_after_s
    if not isinstance(one, RequireApproval) or not isinstance(other, RequireApproval):
        return True
    return (
        one.denials <= other.denials
        and set(one.veto) >= set(other.veto)
        and one.expires_after_s <= other.expires_after_s
        and one.grant_expires_after_s <= other.grant_expires_after_s
        and all(_looked_at(glass, one.broken_glass) for glass in other.broken_glass)
        and _slows_no_less(one, other)
        and covers(one, other)
    )


def _slows_no_less(one: RequireApproval, other: RequireApproval) -> bool:
    """Whether who approves one after another has to read as soon, in as long a time."""
    if other.burst is None:
        return True
    return one.burst is not None and one.burst <= other.burst and one.burst_within_s >= other.burst_within_s


def _looked_at(glass: BrokenGlass, mine: Iterable[BrokenGlass]) -> bool:
    """Whether we tell at least the same people, and those who look at it afterwards do so no later."""
    return any(
        set(glass.notify) <= set(one.notify)
        and set(glass.review_by) == set(one.review_by)
        and one.review_within_s <= glass.review_within_s
        for one in mine
    )
