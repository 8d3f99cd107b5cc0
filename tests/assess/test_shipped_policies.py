"""The policies that ship: their own tables, and what their tables are good for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.artifacts import yaml_marks
from bot.assess.decision import RequireApproval
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Document, Policies
from bot.assess.policy_table import RowResult, never, people_needed, run_table
from bot.assess.proof.proof import prove

from .writing import ROOT, facts, gates, policies, shipped

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
    asked, besides = {"engineers", "service-owners", "release", "sre"}, {"sre-leads", "security", "on-call"}
    assert set(ARMED.roster.groups) == asked | besides
    assert set(ARMED.roster.people) == {"alice", "bob", "carol", "dave", "mia", "erin"}
    assert {"compute_seconds", "tool_calls"} <= set(ARMED.prices.units)


def test_what_is_unknown_is_never_allowed() -> None:
    """Only who asks for what is known, so every other fact is at its worst."""
    worst = Facts.of({"request.skill": "deploy", "actor.principal": "alice"})
    assert decide(ARMED, facts()).effect == "allow"
    assert decide(ARMED, worst).effect == "deny"


class TestTheDeployThatEverybodyKnows:
    """What other programs rely on: the shipped skill, asked for plainly."""

    def test_production_is_one_owner_and_one_of_release_who_just_press(self) -> None:
        decision = decide(ARMED, facts(request__environment="production", request__risk=60))
        assert isinstance(decision, RequireApproval)
        [asked] = decision.requirements
        assert [(seat.group, seat.count) for seat in asked.seats] == [("service-owners", 1), ("release", 1)]
        assert (asked.exclude, asked.barred, asked.distinct) == (("requester",), (), True)
        assert (asked.reason, asked.typed) == (False, False)
        assert (decision.denials, decision.veto, decision.broken_glass) == (1, (), ())

    @pytest.mark.parametrize(("environment", "risk"), [("development", 10), ("staging", 25)])
    def test_elsewhere_it_runs_at_once(self, environment: str, risk: int) -> None:
        unproven = {f"evidence__{name}": 0 for name in ("runs", "verified", "digest_runs")}
        seen = facts(request__environment=environment, request__risk=risk, **unproven)
        assert decide(ARMED, seen).effect == "allow"

    @pytest.mark.parametrize("name", ["deployments", "observation"])
    def test_it_asks_no_group_that_a_workspace_may_not_have(self, name: str) -> None:
        """Who must say yes is in one of the four; the other groups only add to it."""
        base = {"engineers", "service-owners", "release", "sre"}
        for ready in ARMED.armed[name].gates:
            seats = ready.requirement.seats if ready.requirement else ()
            assert {str(seat.group) for seat in seats} <= base


def test_one_answer_is_enough_for_a_costly_triage_of_which_two_policies_ask() -> None:
    seen = facts(
        request__skill="incident-triage",
        request__mode="read_only",
        request__environment="production",
        request__ceiling_usd=7.5,
    )
    decision = decide(ARMED, seen)
    rules = [because.rule for because in decision.because]
    assert rules == ["incident-triage/costly-or-wide", "observation/costly-look"]
    assert people_needed(decision) == 1


Gate = dict[str, Any]


def _narrowed(gate: Gate) -> None:
    gate["when"] += " && request.risk >= 10"


def _let_through(gate: Gate) -> None:
    """Whatever it demanded is no longer demanded."""
    for effect in ("deny", "require", "override", "earned"):
        gate.pop(effect, None)
    gate["allow"] = True


def _anybody_breaks_it(gate: Gate) -> None:
    del gate["deny"], gate["override"]
    gate["require"] = {"all_of": [{"group": "engineers"}]}


def _on_trust(gate: Gate) -> None:
    gate["earned"] = {**gate["earned"], "runs": 5, "success_lb": 0.5}


def _at_once(gate: Gate) -> None:
    gate["earned"] = {**gate["earned"], "probation": 1}


def _forgiven(gate: Gate) -> None:
    gate["earned"] = {**gate["earned"], "failures_30d": 1, "cool_down_days": 1}


CHANGES: dict[str, tuple[Callable[[Gate], None], Callable[[Gate], bool]]] = {
    "risk >= 10": (_narrowed, lambda gate: "request.risk >= " not in gate["when"]),
    "let through": (_let_through, lambda gate: "allow" not in gate),
    "anybody may override": (_anybody_breaks_it, lambda gate: "override" in gate),
    "a record of five": (_on_trust, lambda gate: "earned" in gate),
    "a record of other bytes": (_at_once, lambda gate: "earned" in gate),
    "a failure forgiven": (_forgiven, lambda gate: "earned" in gate),
}
"""What somebody might do to a gate, and to which gates it changes anything."""

SILENCE_SAYS_SO_TOO = {"untold: risk >= 10", "hands-off: risk >= 10"}
"""Denied in other words: where these gates do not match, no gate does."""


def _alone(policy: str) -> dict[str, Document]:
    """A policy with nothing beside it but people and prices: what it promises is its own."""
    return {
        f"policies/{name}.yaml": Document(*yaml_marks.load(ROOT / "policies" / f"{name}.yaml"))
        for name in (policy, "people", "prices")
    }


def _changed() -> Iterator[Any]:
    for policy in ARMED.armed:
        data: Any = _alone(policy)[f"policies/{policy}.yaml"].data
        for position, gate in enumerate(data["gates"]):
            for change, (_, makes_a_difference) in CHANGES.items():
                said = f"{gate['id']}: {change}"
                if makes_a_difference(gate) and said not in SILENCE_SAYS_SO_TOO:
                    yield pytest.param(policy, position, change, id=f"{policy}/{said}")


@pytest.mark.parametrize("policy", ARMED.armed)
def test_a_policy_keeps_its_promises_alone(policy: str) -> None:
    report = prove(Policies.load(_alone(policy)))
    assert [one for one in report.verdicts if one.word != "PROVED"] == []


@pytest.mark.parametrize(("policy", "position", "change"), list(_changed()))
def test_a_gate_that_is_weakened_breaks_a_promise(policy: str, position: int, change: str) -> None:
    """Each gate has an invariant that sees it, whatever the rows of the table are."""
    files = _alone(policy)
    data: Any = files[f"policies/{policy}.yaml"].data
    CHANGES[change][0](data["gates"][position])
    # Both name gates and stages that may be gone now, and promise nothing.
    del data["tests"]
    data.pop("escalation", None)
    assert [one for one in prove(Policies.load(files)).verdicts if one.word != "PROVED"]
