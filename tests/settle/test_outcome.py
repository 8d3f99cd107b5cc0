"""Done is measured. What was not measured is not done."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from bot.ask.manifest import Check as Wanted
from bot.assess.prices import Price, PriceCard
from bot.execute.journal import Entry
from bot.settle.ledger import cost, used
from bot.settle.outcome import judge, met
from bot.terms import Micros

AT_LEAST = {"at_least": 2.0}
BETWEEN = {"at_least": 2.0, "at_most": 4.0}

TABLE: list[tuple[str, dict[str, object], JsonValue, bool | None]] = [
    ("enough", AT_LEAST, 2, True),
    ("more than enough", AT_LEAST, 2.5, True),
    ("not enough", AT_LEAST, 1.999, False),
    ("no data for a bound", AT_LEAST, None, None),
    ("a text is no number", AT_LEAST, "5", None),
    ("true is no number", AT_LEAST, True, None),
    ("a list is no number", AT_LEAST, [5], None),
    ("few enough", {"at_most": 4.0}, 4, True),
    ("too many", {"at_most": 4.0}, 5, False),
    ("no data is not few", {"at_most": 4.0}, None, None),
    ("between", BETWEEN, 3, True),
    ("below", BETWEEN, 1, False),
    ("above", BETWEEN, 5, False),
    ("not a number is not between", BETWEEN, float("nan"), False),
    ("the same text", {"equals": "v2"}, "v2", True),
    ("another text", {"equals": "v2"}, "v3", False),
    ("no data is not the same", {"equals": "v2"}, None, None),
    ("an empty text is a text", {"equals": ""}, "", True),
    ("no data is not an empty text", {"equals": ""}, None, None),
    ("true is true", {"equals": True}, True, True),
    ("one is not true", {"equals": True}, 1, False),
    ("false is false", {"equals": False}, False, True),
    ("zero is not false", {"equals": False}, 0, False),
    ("no data is not false", {"equals": False}, None, None),
    ("zero is zero", {"equals": 0}, 0, True),
    ("a text is not its number", {"equals": 3}, "3", False),
]


@pytest.mark.parametrize(("wanted", "seen", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_judge(wanted: dict[str, object], seen: JsonValue, expected: bool | None) -> None:
    check = Wanted.model_validate({"name": "it is so", "observed": "it", **wanted})
    [judged] = judge([check], {"it": seen, "something else": 99})
    assert judged.met is expected
    assert met([judged]) is expected


@pytest.mark.parametrize("seen", [None, {}, {"other": 5}], ids=["nothing", "empty", "something else"])
@pytest.mark.parametrize("wanted", [AT_LEAST, {"at_most": 9.0}, {"equals": False}, {"equals": 0}])
def test_missing_data_never_passes(wanted: dict[str, object], seen: dict[str, JsonValue] | None) -> None:
    check = Wanted.model_validate({"name": "it is so", "observed": "it", **wanted})
    assert [one.met for one in judge([check], seen)] == [None]


def test_all_lines_must_be_met_and_one_that_is_not_decides() -> None:
    lines = [
        Wanted.model_validate({"name": name, "observed": name, "at_least": 1.0}) for name in ("a", "b", "c")
    ]
    assert met(judge(lines, {"a": 1, "b": 1, "c": 1})) is True
    assert met(judge(lines, {"a": 1, "b": 1})) is None
    assert met(judge(lines, {"a": 1, "b": 0})) is False
    assert met([]) is None


def test_a_line_says_what_was_expected_and_what_was_seen() -> None:
    check = Wanted.model_validate({"name": "errors", "observed": "rate", **BETWEEN})
    [judged] = judge([check], {"rate": 7})
    assert (judged.name, judged.expected, judged.observed) == ("errors", "≥ 2 and ≤ 4", 7)


# What it cost

CARD = PriceCard(
    version="1", units={"compute_seconds": Price(usd="0.0001"), "tool_calls": Price(usd="0.001")}
)


def test_every_process_that_ended_is_paid_for_undo_included() -> None:
    rows = [
        ("began", "step", 0), ("ended", "step", 1500), ("began", "undo", 0), ("ended", "undo", 500),
        ("resolved", "step", 0), ("stop_asked", "step", 0), ("began", "step", 0),
    ]  # fmt: skip
    same = {"step": "a", "fence": 1, "at": 0}
    entries = [
        Entry.model_validate({**same, "event": event, "phase": phase, "wall_ms": ms})
        for event, phase, ms in rows
    ]
    assert used(entries) == {"compute_seconds": 2.0, "tool_calls": 2.0}
    assert cost(used(entries), CARD, ceiling=Micros(10**6)) == 2 * 100 + 2 * 1000


def test_what_has_no_price_costs_the_whole_ceiling() -> None:
    assert cost({"compute_seconds": 1.0, "moon_rocks": 0.1}, CARD, ceiling=Micros(777)) == 777


def test_nothing_used_costs_nothing_even_without_a_price() -> None:
    assert cost({"moon_rocks": 0.0}, CARD, ceiling=Micros(777)) == 0
