"""The demands of several gates as one: who must say yes, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.assess.compiled import Policy
from bot.assess.decision import Requirement
from bot.assess.runbook import Require


def requirement(rule: str, require: Require) -> Requirement:
    return Requirement(
        rule=rule,
        stage=require.stage,
        after=require.after,
        all_of=require.all_of,
        any_of=require.any_of,
        distinct=require.distinct,
        exclude=require.exclude,
    )


def merged(requirements: Sequence[Requirement], policies: Sequence[Policy]) -> tuple[Requirement, ...]:
    """The same demand made by two gates is answered once; a stage that is not asked for is not waited for."""
    stages = {one.stage for one in requirements}
    before: dict[str, set[str]] = {}
    for policy in policies:
        for gate, _ in policy.gates:
            if gate.require is not None and gate.require.after is not None:
                before.setdefault(gate.require.stage, set()).add(gate.require.after)
    found: dict[str, Requirement] = {}
    for one in requirements:
        settled = one.model_copy(update={"after": _asked_before(one.after, stages, before)})
        found.setdefault(settled.model_dump_json(exclude={"rule"}), settled)
    return tuple(found.values())


def _asked_before(after: str | None, stages: set[str], before: Mapping[str, set[str]]) -> str | None:
    """The nearest earlier stage that is really asked for."""
    look = [after] if after is not None else []
    while look:
        now = look.pop(0)
        if now in stages:
            return now
        look += sorted(before.get(now, ()))
    return None
