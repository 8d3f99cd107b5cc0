"""An invocation, judged: the facts, the risk, the money, and the digest of all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask.catalog import Skill
from bot.ask.invocation import Invocation
from bot.ask.manifest import Manifest
from bot.assess.assessment import Assessment, Binding, Change, Plan, Target, digest_of, drift
from bot.assess.decision import RequireApproval
from bot.assess.estimate import account_of
from bot.assess.gate import assess
from bot.assess.gather import Circumstances
from bot.assess.policy import Policies
from bot.terms import Digest, Environment, Group, Micros, Principal, Refused

from .writing import HEAD, document, gates, policies, shipped

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DIGEST = Digest("sha256:" + "a" * 64)


def manifest(**changed: Any) -> Manifest:
    shape: dict[str, Any] = {
        "name": "deploy",
        "version": "1.0.0",
        "owners": ["@platform"],
        "lifecycle": "stable",
        "summary": "Put a version live.",
        "examples": ["deploy checkout 1.4.2 to staging"],
        "inputs": {"additionalProperties": False, "properties": {}},
        "environments": ["staging", "production"],
        "effects": {"destructive": False, "open_world": False, "risk": {"staging": 25, "production": 60}},
        "cost": {
            "ceiling_usd": {"staging": "0.10", "production": "0.50"},
            "lines": [{"unit": "compute_seconds", "p50": 20, "p95": 45}],
        },
        "plan": [{"id": "plan", "run": ["python3"], "timeout": "5s"}],
        "steps": [{"id": "go", "title": "Go", "run": ["python3"], "timeout": "5s", "repeat": "pure"}],
        "done_when": {
            "measure": {"run": ["python3"], "timeout": "5s"},
            "checks": [{"name": "up", "observed": "up", "equals": True}],
        },
        "limits": {"wall": "1m"},
    }
    return Manifest.model_validate({**shape, **changed})


def skill(**changed: Any) -> Skill:
    return Skill(manifest(**changed), digest=DIGEST, files={"SKILL.md": DIGEST}, folder="deploy", runbook="")


PLAN = Plan(
    summary="checkout 1.4.1 → 1.4.2",
    changes=(Change(what="checkout", before="1.4.1", after="1.4.2"),),
    target=Target(identity="demo/production/checkout", revision="7"),
    resolved={"version": "1.4.2"},
)


def judge(
    armed: Policies | None = None, *, environment: str = "production", inputs: Any = None, **changed: Any
) -> Assessment:
    arguments: dict[str, Any] = {
        "invocation": Invocation(
            skill="deploy",
            version="1.0.0",
            digest=DIGEST,
            inputs=inputs or {"service": "checkout", "replicas": 3, "force": False},
            environment=Environment(environment),
        ),
        "skill": skill(),
        "plan": PLAN,
        "requester": Principal("alice"),
        "around": Circumstances(groups=frozenset({Group("engineers")}), waiting=0),
        "policies": armed or shipped(),
        "history": [],
        "budgets": {},
        "now": NOW,
        "card_revision": 1,
        "team": "T1",
    }
    accounts = arguments["policies"].accounts(arguments["invocation"], team="T1", now=NOW)
    arguments["budgets"] = {account.key: Micros(0) for account in accounts}
    return assess(**{**arguments, **changed})


class TestShipped:
    def test_production_asks_two_people(self) -> None:
        said = judge()
        assert isinstance(said.decision, RequireApproval)
        assert [because.rule for because in said.decision.because] == ["deployments/two-people"]
        [asked] = said.decision.requirements
        assert [seat.label() for seat in asked.all_of] == ["@service-owners", "@release"]
        version = shipped().armed["deployments"].runbook.version
        assert (said.risk, said.risk_why, said.policy) == (60, (), f"deployments {version}")

    def test_staging_runs_at_once(self) -> None:
        said = judge(environment="staging")
        assert said.decision.effect == "allow"
        assert said.decision.because[0].rule == "deployments/try-it-out"

    def test_a_destructive_skill_also_asks_sre_and_says_why_the_risk_is_higher(self) -> None:
        effects = {"destructive": True, "open_world": False, "risk": {"production": 60}}
        said = judge(skill=skill(effects=effects))
        assert said.risk == 80
        assert said.risk_why == ("60 declared", "+20 it destroys something that cannot be brought back")
        assert isinstance(said.decision, RequireApproval)
        assert [(one.stage, one.after) for one in said.decision.requirements] == [
            ("review", None),
            ("safety", "review"),
        ]

    def test_a_skill_that_only_looks_runs_at_once_anywhere(self) -> None:
        said = judge(skill=skill(effects={"read_only": True, "destructive": False}), around=Circumstances())
        assert said.decision.effect == "allow"
        assert said.decision.because[0].rule == "observation/look"

    def test_no_day_of_the_coming_years_is_frozen(self) -> None:
        first = datetime(2026, 2, 1, tzinfo=UTC)
        days = (first + timedelta(days=day, hours=day % 24) for day in range(3 * 365))
        assert {shipped().freezes("deploy", "1.0.0", day) for day in days} == {()}


class TestTheWorstCounts:
    def test_an_undeclared_risk_is_the_highest(self) -> None:
        said = judge(skill=skill(effects={"destructive": False, "open_world": False}))
        assert said.risk == 100

    def test_a_risk_row_that_cannot_be_judged_is_the_highest(self) -> None:
        row = 'risk:\n  - {add: 1, when: \'request.inputs["x"] == "y"\', why: it is odd}\n'
        said = judge(policies(p=row + gates("ok | true | allow: true")))
        assert said.risk == 100
        assert "could not be judged" in said.risk_why[-1]

    def test_risk_stays_between_0_and_100(self) -> None:
        rows = "risk:\n  - {{add: {add}, when: 'true', why: so}}\n"
        for add, expected in ((90, 100), (-90, 0)):
            armed = policies(p=rows.format(add=add) + gates("ok | true | allow: true"))
            assert judge(armed).risk == expected

    def test_a_ledger_that_does_not_answer_has_nothing_left(self) -> None:
        for budgets in (None, {}):
            said = judge(budgets=budgets)
            assert said.decision.effect == "deny"
            assert said.decision.because[0].rule == "deployments/over-budget"
            assert said.facts["budget.left_usd"] == 0.0

    def test_no_ceiling_is_no_run(self) -> None:
        with pytest.raises(Refused, match="no cost ceiling for production"):
            judge(skill=skill(cost={"ceiling_usd": {"staging": "0.10"}}))

    def test_control_characters_are_refused(self) -> None:
        with pytest.raises(Refused, match="control characters"):
            judge(inputs={"service": "check\0out"})
        with pytest.raises(Refused, match="plan"):
            judge(plan=PLAN.model_copy(update={"changes": (Change(what="a\x1bb"),)}))

    def test_a_number_that_cannot_be_written_exactly_is_refused(self) -> None:
        with pytest.raises(Refused, match="written down exactly"):
            judge(inputs={"replicas": 2**60})


class TestBudgets:
    BODY = (
        'budgets:\n  - {scope: team, period: month, limit_usd: "10"}\n'
        '  - {scope: environment, environment: staging, period: day, limit_usd: "1"}\n'
        '  - {scope: skill, period: day, limit_usd: "2"}\n'
    ) + gates("ok | request.ceiling_usd <= budget.left_usd | allow: true")

    def test_a_run_draws_on_every_budget_that_is_about_it(self) -> None:
        said = judge(policies(p=self.BODY), environment="staging")
        assert [(line.scope, line.key, line.limit) for line in said.budgets] == [
            ("team this month", "team:T1:2026-11", 10_000_000),
            ("staging today", "environment:staging:2026-11-20", 1_000_000),
            ("deploy today", "skill:deploy:2026-11-20", 2_000_000),
        ]
        assert [line.scope for line in judge(policies(p=self.BODY)).budgets] == [
            "team this month",
            "deploy today",
        ]

    def test_the_least_that_is_left_decides(self) -> None:
        spent = {"team:T1:2026-11": Micros(9_600_000), "skill:deploy:2026-11-20": Micros(0)}
        said = judge(policies(p=self.BODY), budgets=spent)
        assert said.facts["budget.left_usd"] == pytest.approx(0.4)
        assert said.decision.effect == "deny"

    def test_the_lower_of_two_limits_on_one_account_holds(self) -> None:
        lower = self.BODY.replace('"10"', '"3"')
        said = judge(policies(p=self.BODY, q=lower))
        assert said.budgets[0].limit == 3_000_000

    def test_without_budgets_there_is_no_limit(self) -> None:
        armed = policies(p=gates("ok | request.ceiling_usd <= budget.left_usd | allow: true"))
        assert judge(armed).decision.effect == "allow"


def test_history_is_in_the_estimate_and_in_the_evidence() -> None:
    lines = [
        {"outcome": "done", "risk": 60, "units": {"compute_seconds": seconds}} for seconds in range(1, 31)
    ]
    said = judge(history=lines)
    assert said.estimate.basis == "30 runs"
    assert said.estimate.p95 == 30 * 45
    assert said.facts["evidence.runs"] == 30
    assert said.facts["evidence.success_lb"] == pytest.approx(0.8865, abs=1e-3)


def test_runs_are_compared_within_a_major_version_and_an_environment() -> None:
    assert account_of(judge().invocation) == "deploy@1:production"


def test_an_assessment_is_read_back_from_its_own_json() -> None:
    said = judge()
    assert Assessment.model_validate_json(said.model_dump_json(by_alias=True)) == said


class TestBinding:
    """What an approval is for: each part, changed, is another digest, and the difference is named."""

    @pytest.mark.parametrize(
        ("part", "changed"),
        [
            ("inputs", {"inputs": {"service": "payments"}}),
            ("environment", {"environment": "staging"}),
            ("target", {"plan": PLAN.model_copy(update={"target": Target(identity="x", revision="8")})}),
            ("plan", {"plan": PLAN.model_copy(update={"summary": "other"})}),
            ("plan", {"plan": PLAN.model_copy(update={"details": "x"})}),
            ("plan", {"plan": PLAN.model_copy(update={"resolved": {"version": "1.4.3"}})}),
            ("plan", {"plan": PLAN.model_copy(update={"undo": "x"})}),
            ("requester", {"requester": Principal("bob")}),
            ("ceiling", {"skill": skill(cost={"ceiling_usd": {"production": "0.51"}})}),
            ("card_revision", {"card_revision": 2}),
            ("requirements", {"skill": skill(effects={"destructive": True, "risk": {"production": 60}})}),
        ],
    )
    def test_every_part_changes_the_digest_and_is_named(self, part: str, changed: dict[str, Any]) -> None:
        before, after = judge(), judge(**changed)
        assert before.digest != after.digest
        assert part in {line.partition(":")[0] for line in drift(before.binding, after.binding)}

    def test_the_skills_bytes_are_bound(self) -> None:
        edited = replace(skill(), digest=Digest("sha256:" + "b" * 64))
        before, after = judge(), judge(skill=edited)
        assert before.digest != after.digest
        assert drift(before.binding, after.binding) == (
            "skill_digest: sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb",
        )

    @pytest.mark.parametrize(
        ("old", "new"),
        [("Why ok.", "Why ok!"), ("version: 1", "version: 2"), ("purpose: What", "purpose: That")],
    )
    def test_any_change_of_an_applying_policy_changes_the_digest(self, old: str, new: str) -> None:
        text = HEAD.format(name="p") + gates("ok | true | allow: true")
        one, other = (Policies.load({"policies/p.yaml": document(t)}) for t in (text, text.replace(old, new)))
        assert one.digest != other.digest
        assert judge(one).digest != judge(other).digest

    def test_a_policy_for_another_skill_leaves_it_standing(self) -> None:
        text = HEAD.format(name="p") + gates("ok | true | allow: true")
        extra = HEAD.format(name="q").replace("deploy", "wipe") + gates("ok | true | deny: no")
        one = Policies.load({"policies/p.yaml": document(text)})
        two = Policies.load({"policies/p.yaml": document(text), "policies/q.yaml": document(extra)})
        assert one.digest != two.digest
        assert judge(one).digest == judge(two).digest

    def test_comments_and_the_order_of_keys_do_not_matter(self) -> None:
        text = HEAD.format(name="p") + gates("ok | true | allow: true")
        lines = text.splitlines()
        moved = "\n".join(["# said", *lines[5:], *lines[:5]]) + "\n"
        one, other = (Policies.load({"policies/p.yaml": document(t)}) for t in (text, moved))
        assert one.digest == other.digest

    def test_the_same_is_the_same(self) -> None:
        one = judge(inputs={"a": 1, "b": 2})
        other = judge(inputs={"b": 2, "a": 1})
        assert one.digest == other.digest
        assert drift(one.binding, other.binding) == ()

    def test_a_binding_is_the_same_after_being_stored(self) -> None:
        binding = judge().binding
        assert Binding.model_validate_json(binding.model_dump_json()).digest() == binding.digest()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), VALUES, min_size=1, max_size=4), st.randoms())
def test_the_order_of_keys_never_changes_a_digest(value: Any, order: Any) -> None:
    keys = list(value)
    order.shuffle(keys)
    assert digest_of({key: value[key] for key in keys}) == digest_of(value)


@given(VALUES, VALUES)
def test_different_content_has_a_different_digest(one: Any, other: Any) -> None:
    assert (digest_of(one) == digest_of(other)) is (_typed(one) == _typed(other))


def _typed(value: Any) -> Any:
    """Equality that keeps True and 1 apart, as JSON does."""
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    return [_typed(inner) for inner in value] if isinstance(value, list) else (type(value), value)


def test_what_the_policies_want_measured_besides_is_for_this_skill() -> None:
    check = "[{{name: {}, observed: up, equals: true}}]"
    one = gates("ok | true | allow: true") + f"done: {{deploy: {check.format('health')}}}\n"
    two = (
        gates("ok | true | allow: true")
        + f"done: {{other: {check.format('other')}, deploy: {check.format('errors')}}}\n"
    )
    armed = Policies.load(
        {
            f"policies/{name}.yaml": document(HEAD.format(name=name).replace("[deploy]", "['*']") + body)
            for name, body in (("p", one), ("q", two))
        }
    )
    assert [check.name for check in judge(armed).done] == ["health", "errors"]
    assert judge(policies(p=gates("ok | true | allow: true"))).done == ()
