"""One decision over the shipped policies."""

from __future__ import annotations

from pydantic import JsonValue

from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.town import POLICIES, SKILLS, Broken, Town
from bot.artifacts import Artifacts
from bot.assess.facts import Facts
from bot.assess.gate import decide

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


async def measure(_town: Town, effort: Effort) -> list[Finding]:
    """The dearest of the shipped answers: a risky deployment to production, two stages of approval."""
    policies = Artifacts(SKILLS, POLICIES).policies()
    facts = Facts.of(PRODUCTION)
    decided = decide(policies, facts)
    if decided.effect != "require":
        raise Broken(f"a risky deployment to production should need approval, not {decided.effect}")
    policy = policies.armed["deployments"]
    condition, view = policy.gates[0].condition, policy.view(facts.named())
    ours, one = by_turns(lambda: decide(policies, facts), lambda: condition.holds(view.situation), effort)
    return [
        Finding(
            name="decide",
            what=f"decide() on the shipped policies, {len(policy.gates)} gates, p50",
            against="the first of its conditions, asked of the CEL library alone",
            target="< 150 µs",
            unit="µs",
            measured=ours * 1e6,
            baseline=one * 1e6,
            limit=150.0,
        )
    ]
