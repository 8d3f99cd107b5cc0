"""`assent policy simulate`: what would be decided, for a request nobody made and for those on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

WHAT = ("deploy", "service=checkout", "version=1.4.2", "to", "production")
SHIPPED = {
    "ASSENT_SKILLS": str(Path(__file__).parents[2] / "skills"),
    "ASSENT_POLICIES": str(Path(__file__).parents[2] / "policies"),
}


def simulated(assent: Any, env: dict[str, str], *words: str) -> Any:
    ran = assent("policy", "simulate", *words, "--json", env=env)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_a_request_that_nobody_made_is_judged_by_the_real_gate(assent) -> None:
    said = simulated(assent, SHIPPED, *WHAT, "--as", "alice", "--groups", "engineers,release")
    assert (said["effect"], said["people"], said["risk"]) == ("require", 2, 60)
    assert [one["rule"] for one in said["because"]] == ["deployments/two-people"]
    assert said["facts"]["actor.groups"] == ["engineers", "release"]
    assert said["required"][0]["all_of"] == ["@service-owners", "@release"]


def test_a_gate_that_did_not_match_says_what_would_have_to_change(assent) -> None:
    gates = {one["rule"]: one for one in simulated(assent, SHIPPED, *WHAT)["gates"]}
    freeze, risky = gates["deployments/freeze"], gates["deployments/high-risk"]
    assert freeze["stands_for"] == {"frozen": "size(freeze.active) > 0"}
    assert freeze["facts"] == {"freeze.active": []}
    assert risky["facts"] == {"request.risk": 60}
    shown = assent("policy", "simulate", *WHAT, env=SHIPPED).said
    assert "frozen: size(freeze.active) > 0 (freeze.active is [])" in shown
    assert "request.risk >= 70 (request.risk is 60)" in shown


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        pytest.param(("--risk", "70"), ["two-people", "high-risk"], id="the risk itself"),
        pytest.param(("--fact", "plan.changes=30"), ["two-people", "high-risk"], id="what adds to it"),
        pytest.param(("--at", "2025-12-24T12:00:00"), ["freeze"], id="a time in a freeze"),
        pytest.param(("--fact", "skill.lifecycle=draft"), ["draft"], id="any fact"),
        pytest.param(("--fact", "budget.left_usd=0.1"), ["over-budget"], id="an empty budget"),
    ],
)
def test_what_is_said_counts_and_so_does_the_risk_it_adds(
    assent, words: tuple[str, ...], rules: list[str]
) -> None:
    said = simulated(assent, SHIPPED, *WHAT, *words)
    assert [one["rule"].partition("/")[2] for one in said["because"]] == rules


def test_those_who_may_approve_are_named_without_the_one_who_asks(assent, artifacts) -> None:
    said = simulated(assent, artifacts, *WHAT, "--as", "alice")
    assert said["required"][0]["may_approve"] == ["bob"]
    assert "@release (bob)" in assent("policy", "simulate", *WHAT, "--as", "alice", env=artifacts).said


NARROW = """
gates:
  - id: freeze
    why: nobody is there
    when: size(freeze.active) > 0
    deny: There is a freeze.
    override: {all_of: [{group: release}], notify: [release], review_by: [release]}
  - id: change
    why: somebody else should look
    when: request.mode == "mutate" && !request.destructive
    require: {all_of: [{group: release}]}
    earned: {runs: 40, success_lb: 0.9}
"""


@pytest.fixture
def narrow(artifacts: dict[str, str]) -> dict[str, str]:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().partition("gates:")[0] + NARROW)
    return artifacts


def test_a_denial_that_can_be_overridden_says_how_and_by_whom(assent, narrow) -> None:
    frozen = (*WHAT, "--fact", 'freeze.active=["weekend"]')
    said = simulated(assent, narrow, *frozen)
    [one] = said["overrides"]
    assert (one["rule"], one["would_ask"], one["tells"]) == ("simple/freeze", ["@release"], ["release"])
    assert said["if_broken"]["because"] == ["simple/freeze+override", "simple/change"]
    shown = assent("policy", "simulate", *frozen, env=narrow).said
    assert "simple/freeze can be overridden by @release: ask again with break_glass=yes" in shown
    assert "with the glass broken: require by simple/freeze+override, simple/change, 2 people" in shown


def test_a_record_says_what_it_is_short_of(assent, narrow) -> None:
    facts = (
        "runs=38",
        "success_lb=0.95",
        "digest_runs=9",
        "failures_30d=0",
        "days_since_failure=90",
        "draw=0.5",
    )
    record = [word for one in facts for word in ("--fact", f"evidence.{one}")]
    [one] = simulated(assent, narrow, *WHAT, *record)["records"]
    assert (one["earned"], one["short"]) == (False, ["38 of 40 runs"])
    shown = assent("policy", "simulate", *WHAT, *record, env=narrow).said
    assert "simple/change would ask nobody, but for: 38 of 40 runs" in shown
    enough = [*record, "--fact", "evidence.runs=41"]
    assert simulated(assent, narrow, *WHAT, *enough)["effect"] == "allow"
    assert (
        "simple/change: earned, so it asks nobody"
        in assent("policy", "simulate", *WHAT, *enough, env=narrow).said
    )


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("bob", "bob could say yes now (review); then it is granted"),
        ("alice", 'alice could not say yes now: "You asked for this'),
        ("carol", "and you are not among them"),
    ],
)
def test_what_somebodys_yes_would_do(assent, artifacts, person: str, words: str) -> None:
    ran = assent("policy", "simulate", *WHAT, "--as", "alice", "--for", person, env=artifacts)
    assert words in ran.said
    said = simulated(assent, artifacts, *WHAT, "--as", "alice", "--for", person)
    assert said["person"]["may"] is (person == "bob")


def test_one_text_is_read_as_in_slack(assent, artifacts) -> None:
    assert simulated(assent, artifacts, "deploy checkout 1.4.2 to staging")["effect"] == "require"


def test_a_skill_that_is_not_locked_yet_can_be_tried(assent, artifacts) -> None:
    (Path(artifacts["ASSENT_SKILLS"]) / "skills.lock").unlink()
    assert simulated(assent, artifacts, *WHAT)["effect"] == "require"


def test_a_draft_elsewhere_is_judged_instead(assent, artifacts, tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    draft.mkdir()
    policy = (Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml").read_text()
    open_now = policy.replace("require: {all_of: [{group: release}]}", "allow: true")
    (draft / "simple.yaml").write_text(open_now.replace("require, [change], 1", "allow, [change], 0"))
    assert simulated(assent, artifacts, *WHAT, "--policies", str(draft))["effect"] == "allow"
    (draft / "simple.yaml").write_text("policy: [")
    ran = assent("policy", "simulate", *WHAT, "--policies", str(draft), env=artifacts)
    assert ran.code == 2
    assert "The policies do not load." in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("deploy", "checkout", "to", "production"), "deploy also needs: version", id="less"),
        pytest.param(("deplyo", "checkout"), "Did you mean deploy?", id="a slip"),
        pytest.param(("help",), "That is no request", id="no request"),
        pytest.param((*WHAT, "--fact", "plan.chnges=3"), "Did you mean plan.changes?", id="no fact"),
        pytest.param((*WHAT, "--fact", "plan.changes=many"), 'cannot be "many"', id="no value"),
        pytest.param((*WHAT, "--fact", "plan.changes"), "Write name=value", id="no equals sign"),
        pytest.param((), "Say a request", id="nothing"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_words(assent, words: tuple[str, ...], said: str) -> None:
    ran = assent("policy", "simulate", *words, env=SHIPPED)
    assert ran.code == 2
    assert said in ran.err


def test_history_is_decided_as_it_was_until_the_policies_change(
    assent, artifacts, redis_url: str, asked: str
) -> None:
    env = {**artifacts, "REDIS_URL": redis_url}
    assert simulated(assent, env, "--history", "10") == {"replayed": 1, "differ": 0, "requests": []}
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    narrower = 'when: request.mode == "mutate" && request.risk < 25'
    policy.write_text(policy.read_text().replace('when: request.mode == "mutate"', narrower))
    [row] = simulated(assent, env, "--history", "10")["requests"]
    assert (row["request"], row["change"]) == (asked, "stricter")
    assert (row["then"]["effect"], row["now"]["effect"]) == ("require", "deny")
    ran = assent("policy", "simulate", "--history", "10", env=env)
    assert ran.code == 0
    assert "1 of the last 1 decisions would differ." in ran.err


def test_history_sees_what_policies_add_to_the_facts(assent, artifacts, redis_url: str, asked: str) -> None:
    """A risk row and a freeze window change recorded facts before any gate looks at them."""
    env = {**artifacts, "REDIS_URL": redis_url}
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    when = "size(freeze.active) > 0 && request.risk >= 70"
    gate = f"  - {{id: frozen, why: it is risky now, when: {when}, deny: no}}"
    policy.write_text(policy.read_text().replace("budgets:", f"{gate}\nbudgets:") + FROZEN)
    [row] = simulated(assent, env, "--history", "10")["requests"]
    assert row["now"] == {"effect": "deny", "because": ["simple/frozen"], "people": None}


FROZEN = """\
risk:
  - {add: 50, when: request.environment == "staging", why: it is staging}
freeze_windows:
  - {id: always, tz: UTC, weekly: Mon 00:00 - Mon 00:00}
"""


def test_without_a_store_there_is_no_history(assent, artifacts) -> None:
    ran = assent("policy", "simulate", "--history", "10", env=artifacts)
    assert ran.code == 2
    assert "Set REDIS_URL" in ran.err
