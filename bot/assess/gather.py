"""Everything known about a request, as facts. What is not known stays at its worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import JsonValue, ValidationError

from bot.ask.catalog import Skill
from bot.ask.fill import written
from bot.ask.invocation import Invocation
from bot.assess.assessment import BudgetLine, Estimate, Plan
from bot.assess.evidence import TrackRecord
from bot.assess.facts import MOST_CHANGES, MOST_USD, Facts, usd
from bot.terms import Group, Principal, Refused


def gather(
    *,
    invocation: Invocation,
    skill: Skill,
    plan: Plan,
    requester: Principal,
    groups: Iterable[Group],
    estimate: Estimate,
    budgets: Sequence[BudgetLine],
    freezes: Sequence[str],
    record: TrackRecord,
    risk: int,
) -> Facts:
    """Raises Refused when something asked or planned cannot be a fact: control characters, or too much of it.

    Without any budget there is no limit.
    """
    effects = skill.manifest.effects
    left = min((usd(line.left) for line in budgets), default=MOST_USD)
    named: dict[str, JsonValue] = {
        "request.skill": invocation.skill,
        "request.version": invocation.version,
        "request.environment": invocation.environment.value,
        "request.mode": "read_only" if effects.read_only else "mutate",
        "request.destructive": effects.destructive,
        "request.risk": risk,
        "request.cost_usd": usd(estimate.p95),
        "request.ceiling_usd": usd(estimate.ceiling),
        "request.inputs": {name: written(name, value) for name, value in invocation.inputs.items()},
        "actor.principal": requester,
        "actor.groups": [*sorted(groups)],
        "plan.changes": min(len(plan.changes), MOST_CHANGES),
        "plan.targets": [change.what for change in plan.changes],
        "plan.target": plan.target.identity,
        "plan.nothing_to_do": plan.nothing_to_do,
        "skill.lifecycle": skill.manifest.lifecycle,
        "skill.owners": list(skill.manifest.owners),
        "skill.open_world": effects.open_world,
        "skill.idempotent": effects.idempotent,
        "freeze.active": list(freezes),
        "budget.left_usd": left,
        "evidence.runs": record.runs,
        "evidence.success_lb": record.success_lb,
    }
    try:
        return Facts.of(named)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:3])
        said = first["msg"].removeprefix("Value error, ")
        raise Refused(f"This cannot be judged: {name}: {said[:1].lower()}{said[1:]}.") from None
