"""The demands of several gates as one: who must say yes, stage by stage, and what silence leads to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bot.assess.compiled import Policy, ReadyGate
from bot.assess.decision import Because, Escalation, RequireApproval, Requirement
from bot.assess.facts import Facts, PlanFacts
from bot.assess.runbook import Fatigue, Step
from bot.terms import Principal


def requiring(
    because: Sequence[Because],
    asking: Sequence[ReadyGate],
    *,
    applying: Sequence[Policy],
    speaking: Sequence[Policy],
    facts: Facts,
) -> RequireApproval:
    """What all the gates that ask want together: never less than any of them."""
    wanted = [gate.plain.require for gate in asking if gate.plain.require is not None]
    expires = min(policy.runbook.expires_after for policy in speaking)
    grants = [policy.runbook.grant_expires_after for policy in speaking]
    grants += [gate.plain.ttl_s for gate in asking if gate.plain.ttl_s is not None]
    return RequireApproval(
        because=tuple(because),
        requirements=tuple(_barring(one, facts.plan) for one in merged(asking, applying)),
        denials=min(one.deny for one in wanted),
        veto=tuple(dict.fromkeys(group for one in wanted for group in one.veto)),
        expires_after_s=expires,
        grant_expires_after_s=min(grants),
        escalation=_escalation((step for policy in speaking for step in policy.runbook.escalation), expires),
        **_fatigue([policy.runbook.fatigue for policy in speaking]),
        broken_glass=tuple(gate.plain.broken_glass for gate in asking if gate.plain.broken_glass),
    )


def merged(asking: Sequence[ReadyGate], policies: Sequence[Policy]) -> tuple[Requirement, ...]:
    """The same demand made by two gates is answered once; a stage that is not asked for is not waited for."""
    wanted = [(gate.demand, gate.requirement) for gate in asking if gate.requirement is not None]
    stages = {one.stage for _, one in wanted}
    found: dict[tuple[str, str | None], Requirement] = {}
    for demand, one in wanted:
        after = one.after
        if after is not None and after not in stages:
            after = _asked_before(after, stages, policies)
        first = found.setdefault((demand, after), one)
        if first.after != after or (one.reason and not first.reason) or (one.typed and not first.typed):
            said = {
                "after": after,
                "reason": first.reason or one.reason,
                "typed": first.typed or one.typed,
            }
            found[demand, after] = first.model_copy(update=said)
    return tuple(found.values())


def _asked_before(after: str, stages: set[str], policies: Iterable[Policy]) -> str | None:
    """The nearest earlier stage that is really asked for."""
    before: dict[str, set[str]] = {}
    for policy in policies:
        for gate in policy.gates:
            if gate.requirement is not None and gate.requirement.after is not None:
                before.setdefault(gate.requirement.stage, set()).add(gate.requirement.after)
    look = [after]
    while look:
        now = look.pop(0)
        if now in stages:
            return now
        look += sorted(before.get(now, ()))
    return None


def _barring(one: Requirement, plan: PlanFacts) -> Requirement:
    """With the people whom its relations leave out; whoever asked is known to everybody already."""
    people = {
        "requester": (),
        "author": plan.authors,
        "last_committer": (plan.last_committer,),
        "beneficiary": (plan.beneficiary,),
    }
    barred = {Principal(name) for relation in one.exclude for name in people[relation]}
    return one.model_copy(update={"barred": tuple(sorted(barred))}) if barred else one


def _escalation(steps: Iterable[Step], expires_s: int) -> tuple[Escalation, ...]:
    """Every policy's steps that come before it expires; where nobody is reminded, they are at half-time."""
    found = [
        Escalation(
            after_s=step.after, remind=step.remind is not None, add=step.add, stage=step.to, page=step.page
        )
        for step in steps
        if step.after < expires_s
    ]
    if not any(one.remind for one in found) and expires_s > 1:
        found.append(Escalation(after_s=expires_s // 2, remind=True))
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.after_s))


def _fatigue(wanted: Sequence[Fatigue]) -> dict[str, Any]:
    """The strictest of each."""
    bursts = [one.burst for one in wanted if one.burst is not None]
    return {
        "burst": min(bursts, default=None),
        "burst_within_s": max((one.within for one in wanted if one.burst is not None), default=600),
        "coalesce": any(one.coalesce for one in wanted),
    }
