"""The policies that ship: their own tables, and what their tables are good for."""

from __future__ import annotations

import pytest

from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy_table import RowResult, never, run_table

from .writing import facts, gates, policies, shipped

ARMED = shipped()
ROWS = [(policy.name, row) for policy in ARMED.armed.values() for row in run_table(policy)]


@pytest.mark.parametrize(("policy", "row"), ROWS, ids=[f"{policy}: {row.name}" for policy, row in ROWS])
def test_table(policy: str, row: RowResult) -> None:
    assert row.passed, row


@pytest.mark.parametrize("name", ARMED.armed)
def test_every_gate_is_seen_both_ways_by_its_table(name: str) -> None:
    assert never(ARMED.armed[name]) == ((), ())


def test_a_row_that_comes_out_otherwise_says_both() -> None:
    body = gates(
        "ok | request.risk < 40 | allow: true",
        "look | true | require: {all_of: [{group: sre}]}",
    ) + (
        "tests:\n  base: {request.skill: deploy, actor.principal: a}\n"
        "  rows:\n    - [odd, {}, allow, [ok], 0]\n"
    )
    [row] = run_table(policies(p=body).armed["p"])
    assert not row.passed
    assert (row.expected, row.got) == ("allow by ok", "require by look, 1 person")
    assert never(policies(p=body).armed["p"]) == (("ok",), ("look",))


def test_a_table_counts_people() -> None:
    body = gates(
        "two | true | require: {all_of: [{group: a}, {group: b}]}",
        "more | true | require: {stage: s, any_of: [{group: c, count: 2}, {group: d}]}",
        "same | true | require: {stage: t, distinct: false, all_of: [{group: a, count: 2}, {group: b}]}",
    ) + (
        "tests:\n  base: {request.skill: deploy, actor.principal: a}\n"
        "  rows:\n    - [all, {}, require, [two, more, same], 3]\n"
    )
    [row] = run_table(policies(p=body).armed["p"])
    assert row.passed, row


def test_a_policy_without_a_table_has_no_rows() -> None:
    assert run_table(policies(p=gates("ok | true | allow: true")).armed["p"]) == []


def test_the_roster_and_the_prices_are_read_with_the_policies() -> None:
    assert set(ARMED.roster.groups) == {"engineers", "service-owners", "release", "sre"}
    assert set(ARMED.roster.people) == {"alice", "bob", "carol", "dave", "mia", "erin"}
    assert {"compute_seconds", "tool_calls"} <= set(ARMED.prices.units)


def test_what_is_unknown_is_never_allowed() -> None:
    """Only who asks for what is known, so every other fact is at its worst."""
    worst = Facts.of({"request.skill": "deploy", "actor.principal": "alice"})
    assert decide(ARMED, facts()).effect == "allow"
    assert decide(ARMED, worst).effect == "deny"
