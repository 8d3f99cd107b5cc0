"""The demands of several gates as one: who must say yes, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.assess.compiled import Policy
from bot.assess.decision import Requirement


def merged(requirements: Sequence[Requirement], policies: Sequence[Policy]) -> tuple[Requirement, ...]:
    """The same demand made by two gates is answered once; a stage that is not asked for is not waited for."""
    stages = {one.stage for one in requirements}
    before: dict[str, set[str]] = {}
    for policy in policies:
        for gate in policy.gates:
            if gate.requirement is not None and gate.requirement.after is not None:
                before.setdefault(gate.requirement.stage, set()).add(gate.requirement.after)
    found: dict[object, Requirement] = {}
    for one in requirements:
        after = _asked_before(one.after, stages, before)
        settled = one if after == one.after else one.model_copy(update={"after": after})
        demand = (one.stage, after, one.all_of, one.any_of, one.distinct, one.exclude)
        found.setdefault(demand, settled)
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
