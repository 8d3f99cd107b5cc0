"""What a run really used, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.assess.prices import PriceCard
from bot.execute.journal import Entry
from bot.terms import Micros

COMPUTE_SECONDS, TOOL_CALLS = "compute_seconds", "tool_calls"


def used(journal: Sequence[Entry]) -> dict[str, float]:
    """Units by name: each process that ended is a tool call and the seconds it took, undo included.

    A question that was answered is none.
    """
    ended = [entry for entry in journal if entry.event == "ended" and entry.posed is None]
    return {COMPUTE_SECONDS: sum(entry.wall_ms for entry in ended) / 1000, TOOL_CALLS: float(len(ended))}


def cost(units: Mapping[str, float], prices: PriceCard, *, ceiling: Micros) -> Micros:
    """What the units cost; the whole ceiling when one of them has no price, since that is never zero."""
    priced = prices.cost({unit: amount for unit, amount in units.items() if amount})
    return ceiling if priced is None else priced
