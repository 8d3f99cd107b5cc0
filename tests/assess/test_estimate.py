"""What a run will probably cost: an interval that says what it rests on, and covers what it promises."""

from __future__ import annotations

import math
import random

import pytest

from bot.ask.manifest import CostLine
from bot.assess.assessment import Estimate
from bot.assess.estimate import estimate
from bot.assess.evidence import costs
from bot.assess.prices import NO_PRICES, Price, PriceCard
from bot.terms import Micros

CARD = PriceCard(version="1", units={"seconds": Price(usd="0.001"), "tokens": Price(usd="3", per=1_000_000)})
LINES = (CostLine(unit="seconds", p50=20, p95=45), CostLine(unit="tokens", p50=1000, p95=2000))
CEILING = Micros(500_000)


def judged(
    *history: int, lines: tuple[CostLine, ...] = LINES, card: PriceCard = CARD, ceiling: Micros = CEILING
) -> Estimate:
    return estimate(lines, prices=card, ceiling=ceiling, history=[Micros(cost) for cost in history])


def test_without_history_it_is_as_declared() -> None:
    said = judged()
    assert (said.p50, said.p95, said.ceiling) == (23_000, 51_000, 500_000)
    assert (said.basis, said.runs) == ("no history: as declared", 0)
    assert [(line.unit, line.p50_cost, line.p95_cost) for line in said.lines] == [
        ("seconds", 20_000, 45_000),
        ("tokens", 3_000, 6_000),
    ]


def test_a_few_runs_are_not_history_yet() -> None:
    assert judged(1, 1, 1, 1).basis == "no history: as declared"


def test_what_has_no_price_holds_the_whole_ceiling() -> None:
    for history in ((), (100,) * 30):
        said = judged(*history, card=PriceCard(version="1", units={"seconds": Price(usd="0.001")}))
        assert said.p95 == CEILING
        assert said.unpriced == ("tokens",)
        assert said.lines[1].p95_cost is None
        assert "tokens unpriced" in said.basis
    assert judged(card=NO_PRICES).p95 == CEILING


def test_a_price_of_nothing_is_a_price() -> None:
    free = PriceCard(version="1", units={"seconds": Price(usd="0"), "tokens": Price(usd="0")})
    assert (judged(card=free).p95, judged(card=free).unpriced) == (0, ())


def test_nothing_declared_and_no_history_is_the_ceiling() -> None:
    said = judged(lines=())
    assert (said.p50, said.p95) == (CEILING, CEILING)


def test_nineteen_runs_are_an_order_statistic() -> None:
    assert judged(*range(1, 20)).p95 == 19
    assert judged(*range(1, 101)).p95 == 96
    assert (judged(*range(1, 20)).p50, judged(*range(1, 20)).basis) == (10, "19 runs")


def test_five_runs_are_a_prediction_bound_above_all_of_them() -> None:
    said = judged(90, 100, 110, 100, 100)
    assert said.basis == "5 runs"
    assert 110 < said.p95 < 160
    assert said.p50 == 100


def test_runs_that_cost_the_same_are_expected_to_again() -> None:
    assert judged(*[1000] * 8).p95 in (1000, 1001)


def test_free_runs_are_not_a_crash() -> None:
    assert judged(*[0] * 6).p95 <= 2


def test_nothing_is_above_the_ceiling() -> None:
    said = judged(*[900_000] * 20)
    assert (said.p50, said.p95) == (CEILING, CEILING)
    assert "the ceiling stops it" in said.basis


@pytest.mark.parametrize(("runs", "least"), [(5, 0.92), (12, 0.92), (19, 0.92), (40, 0.92), (200, 0.93)])
def test_the_p95_covers_about_95_of_100_heavy_tailed_runs(runs: int, least: float) -> None:
    source = random.Random(runs)
    trials, covered = 1500, 0
    for _ in range(trials):
        costs = [math.ceil(source.lognormvariate(9, 0.8)) for _ in range(runs + 1)]
        covered += costs[-1] <= judged(*costs[:-1], ceiling=Micros(10**12)).p95
    assert least <= covered / trials <= 0.985


def test_prices_round_up_and_are_exact() -> None:
    assert Price(usd="0.0000001").of(1) == 1
    assert Price(usd="3", per=1_000_000).of(333_333) == 999_999
    assert Price(usd="0.1").of(3) == 300_000
    assert CARD.cost({"seconds": 2, "tokens": 0}) == 2000
    assert CARD.cost({"seconds": 2, "gpu": 1}) is None
    assert CARD.cost({"seconds": 2, "gpu": 0}) == 2000


def test_a_price_changed_under_the_same_version_shows() -> None:
    changed = CARD.model_copy(update={"units": {**CARD.units, "seconds": Price(usd="0.002")}})
    assert changed.label != CARD.label
    assert changed.label.startswith("1 (")


class TestWhatRunsCost:
    def test_a_changed_price_is_in_the_next_estimate(self) -> None:
        line = {"cost": 5, "units": {"seconds": 3}, "outcome": "done"}
        assert costs([line], CARD) == (3000,)

    def test_what_today_has_no_price_for_stands_as_it_was_settled(self) -> None:
        line = {"cost": 5, "units": {"gpu": 3}, "outcome": "done"}
        assert costs([line], CARD) == (5,)

    def test_lines_that_say_nothing_known_do_no_harm(self) -> None:
        assert costs([{}, {"units": {"seconds": "x"}}, {"cost": None}], CARD) == ()
