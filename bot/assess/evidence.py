"""What earlier runs say about the next one: what they cost, and how often they were verified."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.assess.prices import PriceCard
from bot.terms import Micros

_Z = 1.959963985
"""The normal quantile of a two-sided 95 % interval."""

_NO_EVIDENCE = frozenset({"cancelled", "nothing_to_do"})
"""Endings that people chose: they say nothing about how the skill does."""


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Finished runs of one major version in one environment, and how many were verified to be done."""

    runs: int = 0
    verified: int = 0
    costs: tuple[Micros, ...] = ()

    @property
    def success_lb(self) -> float:
        """Wilson's lower bound of the success rate; 0 without runs, never 1."""
        if self.runs == 0:
            return 0.0
        n, rate = self.runs, self.verified / self.runs
        middle = rate + _Z**2 / (2 * n)
        spread = _Z * math.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2))
        return min(1.0, max(0.0, (middle - spread) / (1 + _Z**2 / n)))


def track_record(history: Iterable[Mapping[str, JsonValue]], prices: PriceCard) -> TrackRecord:
    """The record in lines of history: `units` used, `cost` settled then, `outcome`.

    Units are priced again by today's card, so that a new price is in the next estimate; where it does not
    price them all, what was settled then stands. A line that says neither is a run without a known cost.
    """
    runs = verified = 0
    costs: list[Micros] = []
    for line in history:
        if line.get("outcome") in _NO_EVIDENCE:
            continue
        runs += 1
        verified += line.get("outcome") == "done"
        if (cost := _cost(line, prices)) is not None:
            costs.append(cost)
    return TrackRecord(runs, verified, tuple(costs))


def _cost(line: Mapping[str, JsonValue], prices: PriceCard) -> Micros | None:
    units = line.get("units")
    if isinstance(units, dict):
        amounts = {name: value for name, value in units.items() if isinstance(value, int | float)}
        if len(amounts) == len(units) and (cost := prices.cost(amounts)) is not None:
            return cost
    settled = line.get("cost")
    return Micros(settled) if isinstance(settled, int) else None
