"""How an execution ended, decided by measurement."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from bot.terms import Record


class Check(Record):
    """One line of the definition of done: `met` is None when there was no data, which never passes."""

    name: str
    expected: str
    observed: JsonValue = None
    met: bool | None


class Outcome(Record):
    kind: Literal[
        "done", "not_done", "failed", "rolled_back", "unknown", "cancelled", "nothing_to_do",
        "refused", "denied", "expired", "voided",
    ]  # fmt: skip
    sentence: str
    """For people: what happened and what it means for them."""
    checks: tuple[Check, ...] = ()
    result: dict[str, JsonValue] | None = None
    """What the last step reported, when it reported something to read."""
