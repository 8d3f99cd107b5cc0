"""What a verified record earns: each threshold, one below and just at it, and what nothing earns."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assess.decision import Allow, RequireApproval
from bot.assess.gate import decide

from .writing import facts, gates, policies

EARNED = """\
look | !request.destructive | require: {all_of: [{group: owners, count: 2}]}
    earned: {runs: 40, success_lb: 0.9, probation: 3, failures_30d: 1, cool_down_days: 14, sample: 0.1}"""
FEWER = EARNED.replace("sample: 0.1", "sample: 0.1, instead: {all_of: [{group: owners}]}")
AT_ALL: dict[str, Any] = {
    "evidence__runs": 40,
    "evidence__verified": 40,
    "evidence__success_lb": 0.9,
    "evidence__digest_runs": 3,
    "evidence__failures_30d": 1,
    "evidence__days_since_failure": 14,
    "evidence__draw": 0.1,
}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a record at every threshold": ({}, "allow"),
    "one run less": ({"evidence__runs": 39}, "require"),
    "a bound just below": ({"evidence__success_lb": 0.8999}, "require"),
    "one run of these bytes less": ({"evidence__digest_runs": 2}, "require"),
    "one failure more than may be": ({"evidence__failures_30d": 2}, "require"),
    "a day less to cool down": ({"evidence__days_since_failure": 13}, "require"),
    "picked for review": ({"evidence__draw": 0.0999}, "require"),
    "a request without a draw": ({"evidence__draw": 0.0}, "require"),
    "the last that is not picked": ({"evidence__draw": 1.0}, "allow"),
    "no record at all": (
        {"evidence__runs": 0, "evidence__success_lb": 0.0, "evidence__digest_runs": 0},
        "require",
    ),
}


@pytest.mark.parametrize(("changed", "effect"), CASES.values(), ids=CASES.keys())
def test_a_record(changed: dict[str, Any], effect: str) -> None:
    decision = decide(policies(p=gates(EARNED)), facts(**{**AT_ALL, **changed}))
    assert decision.effect == effect
    rule = "p/look+earned" if effect == "allow" else "p/look"
    assert [because.rule for because in decision.because] == [rule]


def test_a_record_nobody_could_read_earns_nothing() -> None:
    assert decide(policies(p=gates(EARNED)), facts()).effect == "require"


@pytest.mark.parametrize("lines", [(EARNED,), (FEWER,)], ids=["nobody", "fewer"])
def test_what_destroys_earns_nothing_whatever_the_record(lines: tuple[str, ...]) -> None:
    """The gate does not even match: another must be about what destroys, or it is denied."""
    decision = decide(policies(p=gates(*lines)), facts(**AT_ALL, request__destructive=True))
    assert [because.rule for because in decision.because] == ["p/silence"]


def test_others_are_asked_instead_where_the_policy_says_so() -> None:
    decision = decide(policies(p=gates(FEWER)), facts(**AT_ALL))
    assert isinstance(decision, RequireApproval)
    [one] = decision.requirements
    assert (one.rule, one.all_of[0].count) == ("p/look+earned", 1)
    kept = decide(policies(p=gates(FEWER)), facts(**{**AT_ALL, "evidence__runs": 39}))
    assert isinstance(kept, RequireApproval)
    assert kept.requirements[0].all_of[0].count == 2


def test_it_says_the_record() -> None:
    decision = decide(policies(p=gates(EARNED)), facts(**AT_ALL))
    assert isinstance(decision, Allow)
    said = "Earned, so auto-approved: 40 of 40 verified, lower bound 0.90 ≥ 0.90."
    assert decision.because[0].why.endswith(said)
    fewer = decide(policies(p=gates(FEWER)), facts(**AT_ALL))
    assert "Earned, so fewer are asked" in fewer.because[0].why


@pytest.mark.parametrize(
    ("other", "effect"),
    [
        ("two | true | require: {all_of: [{group: sre}]}", "require"),
        ("no | true | deny: No.", "deny"),
        ('odd | request.inputs["x"] == "y" | allow: true', "deny"),
    ],
    ids=["another requirement", "a deny", "an error"],
)
def test_it_takes_nothing_away_from_what_others_say(other: str, effect: str) -> None:
    assert decide(policies(p=gates(EARNED, other)), facts(**AT_ALL)).effect == effect
    assert decide(policies(p=gates(EARNED), q=gates(other)), facts(**AT_ALL)).effect == effect


def test_the_same_requirement_of_another_gate_is_not_relaxed() -> None:
    same = "same | true | require: {all_of: [{group: owners, count: 2}]}"
    decision = decide(policies(p=gates(EARNED, same)), facts(**AT_ALL))
    assert isinstance(decision, RequireApproval)
    assert [(one.rule, one.all_of[0].count) for one in decision.requirements] == [("p/same", 2)]
