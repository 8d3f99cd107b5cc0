"""A judgement of then, looked at under the policies of now: for simulations and for comparing policies."""

from __future__ import annotations

from datetime import datetime

from bot.assess import budget
from bot.assess.assessment import Assessment
from bot.assess.condition import ConditionError
from bot.assess.facts import MOST_USD, Facts, usd
from bot.assess.policy import Policies
from bot.assess.risk import HIGHEST
from bot.terms import Micros


def replayed(then: Assessment, policies: Policies, *, at: datetime, team: str, declared: int | None) -> Facts:
    """The recorded facts, with everything that policies themselves add to them worked out anew.

    That is the risk on top of what the skill declared, the freeze windows open at that moment, and what was
    left of the budgets. `declared` None: what the skill declared is not known any more, and the recorded risk
    stands. Raises pydantic's ValidationError for facts of another vocabulary.
    """
    facts = Facts.of(then.facts)
    call = then.invocation
    spent = {line.key: line.limit - line.left for line in then.budgets}
    accounts = policies.accounts(call, team=team, now=at)
    known = {one.key: Micros(spent.get(one.key, 0)) for one in accounts}
    left = min((usd(line.left) for line in budget.lines(accounts, known)), default=MOST_USD)
    frozen = policies.freezes(call.skill, call.version, at)
    facts = facts.model_copy(
        update={
            "freeze": facts.freeze.model_copy(update={"active": frozen}),
            "budget": facts.budget.model_copy(update={"left_usd": left}),
        }
    )
    return facts if declared is None else with_risk(facts, declared + added(facts, policies))


def moved(facts: Facts, source: Policies, other: Policies) -> Facts:
    """Facts whose risk was summed by `source`, with the risk that `other` would sum instead."""
    return with_risk(facts, facts.request.risk - added(facts, source) + added(facts, other))


def added(facts: Facts, policies: Policies) -> int:
    """What the risk rows that hold add; one that cannot be judged adds all there is."""
    values = facts.named()
    total = 0
    for policy in policies.for_skill(facts.request.skill, facts.request.version):
        view = policy.view(values)
        for row, condition in policy.risk:
            try:
                total += row.add if policy.holds(condition, view) else 0
            except ConditionError:
                return HIGHEST
    return total


def with_risk(facts: Facts, risk: int) -> Facts:
    """Facts with another risk, kept within what risk can be."""
    bounded = max(0, min(HIGHEST, risk))
    return facts.model_copy(update={"request": facts.request.model_copy(update={"risk": bounded})})
