"""What is said when no gate denies: nothing armed, nobody who may ask, no gate that covers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.assess.compiled import Policy
from bot.assess.decision import Because
from bot.assess.facts import Facts
from bot.assess.policy import Policies


def nothing_armed(policies: Policies, facts: Facts) -> Because:
    if policies.problems:
        why = f"The policies do not load, so nothing may run: {policies.problems[0]}"
        return Because(rule="policies/unarmed", why=why)
    why = f"No policy covers {facts.request.skill}, so it may not run. Ask the platform team to write one."
    return Because(rule="policies/silence", why=why)


def not_asked_of(policy: Policy, facts: Facts) -> Iterator[Because]:
    may = policy.runbook.may_request
    if may is not None and not set(may) & set(facts.actor.groups):
        groups = " or ".join(f"@{group}" for group in may)
        why = f"Only {groups} may ask for {facts.request.skill}. Ask one of them, or {policy.runbook.owner}."
        yield Because(rule=f"{policy.name}/may_request", why=why)


def silence(policies: Sequence[Policy], facts: Facts) -> Because:
    asked = facts.request
    owners = " or ".join(dict.fromkeys(policy.runbook.owner for policy in policies))
    why = (
        f"No gate covers {asked.skill} in {asked.environment} at risk {asked.risk}, and silence denies. "
        f"Ask {owners} to add one."
    )
    return Because(rule=f"{policies[0].name}/silence", why=why)
