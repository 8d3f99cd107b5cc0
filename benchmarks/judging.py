"""One decision: over the shipped policies, and where forty gates unfold and every one of them matches."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from pydantic import JsonValue

from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.town import POLICIES, SKILLS, Broken, Town
from bot.artifacts import Artifacts
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Document, Policies

PRODUCTION: dict[str, JsonValue] = {
    "request.skill": "deploy",
    "request.version": "1.0.0",
    "request.environment": "production",
    "request.mode": "mutate",
    "request.destructive": False,
    "request.risk": 70,
    "request.cost_usd": 0.02,
    "request.ceiling_usd": 0.5,
    "request.inputs": {"service": "checkout", "version": "1.4.2"},
    "actor.principal": "alice",
    "actor.groups": ["engineers"],
    "plan.changes": 1,
    "plan.targets": ["checkout"],
    "plan.target": "demo/production/checkout",
    "skill.lifecycle": "stable",
    "skill.open_world": False,
    "skill.idempotent": True,
    "freeze.active": [],
    "budget.left_usd": 100.0,
}


UNFOLDING = (
    "deny: Not now., override: {all_of: [{group: sre}], notify: [release], review_by: [release]}",
    "require: {all_of: [{group: release, count: 2}]}, earned: {runs: 20, success_lb: 0.8}",
    "require: {all_of: [{group: owners}], exclude: [requester, author], veto: [sre]}",
    "require: {stage: safety, after: review, all_of: [{group: sre}], reason: required}",
)
BROKEN: dict[str, JsonValue] = {
    **PRODUCTION,
    "request.break_glass": True,
    "request.reason": "Checkout is down.",
    "request.incident": "INC-42",
    "plan.authors": ["bob"],
}


async def measure(_town: Town, effort: Effort) -> list[Finding]:
    """The dearest of the shipped answers: a risky deployment to production, two stages of approval. And the
    dearest that forty gates can give: with the glass broken each of them asks somebody.
    """
    policies = Artifacts(SKILLS, POLICIES).policies()
    return [
        _decided(
            policies,
            PRODUCTION,
            effort,
            name="decide",
            what="decide() on the shipped policies, {} effects of gates, p50",
            limit=150.0,
        ),
        _decided(
            Policies.load({"policies/deployments.yaml": _forty()}),
            BROKEN,
            effort,
            name="decide-unfolded",
            what="decide() with 40 gates that unfold into {} effects and all ask somebody, p50",
            limit=300.0,
        ),
    ]


def _forty() -> Document:
    gates: list[JsonValue] = [
        {
            "id": f"g{number}",
            "why": "It is what is measured.",
            "when": f'request.environment == "production" && request.risk > {number} && !request.destructive',
            **yaml.safe_load(f"{{{UNFOLDING[number % len(UNFOLDING)]}}}"),
        }
        for number in range(40)
    ]
    head: dict[str, JsonValue] = {
        "policy": "deployments", "version": 1, "owner": "@platform", "purpose": "Forty gates.",
        "applies_to": ["deploy"],
    }  # fmt: skip
    return Document({**head, "gates": gates}, {})


def _decided(
    policies: Policies, named: Mapping[str, JsonValue], effort: Effort, *, name: str, what: str, limit: float
) -> Finding:
    facts = Facts.of(named)
    decided = decide(policies, facts)
    if decided.effect != "require":
        raise Broken(f"{name} should need approval, not {decided.effect}: {decided.because[0]}")
    policy = policies.armed["deployments"]
    condition, view = policy.gates[0].condition, policy.view(facts.named())
    ours, one = by_turns(lambda: decide(policies, facts), lambda: condition.holds(view.situation), effort)
    return Finding(
        name=name,
        what=what.format(len(policy.gates)),
        against="the first of its conditions, asked of the CEL library alone",
        target=f"< {limit:.0f} µs",
        unit="µs",
        measured=ours * 1e6,
        baseline=one * 1e6,
        limit=limit,
    )
