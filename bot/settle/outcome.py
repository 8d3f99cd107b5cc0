"""How an execution ended, decided by measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from bot.ask import manifest
from bot.execute.journal import Check
from bot.terms import Record

Kind = Literal[
    "done", "not_done", "failed", "rolled_back", "unknown", "cancelled", "nothing_to_do", "refused"
]  # fmt: skip


class Outcome(Record):
    kind: Kind
    sentence: str
    """For people: what happened and what it means for them."""
    checks: tuple[Check, ...] = ()
    result: dict[str, JsonValue] | None = None
    """What the last step reported, when it reported something to read."""


def judge(
    checks: Sequence[manifest.Check], observations: Mapping[str, JsonValue] | None
) -> tuple[Check, ...]:
    """Hold what was measured against the definition of done, line by line."""
    return tuple(_judge(check, (observations or {}).get(check.observed)) for check in checks)


def met(checks: Sequence[Check]) -> bool | None:
    """True only when every line is met; one that is not met decides, missing data leaves it open."""
    answers = {check.met for check in checks}
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _judge(check: manifest.Check, observed: JsonValue) -> Check:
    if check.equals is not None:
        answer = (
            None if observed is None else type(observed) is type(check.equals) and observed == check.equals
        )
        return Check(name=check.name, expected=f"= {check.equals}", observed=observed, met=answer)
    bounds = [f"≥ {check.at_least:g}"] if check.at_least is not None else []
    bounds += [f"≤ {check.at_most:g}"] if check.at_most is not None else []
    answer = None
    if isinstance(observed, int | float) and not isinstance(observed, bool):
        above = check.at_least is None or observed >= check.at_least
        answer = above and (check.at_most is None or observed <= check.at_most)
    return Check(name=check.name, expected=" and ".join(bounds), observed=observed, met=answer)
