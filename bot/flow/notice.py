"""Words to people that a change of a request brings with it, besides its card."""

from __future__ import annotations

from typing import Literal

from bot.terms import Group, Principal, Record, RequestId

Kind = Literal["remind", "added", "page", "glass", "review", "reassessed", "output", "question"]


class Notice(Record):
    """Kept in the same write as what it tells of; whoever reads it looks up where the people are."""

    request: RequestId
    kind: Kind
    groups: tuple[Group, ...] = ()
    people: tuple[Principal, ...] = ()
    text: str
    output: str = ""
    """Which kept output goes with it, as a file."""
