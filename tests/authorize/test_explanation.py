"""Why it was decided so, what would change it, who could answer now, and why somebody may not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.assess.decision import Escalation
from bot.assess.policy import Policies
from bot.authorize.click import ClickRefused, RefusedBecause
from bot.authorize.explanation import Explanation, explain
from bot.authorize.reach import Reach, reach_of
from bot.authorize.seating import Members
from bot.terms import Digest, Group, Principal
from tests.assess.writing import facts, gates, policies

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MEMBERS: Members = {
    Group("owners"): frozenset({Principal("alice"), Principal("bob"), Principal("erin")}),
    Group("sre"): frozenset({Principal("dave")}),
    Group("leads"): frozenset({Principal("mia")}),
}
LOOK = "look | true | require: {all_of: [{group: owners}]}"
FREEZE = """\
freeze | size(freeze.active) > 0 | deny: There is a freeze.
    override: {all_of: [{group: sre}], notify: [owners], review_by: [leads], ttl: 30m}"""
EARNED = """\
look | !request.destructive | require: {all_of: [{group: owners}]}
    earned: {runs: 40, success_lb: 0.9, cool_down_days: 14}"""
GOOD_RECORD = {
    "evidence__runs": 50,
    "evidence__verified": 50,
    "evidence__success_lb": 0.93,
    "evidence__digest_runs": 5,
    "evidence__failures_30d": 0,
    "evidence__days_since_failure": 3650,
    "evidence__draw": 0.5,
}


def explained(armed: Policies, person: str | None = None, **changed: object) -> Explanation:
    whom = Principal(person) if person else None
    return explain(facts(**changed), armed, members=MEMBERS, now=NOON, person=whom)


class TestGates:
    def test_what_did_not_match_says_the_part_and_what_it_looked_at(self) -> None:
        body = "let: {frozen: size(freeze.active) > 0}\n" + gates(LOOK, "no | frozen && true | deny: No.")
        look, no = explained(policies(p=body)).gates
        assert (look.matched, look.missed()) == (True, "")
        assert (no.matched, no.missed()) == (
            False,
            "frozen: size(freeze.active) > 0 (freeze.active is [])",
        )

    def test_a_gate_that_unfolds_says_the_part_of_it_that_is_not_true(self) -> None:
        found = explained(policies(p=gates(LOOK, FREEZE)), freeze__active=["weekend"])
        missed = {one.rule: one.missed() for one in found.gates}
        assert missed["p/freeze"] == ""
        assert missed["p/freeze+override"] == "request.break_glass (request.break_glass is false)"

    def test_what_matched_says_what_it_looked_at(self) -> None:
        [one] = explained(policies(p=gates("no | request.risk > 5 | deny: No."))).gates
        assert (one.matched, one.facts) == (True, {"request.risk": 20})


class TestOverrides:
    def test_a_denial_that_can_be_overridden_says_whom_that_would_ask(self) -> None:
        found = explained(policies(p=gates(LOOK, FREEZE)), freeze__active=["weekend"])
        [one] = found.overrides
        assert (one.rule, one.why, one.lasts_s) == ("p/freeze", "There is a freeze.", 1800)
        assert [seat.group for seat in one.asks.all_of] == ["sre"]
        assert (one.glass.notify, one.glass.review_by) == (("owners",), ("leads",))
        assert found.if_broken is not None
        assert [because.rule for because in found.if_broken.because] == ["p/look", "p/freeze+override"]

    def test_another_denial_beside_it_is_what_would_be_left(self) -> None:
        armed = policies(p=gates(LOOK, FREEZE, "draft | true | deny: A draft."))
        found = explained(armed, freeze__active=["weekend"])
        assert [one.rule for one in found.overrides] == ["p/freeze"]
        assert found.if_broken is not None
        assert found.if_broken.effect == "deny"
        assert [because.rule for because in found.if_broken.because] == ["p/draft"]

    def test_glass_without_an_incident_is_not_broken_yet(self) -> None:
        armed = policies(p=gates(LOOK, FREEZE))
        seen = {"freeze__active": ["weekend"], "request__break_glass": True, "request__reason": "Down."}
        assert [one.rule for one in explained(armed, **seen).overrides] == ["p/freeze"]
        assert explained(armed, **seen, request__incident="INC-1").overrides == ()

    def test_what_is_not_denied_needs_no_override(self) -> None:
        found = explained(policies(p=gates(LOOK, FREEZE)))
        assert (found.overrides, found.if_broken) == ((), None)


class TestRecords:
    @pytest.mark.parametrize(
        ("changed", "short", "until"),
        [
            ({}, (), None),
            ({"evidence__runs": 38}, ("38 of 40 runs",), None),
            (
                {"evidence__success_lb": 0.8999},
                ("a lower bound of 0.899, and it takes 0.900",),
                None,
            ),
            ({"evidence__digest_runs": 2}, ("2 of 3 verified runs of these very files",), None),
            (
                {"evidence__failures_30d": 1, "evidence__days_since_failure": 3},
                (
                    "1 failed within 30 days, and 0 may",
                    "one failed 3 days ago, and it takes 14 days to cool down",
                ),
                "2026-12-22",
            ),
            ({"evidence__draw": 0.05}, ("it was picked for review, as 10% of these are",), None),
        ],
        ids=["good enough", "runs", "bound", "probation", "a failure", "picked"],
    )
    def test_it_says_what_the_record_is_short_of(
        self, changed: dict[str, object], short: tuple[str, ...], until: str | None
    ) -> None:
        [one] = explained(policies(p=gates(EARNED)), **{**GOOD_RECORD, **changed}).earnings
        assert (one.rule, one.earned, one.short, one.instead) == ("p/look", not short, short, None)
        assert (one.until.date().isoformat() if one.until else None) == until

    def test_where_failures_may_be_only_the_cool_down_counts(self) -> None:
        some = EARNED.replace("runs: 40", "runs: 40, failures_30d: 2")
        failed = {"evidence__failures_30d": 1, "evidence__days_since_failure": 3}
        [one] = explained(policies(p=gates(some)), **{**GOOD_RECORD, **failed}).earnings
        assert one.until is not None
        assert one.until.date().isoformat() == "2026-12-06"

    def test_a_gate_that_is_not_about_the_request_has_no_record(self) -> None:
        assert explained(policies(p=gates(EARNED)), **GOOD_RECORD, request__destructive=True).earnings == ()


class TestPeople:
    def test_who_could_answer_and_what_that_would_complete(self) -> None:
        two = "two | true | require: {all_of: [{group: owners}, {group: sre}]}"
        found = explained(policies(p=gates(two)))
        assert found.missing == ("@owners", "@sre")
        assert [(one.principal, one.missing) for one in found.could_approve] == [
            ("bob", ("@sre",)),
            ("dave", ("@owners",)),
            ("erin", ("@sre",)),
        ]

    def test_groups_that_nobody_could_be_asked_about_are_told(self) -> None:
        found = explained(policies(p=gates("g | true | require: {all_of: [{group: nobody-knows}]}")))
        assert found.unknown == ("nobody-knows",)

    @pytest.mark.parametrize(
        ("effect", "person", "reason", "words"),
        [
            ("{all_of: [{group: owners}]}", "alice", RefusedBecause.SELF_APPROVAL, "You asked for this"),
            (
                "{all_of: [{group: owners}], exclude: [requester, author]}",
                "bob",
                RefusedBecause.EXCLUDED,
                "your own work",
            ),
            (
                "{all_of: [{group: owners}]}",
                "dave",
                RefusedBecause.NOT_ELIGIBLE,
                "An answer to this must come from @owners, and you are not among them.",
            ),
            (
                "{all_of: [{group: owners}], veto: [sre]}",
                "dave",
                RefusedBecause.NOT_ELIGIBLE,
                "You may say no, and that ends it.",
            ),
            (
                "{all_of: [{group: owners}, {group: lost}]}",
                "dave",
                RefusedBecause.UNDETERMINED,
                "nobody knows who is in @lost",
            ),
        ],
        ids=["who asked", "the author", "nobody who is asked", "a veto", "a group nobody knows"],
    )
    def test_why_somebody_may_not(self, effect: str, person: str, reason: RefusedBecause, words: str) -> None:
        armed = policies(p=gates(f"g | true | require: {effect}"))
        told = explained(armed, person, plan__authors=["bob"]).person
        assert isinstance(told, ClickRefused)
        assert told.reason is reason
        assert words in str(told)

    def test_whose_turn_it_is_not(self) -> None:
        late = "late | true | require: {stage: late, after: review, all_of: [{group: sre}]}"
        told = explained(policies(p=gates(LOOK, late)), "dave").person
        assert isinstance(told, ClickRefused)
        assert (told.reason, str(told)) == (
            RefusedBecause.WRONG_STAGE,
            "It is review's turn now, and your answer is for late, which comes later.",
        )

    def test_what_a_yes_would_do(self) -> None:
        found = explained(policies(p=gates(LOOK)), "bob")
        assert found.person == Reach(Principal("bob"), "review", ())

    def test_who_will_be_added_is_told_when(self) -> None:
        decision = explained(policies(p=gates(LOOK))).decision
        later = decision.model_copy(update={"escalation": (Escalation(after_s=2700, add=(Group("leads"),)),)})
        told = reach_of(
            Principal("mia"), later, (), digest=Digest("sha256:" + "1" * 64), members=MEMBERS,
            requester=Principal("alice"), facts={},
        )  # fmt: skip
        assert "After 45 minutes without an answer you will be." in str(told)

    def test_nobody_is_asked_about_what_is_denied(self) -> None:
        found = explained(policies(p=gates(FREEZE)), "bob", freeze__active=["weekend"])
        assert (found.could_approve, found.missing, found.person) == ((), (), None)
