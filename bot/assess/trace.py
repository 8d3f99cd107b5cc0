"""How every gate came out and what it looked at, for explanations; slower than deciding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.assess.compiled import Policy, ReadyGate, View
from bot.assess.condition import Condition, ConditionError
from bot.assess.facts import Facts
from bot.assess.policy import Policies
from bot.assess.promises import Effect


@dataclass(frozen=True, slots=True)
class Trace:
    """How one effect of a gate came out.

    `first_false` is the part that would have to change for it to match. `stands_for` says what the named
    conditions in it are, and `facts` has what it looked at: that part, or all of a condition that matched.
    """

    rule: str
    effect: Effect
    matched: bool
    why: str = ""
    first_false: str = ""
    error: str = ""
    stands_for: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def missed(self) -> str:
        """`frozen: size(freeze.active) > 0 (freeze.active is [])`; nothing for a gate that matched."""
        if self.error or not self.first_false:
            return self.error
        meant = self.stands_for.get(self.first_false)
        said = f"{self.first_false}: {meant}" if meant else self.first_false
        values = [f"{name} is {json.dumps(value, ensure_ascii=False)}" for name, value in self.facts.items()]
        return f"{said} ({', '.join(values)})" if values else said


def trace(policies: Policies, facts: Facts) -> tuple[Trace, ...]:
    """Every effect of every gate of every policy that applies."""
    values = facts.named()
    return tuple(
        _traced(policy, gate, view, said, values)
        for policy in policies.for_skill(facts.request.skill, facts.request.version)
        for view in (policy.view(values),)
        for gate, said in zip(policy.gates, policy.matches(view), strict=True)
    )


def _traced(
    policy: Policy, gate: ReadyGate, view: View, said: bool | ConditionError, values: Mapping[str, Any]
) -> Trace:
    part = _first_false(policy, gate, view) if said is False else gate.condition
    named = {name: condition for name, condition in policy.lets if name in part.names}
    looked_at = part.names.union(*(condition.names for condition in named.values()))
    return Trace(
        rule=gate.rule,
        effect=gate.effect,
        matched=said is True,
        why=gate.because.why,
        first_false=part.source if said is False else "",
        error=str(said) if isinstance(said, ConditionError) else "",
        stands_for={name: condition.source for name, condition in named.items()},
        facts={name: value for name, value in values.items() if name in looked_at},
    )


def _first_false(policy: Policy, gate: ReadyGate, view: View) -> Condition:
    for part in policy.language.conjuncts(gate.condition):
        try:
            if not policy.holds(part, view):
                return part
        except ConditionError:
            continue  # false && error is false: the error is not what kept the gate from matching
    return gate.condition
