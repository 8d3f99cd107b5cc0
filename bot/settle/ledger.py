"""What a run really used, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.assess.prices import PriceCard
from bot.execute.journal import Entry
from bot.execute.steps.account import TOOL_CALLS
from bot.terms import Micros

COMPUTE_SECONDS = "compute_seconds"


def used(journal: Sequence[Entry]) -> dict[str, float]:
    """Units by name: each process that ended is a tool call and the seconds it took, undo included.

    A question that was answered is none. What a step says it used by itself, such as a model's tokens,
    comes on top.
    """
    ended = [entry for entry in journal if entry.event == "ended" and entry.posed is None]
    units = {COMPUTE_SECONDS: sum(entry.wall_ms for entry in ended) / 1000, TOOL_CALLS: float(len(ended))}
    for unit, amount in own_units(journal).items():
        units[unit] = units.get(unit, 0.0) + amount
    return units


def own_units(journal: Sequence[Entry]) -> dict[str, float]:
    """What these entries say of themselves, without the time and the call that each of them is."""
    units: dict[str, float] = {}
    for entry in journal:
        for unit, amount in entry.units.items():
            units[unit] = units.get(unit, 0.0) + amount
    return units


def unseen(journal: Sequence[Entry]) -> Micros:
    """What attempts may have cost whose end nobody saw: their worker died with what it knew."""
    begun: dict[tuple[str, str], Micros] = {}
    lost = 0
    for entry in journal:
        what = (entry.step, entry.phase)
        if entry.event in ("began", "ended"):
            before = begun.pop(what, 0)
            lost += before if entry.event == "began" else 0
        if entry.event == "began" and entry.most:
            begun[what] = entry.most
    return Micros(lost + sum(begun.values()))


def spent(journal: Sequence[Entry], prices: PriceCard) -> Micros | None:
    """What the run has cost so far, with what nobody saw; None when a part of it has no price."""
    priced = prices.cost(used(journal))
    return None if priced is None else Micros(priced + unseen(journal))


def cost(units: Mapping[str, float], prices: PriceCard, *, ceiling: Micros) -> Micros:
    """What the units cost; the whole ceiling when one of them has no price, since that is never zero."""
    priced = prices.cost({unit: amount for unit, amount in units.items() if amount})
    return ceiling if priced is None else priced
