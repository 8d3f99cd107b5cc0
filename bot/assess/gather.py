"""Everything known about a request, as facts. What is not known stays at its worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from bot.ask.catalog import Skill
from bot.ask.fill import written
from bot.ask.invocation import Invocation
from bot.assess.assessment import BudgetLine, Estimate, Plan
from bot.assess.evidence import Evidence, Lots
from bot.assess.facts import MOST_CHANGES, MOST_USD, Facts, usd
from bot.terms import Group, Principal, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a request besides what it says: whose doing it is, and what else of theirs waits.

    People here are those the directory knows; nothing is "not known", never "nobody".
    """

    groups: frozenset[Group] = frozenset()
    """Of the requester, asked for just now."""
    waiting: int = MOST_CHANGES
    authors: tuple[Principal, ...] = ()
    last_committer: Principal | None = None
    beneficiary: Principal | None = None
    lots: Lots | None = None
    """Without any it is drawn for review."""

    def drawn(self, risk: int, target: str) -> float:
        """`evidence.draw` of the request."""
        return self.lots.drawn(risk, target) if self.lots is not None else 0.0


def gather(
    *,
    invocation: Invocation,
    skill: Skill,
    plan: Plan,
    requester: Principal,
    around: Circumstances,
    estimate: Estimate,
    budgets: Sequence[BudgetLine],
    freezes: Sequence[str],
    record: Evidence,
    risk: int,
) -> Facts:
    """Raises Refused when something asked or planned cannot be a fact: control characters, or too much of it.

    Without any budget there is no limit.
    """
    effects = skill.manifest.effects
    drawn = around.drawn(risk, plan.target.identity)
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
        "request.reason": invocation.reason,
        "request.incident": invocation.incident,
        "request.break_glass": invocation.break_glass,
        "actor.principal": requester,
        "actor.groups": [*sorted(around.groups)],
        "actor.waiting": min(around.waiting, MOST_CHANGES),
        "plan.changes": min(len(plan.changes), MOST_CHANGES),
        "plan.targets": [change.what for change in plan.changes],
        "plan.target": plan.target.identity,
        "plan.nothing_to_do": plan.nothing_to_do,
        "plan.labels": dict(plan.labels),
        "plan.authors": list(around.authors),
        "plan.last_committer": around.last_committer or "",
        "plan.beneficiary": around.beneficiary or "",
        "skill.lifecycle": skill.manifest.lifecycle,
        "skill.owners": list(skill.manifest.owners),
        "skill.open_world": effects.open_world,
        "skill.idempotent": effects.idempotent,
        "freeze.active": list(freezes),
        "budget.left_usd": left,
        **{f"evidence.{name}": value for name, value in record_facts(record, draw=drawn).items()},
    }
    try:
        return Facts.of(named)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:3])
        said = first["msg"].removeprefix("Value error, ")
        raise Refused(f"This cannot be judged: {name}: {said[:1].lower()}{said[1:]}.") from None


def record_facts(record: Evidence, *, draw: float) -> dict[str, JsonValue]:
    """The facts of `evidence`, by their last names."""
    return {
        "runs": record.runs,
        "verified": record.verified,
        "success_lb": record.success_lb,
        "digest_runs": record.digest_runs,
        "failures_30d": record.failures_30d,
        "days_since_failure": record.days_since_failure,
        "draw": draw,
    }
