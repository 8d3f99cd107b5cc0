"""One difference between two versions of a skill, and how to say two lists and two values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.ask.versions import Level


@dataclass(frozen=True, slots=True)
class Difference:
    """`part` is where in the skill; `what` says it in words."""

    part: str
    what: str
    level: Level


def both_ways(
    part: str, then: Iterable[str], now: Iterable[str], *, more: tuple[str, Level], less: tuple[str, Level]
) -> Iterator[Difference]:
    before, after = list(then), list(now)
    for one in after:
        if one not in before:
            yield Difference(part, f"{more[0]} {one}", more[1])
    for one in before:
        if one not in after:
            yield Difference(part, f"{less[0]} {one}", less[1])


def said(value: object) -> str:
    if value is None:
        return "not there"
    return str(value).lower() if isinstance(value, bool) else str(value)
