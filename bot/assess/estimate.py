"""What a run will probably cost, as an interval that says what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Protocol

from bot.ask.invocation import Invocation
from bot.assess.assessment import Estimate, Line
from bot.assess.prices import PriceCard
from bot.terms import Micros

CONFORMAL_FROM = 19
"""The least n for which the order statistic ceil((n+1)·0.95) exists."""
LOGNORMAL_FROM = 5

_T95 = (2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740)
"""Student's t, one-sided 95 %, for 4 to 17 degrees of freedom."""


def account_of(invocation: Invocation) -> str:
    """Where comparable runs are kept: one skill's major version in one environment."""
    return account(invocation.skill, major_of(invocation), invocation.environment)


def account(skill: str, major: int, environment: str) -> str:
    return f"{skill}@{major}:{environment}"


def major_of(invocation: Invocation) -> int:
    return int(invocation.version.partition(".")[0])


class Declared(Protocol):
    """A line of `cost.lines` in a manifest: units of one price in a usual and in a bad run."""

    @property
    def unit(self) -> str: ...
    @property
    def p50(self) -> float: ...
    @property
    def p95(self) -> float: ...


def estimate(
    declared: Sequence[Declared], *, prices: PriceCard, ceiling: Micros, history: Sequence[Micros]
) -> Estimate:
    """`history` is what earlier runs of the same major version cost in the same environment.

    Anything unpriced holds the whole ceiling: a cost that cannot be counted is never taken for zero. Nothing
    is above the ceiling, because there the run is stopped.
    """
    lines = tuple(
        Line(
            unit=one.unit,
            p50=one.p50,
            p95=one.p95,
            p50_cost=prices.price(one.unit, one.p50),
            p95_cost=prices.price(one.unit, one.p95),
        )
        for one in declared
    )
    unpriced = tuple(line.unit for line in lines if line.p95_cost is None)
    runs = len(history)
    if runs >= CONFORMAL_FROM:
        p50, p95, basis = _middle(history), _order_statistic(history), f"{runs} runs"
    elif runs >= LOGNORMAL_FROM:
        p50, p95, basis = _middle(history), _lognormal(history), f"{runs} runs"
    elif lines:
        p50, p95 = sum(line.p50_cost or 0 for line in lines), sum(line.p95_cost or 0 for line in lines)
        basis = "no history: as declared"
    else:
        p50, p95, basis = ceiling, ceiling, "no history, nothing declared: the ceiling"
    if unpriced:
        p95, basis = ceiling, f"{basis}; {', '.join(unpriced)} unpriced, so the ceiling"
    elif p95 > ceiling:
        basis = f"{basis}; the ceiling stops it"
    return Estimate(
        p50=Micros(min(p50, p95, ceiling)),
        p95=Micros(min(p95, ceiling)),
        ceiling=ceiling,
        basis=basis,
        runs=runs,
        lines=lines,
        unpriced=unpriced,
        prices=prices.label,
    )


def _middle(history: Sequence[Micros]) -> int:
    return math.ceil(median(history))


def _order_statistic(history: Sequence[Micros]) -> int:
    """Split-conformal: at least 95 % of exchangeable next runs cost no more."""
    rank = math.ceil((len(history) + 1) * 95 / 100)
    return sorted(history)[rank - 1]


def _lognormal(history: Sequence[Micros]) -> int:
    """One-sided 95 % prediction bound for the next run, when the logarithms are normal."""
    logs = [math.log(max(cost, 1)) for cost in history]
    n = len(logs)
    bound = fmean(logs) + _T95[n - LOGNORMAL_FROM] * stdev(logs) * math.sqrt(1 + 1 / n)
    return math.ceil(math.exp(min(bound, 60.0)))
