"""What gates ask together: whom they leave out, whose no ends it, what silence leads to, what is measured."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assess.decision import Deny, RequireApproval
from bot.assess.gate import decide

from .writing import facts, gates, policies

LOOK = "look | true | require: {all_of: [{group: owners}]}"


def asked(body: str, *, other: str = "", **changed: object) -> RequireApproval:
    decision = decide(policies(p=body, **({"q": other} if other else {})), facts(**changed))
    assert isinstance(decision, RequireApproval)
    return decision


def requires(what: str) -> str:
    return gates(f"look | true | require: {{all_of: [{{group: owners}}], {what}}}")


RELATIONS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "the author": ("author", {"plan__authors": ["bob", "erin"]}, ["bob", "erin"]),
    "who committed last": ("last_committer", {"plan__last_committer": "dave"}, ["dave"]),
    "who gains by it": ("beneficiary", {"plan__beneficiary": "carol"}, ["carol"]),
}


@pytest.mark.parametrize(("relation", "known", "barred"), RELATIONS.values(), ids=RELATIONS.keys())
def test_who_is_left_out_is_named(relation: str, known: dict[str, Any], barred: list[str]) -> None:
    [one] = asked(requires(f"exclude: [requester, {relation}]"), **known).requirements
    assert list(one.barred) == barred


@pytest.mark.parametrize(("relation", "known", "barred"), RELATIONS.values(), ids=RELATIONS.keys())
def test_whom_nobody_knows_denies(relation: str, known: dict[str, Any], barred: list[str]) -> None:
    decision = decide(policies(p=requires(f"exclude: [{relation}]")), facts())
    assert isinstance(decision, Deny)
    [because] = decision.because
    assert because.rule == f"p/look+unknown-{relation}"
    assert "The plan does not say" in because.why


def test_each_relation_that_nobody_knows_is_told() -> None:
    decision = decide(policies(p=requires("exclude: [author, beneficiary]")), facts())
    assert [because.rule for because in decision.because] == [
        "p/look+unknown-author",
        "p/look+unknown-beneficiary",
    ]


def test_it_does_not_matter_who_it_is_where_the_gate_is_not_about_the_request() -> None:
    other = "look | request.risk > 90 | require: {all_of: [{group: owners}], exclude: [author]}"
    assert decide(policies(p=gates(other, "ok | true | allow: true")), facts()).effect == "allow"


def test_a_relation_is_unknown_too_for_those_a_record_asks_instead() -> None:
    earned = (
        "look | !request.destructive | require: {all_of: [{group: owners, count: 2}]}\n"
        "    earned: {runs: 5, success_lb: 0.5, instead: {all_of: [{group: owners}], exclude: [author]}}"
    )
    good = {
        "evidence__runs": 9, "evidence__success_lb": 0.9, "evidence__digest_runs": 9,
        "evidence__failures_30d": 0, "evidence__days_since_failure": 99, "evidence__draw": 0.9,
    }  # fmt: skip
    decision = decide(policies(p=gates(earned)), facts(**good))
    assert [because.rule for because in decision.because] == ["p/look+earned+unknown-author"]
    assert decide(policies(p=gates(earned)), facts(**good, plan__authors=["bob"])).effect == "require"
    assert decide(policies(p=gates(earned)), facts()).effect == "require"


class TestTogether:
    BOTH = gates(
        "a | true | require: {all_of: [{group: a}], deny: 3, veto: [x, y]}",
        "b | true | require: {all_of: [{group: b}], deny: 2, veto: [y, z]}",
    )

    def test_the_fewest_noes_end_it_and_every_veto_stands(self) -> None:
        decision = asked(self.BOTH)
        assert (decision.denials, decision.veto) == (2, ("x", "y", "z"))

    def test_a_gate_that_does_not_match_has_no_veto(self) -> None:
        decision = asked(
            self.BOTH.replace(
                "'true'\n    require: {all_of: [{group: b", "'false'\n    require: {all_of: [{group: b"
            )
        )
        assert (decision.denials, decision.veto) == (3, ("x", "y"))

    def test_the_same_demand_keeps_the_reason_and_the_typing_of_either(self) -> None:
        decision = asked(
            gates(
                "a | true | require: {all_of: [{group: a}], reason: required}",
                "b | true | require: {all_of: [{group: a}], confirm: typed}",
            )
        )
        [one] = decision.requirements
        assert (one.reason, one.typed) == (True, True)

    def test_other_exclusions_are_another_demand(self) -> None:
        decision = asked(
            gates(
                "a | true | require: {all_of: [{group: a}]}",
                "b | true | require: {all_of: [{group: a}], exclude: [requester, author]}",
            ),
            plan__authors=["bob"],
        )
        assert [one.barred for one in decision.requirements] == [(), ("bob",)]


class TestEscalation:
    def steps(self, body: str, *, other: str = "") -> list[tuple[int, str]]:
        """Seconds, and what happens then."""
        found = asked(body, other=other).escalation
        return [
            (
                one.after_s,
                " ".join(
                    [
                        *(["remind"] if one.remind else []),
                        *(f"+{g}" for g in one.add),
                        *(f"!{g}" for g in one.page),
                    ]
                ),
            )
            for one in found
        ]

    def test_nothing_written_is_a_reminder_at_half_time(self) -> None:
        assert self.steps("expires_after: 2h\n" + gates(LOOK)) == [(3600, "remind")]

    def test_a_reminder_that_is_written_takes_its_place(self) -> None:
        body = "expires_after: 2h\nescalation: [{after: 10m, remind: needed}]\n" + gates(LOOK)
        assert self.steps(body) == [(600, "remind")]

    def test_other_steps_do_not(self) -> None:
        body = "expires_after: 2h\nescalation: [{after: 90m, page: [oncall]}]\n" + gates(LOOK)
        assert self.steps(body) == [(3600, "remind"), (5400, "!oncall")]

    def test_steps_of_all_policies_that_speak_are_taken_in_order(self) -> None:
        one = "escalation: [{after: 30m, add: [leads]}, {after: 10m, remind: needed}]\n" + gates(LOOK)
        two = "escalation: [{after: 20m, page: [oncall]}]\n" + gates(LOOK)
        assert self.steps(one, other=two) == [(600, "remind"), (1200, "!oncall"), (1800, "+leads")]

    def test_a_policy_that_says_nothing_escalates_nothing(self) -> None:
        quiet = "escalation: [{after: 20m, page: [oncall]}]\n" + gates("no | false | deny: No.")
        assert self.steps(gates(LOOK), other=quiet) == [(7200, "remind")]

    def test_a_step_past_the_shortest_expiry_is_left_out(self) -> None:
        long = "expires_after: 4h\nescalation: [{after: 3h, add: [leads]}, {after: 1h, add: [sre]}]\n"
        short = "expires_after: 2h\n" + gates(LOOK)
        assert self.steps(long + gates(LOOK), other=short) == [(3600, "+sre"), (3600, "remind")]

    def test_people_may_be_added_for_one_stage_alone(self) -> None:
        body = "escalation: [{after: 1h, add: [leads], to: review}, {after: 2h, add: [sre]}]\n" + gates(LOOK)
        added = [(one.add, one.stage) for one in asked(body).escalation if one.add]
        assert added == [(("leads",), "review"), (("sre",), None)]
