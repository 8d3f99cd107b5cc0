"""What the policies say: deny > require > allow, silence denies, an error denies, nothing loosens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assess.decision import Allow, Deny, RequireApproval
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Policies, PolicyError, Problem
from bot.assess.trace import trace

from .writing import HEAD, document, facts, gates, policies, shipped

ALLOW = "ok | true | allow: true"
DENY = "no | true | deny: Not now."
REVIEW = "look | true | require: {all_of: [{group: release}]}"
NEVER = "never | false | deny: Never said."
MAP_ERROR = 'broken | request.inputs["ticket"] == "X" | allow: true'

CASES = {
    "silence is deny": ((NEVER,), "deny", ["p/silence"]),
    "a match allows": ((ALLOW,), "allow", ["p/ok"]),
    "a demand is stronger than a permission": ((ALLOW, REVIEW), "require", ["p/look"]),
    "a denial is stronger than a demand": ((ALLOW, REVIEW, DENY), "deny", ["p/no"]),
    "the order of gates does not matter": ((DENY, REVIEW, ALLOW), "deny", ["p/no"]),
    "an error denies": ((MAP_ERROR,), "deny", ["p/broken"]),
    "an error in an allowing gate denies what another allows": ((ALLOW, MAP_ERROR), "deny", ["p/broken"]),
    "an error that does not matter is none": (
        ('fine | true || request.inputs["ticket"] == "X" | allow: true',),
        "allow",
        ["p/fine"],
    ),
    "every reason is told, in order": ((DENY, "also | true | deny: Nor then."), "deny", ["p/no", "p/also"]),
    "every demand is told, in order": (
        (REVIEW, "safety | true | require: {all_of: [{group: sre}]}"),
        "require",
        ["p/look", "p/safety"],
    ),
}


@pytest.mark.parametrize(("lines", "effect", "rules"), CASES.values(), ids=CASES.keys())
def test_decision(lines: tuple[str, ...], effect: str, rules: list[str]) -> None:
    decision = decide(policies(p=gates(*lines)), facts())
    assert decision.effect == effect
    assert [because.rule for because in decision.because] == rules


def test_a_skill_without_a_policy_is_denied() -> None:
    decision = decide(policies(p=gates(ALLOW)), facts(request__skill="wipe"))
    assert decision.effect == "deny"
    assert "No policy covers wipe" in decision.because[0].why


def test_policies_that_do_not_load_deny_everything_and_say_where() -> None:
    with pytest.raises(PolicyError) as broken:
        policies(p=gates(ALLOW).replace("when", "wehn"))
    decision = decide(Policies.unarmed(broken.value), facts())
    assert decision.effect == "deny"
    assert "policies/p.yaml:7:5" in decision.because[0].why


def test_problems_deny_even_beside_armed_policies() -> None:
    half = replace(policies(p=gates(ALLOW)), problems=(Problem("policies/q.yaml", 1, 1, "it is gone"),))
    assert decide(half, facts()).effect == "deny"


def test_without_any_policy_everything_is_denied() -> None:
    assert decide(Policies(), facts()).effect == "deny"


def test_silence_names_the_owner_to_ask() -> None:
    because = decide(policies(p=gates(NEVER)), facts()).because[0]
    assert "deploy in staging at risk 20" in because.why
    assert "@platform" in because.why


def test_gates_of_several_policies_apply_together() -> None:
    both = policies(p=gates(ALLOW), q=gates(REVIEW))
    assert [because.rule for because in decide(both, facts()).because] == ["q/look"]


@pytest.mark.parametrize(
    ("applies_to", "version", "applies"),
    [
        ("deploy", "3.1.0", True),
        ("deploy@2", "2.0.0", True),
        ("deploy@2", "1.9.9", False),
        ("deploy@2", "20.0.0", False),
        ("'*'", "1.0.0", True),
        ("deploy-all", "1.0.0", False),
    ],
)
def test_a_policy_applies_to(applies_to: str, version: str, applies: bool) -> None:
    text = (HEAD.format(name="p") + gates(ALLOW)).replace("[deploy]", f"[{applies_to}]")
    armed = Policies.load({"policies/p.yaml": document(text)})
    assert (armed.for_skill("deploy", version) != ()) is applies


def test_only_the_groups_that_may_request_do() -> None:
    narrowed = policies(p="may_request: [release, sre]\n" + gates(ALLOW))
    decision = decide(narrowed, facts())
    assert [because.rule for because in decision.because] == ["p/may_request"]
    assert "@release or @sre" in decision.because[0].why
    assert decide(narrowed, facts(actor__groups=["sre"])).effect == "allow"


def test_a_named_condition_without_an_answer_denies_and_is_named() -> None:
    body = 'let: {ticketed: \'request.inputs["ticket"] != ""\'}\n' + gates("ok | ticketed | allow: true")
    because = decide(policies(p=body), facts()).because[0]
    assert because.rule == "p/ok"
    assert "ticketed: NOT_FOUND" in because.why


def test_a_named_condition_without_an_answer_does_not_hurt_gates_that_do_not_use_it() -> None:
    body = 'let: {ticketed: \'request.inputs["ticket"] != ""\'}\n' + gates(ALLOW)
    assert decide(policies(p=body), facts()).effect == "allow"


def test_the_shortest_expiry_of_the_applying_policies_counts() -> None:
    decision = decide(
        policies(p="expires_after: 2h\ngrant_expires_after: 90s\n" + gates(REVIEW), q=gates(ALLOW)), facts()
    )
    assert isinstance(decision, RequireApproval)
    assert (decision.expires_after_s, decision.grant_expires_after_s) == (7200, 90)


class TestDemands:
    def demands(self, *lines: str) -> tuple[tuple[str, str, str | None], ...]:
        decision = decide(policies(p=gates(*lines)), facts())
        assert isinstance(decision, RequireApproval)
        return tuple((one.rule, one.stage, one.after) for one in decision.requirements)

    def test_the_requester_is_excluded_unless_the_policy_says_so(self) -> None:
        for effect, excluded in (
            ("require: {all_of: [{group: sre}]}", ("requester",)),
            ("require: {all_of: [{group: sre}], exclude: []}", ()),
        ):
            decision = decide(policies(p=gates(f"g | true | {effect}")), facts())
            assert isinstance(decision, RequireApproval)
            assert decision.requirements[0].exclude == excluded

    def test_the_same_demand_of_two_gates_is_answered_once(self) -> None:
        again = REVIEW.replace("look", "again")
        assert self.demands(REVIEW, again) == (("p/look", "review", None),)

    def test_a_different_demand_stays_beside_it(self) -> None:
        assert len(self.demands(REVIEW, "two | true | require: {all_of: [{group: release, count: 2}]}")) == 2

    def test_a_stage_waits_for_the_stage_before_it(self) -> None:
        safety = "safe | true | require: {stage: safety, after: review, all_of: [{group: sre}]}"
        assert self.demands(REVIEW, safety)[1] == ("p/safe", "safety", "review")

    def test_a_stage_that_is_not_asked_for_is_not_waited_for(self) -> None:
        review = "look | false | require: {all_of: [{group: release}]}"
        safety = "safe | true | require: {stage: safety, after: review, all_of: [{group: sre}]}"
        assert self.demands(review, safety) == (("p/safe", "safety", None),)

    def test_a_missing_stage_in_the_middle_keeps_the_order_around_it(self) -> None:
        middle = "mid | false | require: {stage: safety, after: review, all_of: [{group: sre}]}"
        last = "end | true | require: {stage: money, after: safety, all_of: [{group: finops}]}"
        assert self.demands(REVIEW, middle, last)[1] == ("p/end", "money", "review")


class TestTrace:
    def test_it_names_the_first_part_that_is_not_true(self) -> None:
        when = 'request.risk < 40 && request.environment == "production" && request.risk > 1'
        body = gates(f"a | {when} | deny: x")
        [one] = trace(policies(p=body), facts())
        assert (one.rule, one.effect, one.matched) == ("p/a", "deny", False)
        assert one.first_false == 'request.environment == "production"'

    def test_it_keeps_quotes_and_brackets_together(self) -> None:
        part = "(request.risk > 90 || request.risk < 10)"
        body = gates(f'a | actor.principal != "a && (b" && {part} | deny: x')
        assert trace(policies(p=body), facts())[0].first_false == part

    def test_a_condition_of_one_part_is_the_part(self) -> None:
        [one] = trace(policies(p=gates("a | request.risk > 50 || request.risk < 10 | allow: true")), facts())
        assert one.first_false == "request.risk > 50 || request.risk < 10"

    def test_what_matched_has_no_false_part_and_an_error_has_its_words(self) -> None:
        one, other = trace(policies(p=gates(ALLOW, MAP_ERROR)), facts())
        assert (one.matched, one.first_false, one.error) == (True, "", "")
        assert (other.matched, other.first_false) == (False, "")
        assert "ticket" in other.error


ATOMS = (
    "true",
    "false",
    "request.risk < 40",
    "request.risk >= 70",
    'request.environment == "production"',
    'request.mode == "read_only"',
    "size(freeze.active) > 0",
    '"sre" in actor.groups',
    'request.inputs["ticket"] == "X"',
    "100 / request.risk > 3",
    "budget.left_usd < request.ceiling_usd",
)
EFFECTS = (
    "allow: true",
    "deny: Not now.",
    "require: {all_of: [{group: release}]}",
    "require: {stage: safety, any_of: [{group: sre, count: 2}, {group: leads}]}",
)
GATES = st.lists(
    st.tuples(
        st.sampled_from(ATOMS),
        st.sampled_from(("&&", "||")),
        st.sampled_from(ATOMS),
        st.sampled_from(EFFECTS),
    ),
    min_size=1,
    max_size=5,
).map(lambda rows: [f"g{i} | {a} {op} {b} | {effect}" for i, (a, op, b, effect) in enumerate(rows)])
FACTS = st.fixed_dictionaries(
    {
        "request__risk": st.integers(0, 100),
        "request__environment": st.sampled_from(("development", "staging", "production")),
        "request__mode": st.sampled_from(("read_only", "mutate")),
        "freeze__active": st.sampled_from(([], ["weekend"])),
        "actor__groups": st.lists(st.sampled_from(("sre", "release")), max_size=2),
        "request__inputs": st.dictionaries(st.sampled_from(("ticket", "a")), st.sampled_from(("X", ""))),
        "budget__left_usd": st.floats(-10, 10),
    }
).map(lambda changed: facts(**changed))
STRICTNESS = {"allow": 0, "require": 1, "deny": 2}


@settings(max_examples=60, deadline=None)
@given(GATES, FACTS, st.sampled_from(ATOMS))
def test_one_more_denial_never_loosens(lines: list[str], seen: Facts, when: str) -> None:
    before = decide(policies(p=gates(*lines)), seen)
    after = decide(policies(p=gates(*lines, f"extra | {when} | deny: Not now.")), seen)
    assert STRICTNESS[after.effect] >= STRICTNESS[before.effect]


@settings(max_examples=60, deadline=None)
@given(GATES, FACTS)
def test_the_strongest_matching_gate_decides(lines: list[str], seen: Facts) -> None:
    armed = policies(p=gates(*lines))
    traced = trace(armed, seen)
    decision = decide(armed, seen)
    if any(one.error for one in traced) or any(one.matched and one.effect == "deny" for one in traced):
        assert isinstance(decision, Deny)
    elif any(one.matched and one.effect == "require" for one in traced):
        assert isinstance(decision, RequireApproval)
    else:
        assert isinstance(decision, Allow if any(one.matched for one in traced) else Deny)
    matched = [one.rule for one in traced if one.error or (one.matched and one.effect == decision.effect)]
    assert [because.rule for because in decision.because] == (matched or ["p/silence"])


@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_the_shipped_policies_never_let_one_person_change_production(seen: Facts) -> None:
    if seen.request.environment != "production" or seen.request.mode != "mutate":
        return
    decision = decide(shipped(), seen)
    assert not isinstance(decision, Allow)
    if isinstance(decision, RequireApproval):
        first = decision.requirements[0]
        assert {(seat.group, seat.count) for seat in first.all_of} == {("service-owners", 1), ("release", 1)}
        assert first.distinct
        assert first.exclude == ("requester",)
