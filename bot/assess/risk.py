"""Risk as a transparent sum: what the skill declares, plus the rows of the policies that hold."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ask.manifest import Effects
from bot.assess.compiled import Policy
from bot.assess.condition import ConditionError
from bot.assess.facts import Facts
from bot.terms import Environment

HIGHEST = 100


def declared(effects: Effects, environment: Environment) -> int:
    """What the manifest says for the environment; the highest when it says nothing, unless it only reads."""
    return effects.risk.get(environment, 0 if effects.read_only else HIGHEST)


def assess_risk(policies: Sequence[Policy], facts: Facts, base: int) -> tuple[int, tuple[str, ...]]:
    """The sum, kept within 0 to 100, and how it came about; no words when it is as declared.

    A row that cannot be judged counts as the highest risk.
    """
    risk = base
    why = [f"{base} declared"]
    values = facts.named()
    for policy in policies:
        view = policy.view(values)
        for row, condition in policy.risk:
            try:
                holds = policy.holds(condition, view)
            except ConditionError as error:
                return HIGHEST, (*why, f"{HIGHEST}: {row.why} could not be judged: {error}")
            if holds:
                risk += row.add
                why.append(f"{row.add:+d} {row.why}")
    return max(0, min(HIGHEST, risk)), tuple(why if len(why) > 1 else ())
