"""What the policies say about the facts: deny > require > allow, and silence denies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import rfc8785
from pydantic import JsonValue

from bot.ask.catalog import Skill
from bot.ask.invocation import Invocation
from bot.assess import budget
from bot.assess.assessment import Assessment, Binding, Plan, digest_of
from bot.assess.compiled import Policy, ReadyGate
from bot.assess.decision import Allow, Because, Decision, Deny, RequireApproval
from bot.assess.demands import requiring
from bot.assess.estimate import estimate
from bot.assess.evidence import LOOKED_AT, Line, costs, evidence
from bot.assess.facts import Facts
from bot.assess.floor import answerable, floored
from bot.assess.gather import Circumstances, gather, record_facts
from bot.assess.policy import Policies
from bot.assess.risk import assess_risk, declared
from bot.assess.silence import not_asked_of, nothing_armed, silence
from bot.assess.upgrade import upgrade, written
from bot.terms import Environment, Micros, Principal, Refused


def assess(
    *,
    invocation: Invocation,
    skill: Skill,
    plan: Plan,
    requester: Principal,
    around: Circumstances,
    policies: Policies,
    history: Sequence[Line],
    budgets: Mapping[str, Micros] | None,
    now: datetime,
    card_revision: int,
    team: str,
    earlier: Line | None = None,
    failures: Sequence[Line] = (),
) -> Assessment:
    """Judge an invocation and bind the judgement to everything it rests on.

    `history` are the last lines kept under `account_of(invocation)`, of every band, and in their order;
    `failures` those that are not forgotten when many others follow; `budgets` what is spent and held of each
    of `policies.accounts`, None when that is not known; `earlier` is the last run here, of whatever version.
    Raises Refused for what cannot be judged at all.
    """
    name, version = invocation.skill, invocation.version
    applying = policies.for_skill(name, version)
    drawn = budget.lines(policies.accounts(invocation, team=team, now=now), budgets)
    cost = estimate(
        skill.manifest.cost.lines,
        prices=policies.prices,
        ceiling=_ceiling(skill, invocation.environment),
        history=costs(history[-LOOKED_AT:], policies.prices),
    )
    base = declared(skill.manifest.effects, invocation.environment)
    facts = gather(
        invocation=invocation,
        skill=skill,
        plan=plan,
        requester=requester,
        around=around,
        estimate=cost,
        budgets=drawn,
        freezes=policies.freezes(name, version, now),
        record=evidence(history, failures, risk=base, digest=skill.digest, now=now),
        risk=base,
    )
    risk, risk_why = assess_risk(applying, facts, base)
    record = evidence(history, failures, risk=risk, digest=skill.digest, now=now)
    facts = facts.rated(risk, record_facts(record, draw=around.drawn(risk, plan.target.identity)))
    floor, known = skill.manifest.approval, policies.roster.groups
    decision = floored(decide(policies, facts), floor, skill=name, known=known)
    decision = answerable(decision, skill.manifest.steps, skill=name, known=known)
    policy_digest = policies.digest_for(name, version)
    new = upgrade(skill, earlier)
    try:
        binding = Binding(
            skill=name,
            version=version,
            skill_digest=skill.digest,
            inputs=dict(invocation.inputs),
            environment=invocation.environment,
            target=plan.target,
            plan=digest_of(plan.model_dump(mode="json", by_alias=True)),
            requester=requester,
            ceiling=cost.ceiling,
            prices=cost.prices,
            policy_digest=policy_digest,
            requirements=digest_of(_asked(decision)),
            card_revision=card_revision,
            reason=invocation.reason,
            incident=invocation.incident,
            break_glass=invocation.break_glass,
            connectors=policies.connectors.digest_for(skill.manifest),
            models=policies.models.digest_for(skill.manifest),
            mcp=policies.servers.digest_for(skill.manifest),
        )
        digest = binding.digest()
    except rfc8785.CanonicalizationError as error:
        raise Refused(f"The inputs or the plan cannot be written down exactly: {error}.") from None
    return Assessment(
        invocation=invocation,
        requester=requester,
        plan=plan,
        decision=decision,
        estimate=cost,
        budgets=drawn,
        risk=risk,
        risk_why=risk_why,
        facts=facts.named(),
        policy=_label(applying, decision),
        policy_digest=policy_digest,
        files=dict(skill.files),
        done=tuple(check for one in applying for check in one.runbook.done.get(name, ())),
        asks=(
            *policies.connectors.told_for(skill.manifest),
            *policies.models.told_for(skill.manifest),
            *policies.servers.told_for(skill.manifest),
        ),
        may=written(skill),
        new_since=new.since if new else "",
        newly_permitted=new.widened if new else (),
        binding=binding,
        digest=digest,
    )


def rebound(assessment: Assessment, decision: Decision) -> Assessment:
    """The same assessment with another decision, bound to what that one asks."""
    binding = assessment.binding.model_copy(update={"requirements": digest_of(_asked(decision))})
    return assessment.model_copy(
        update={"decision": decision, "binding": binding, "digest": binding.digest()}
    )


def decide(policies: Policies, facts: Facts) -> Decision:
    """Every gate that matches applies. Never raises: what cannot be judged is denied, with the gate named."""
    applying = policies.for_skill(facts.request.skill, facts.request.version)
    if policies.problems or not applying:
        return Deny(because=(nothing_armed(policies, facts),))
    denied = [because for policy in applying for because in not_asked_of(policy, facts)]
    asking: list[ReadyGate] = []
    required: list[Because] = []
    allowed: list[Because] = []
    speaking: list[Policy] = []
    values = facts.named()
    for policy in applying:
        for gate, said in zip(policy.gates, policy.matches(policy.view(values)), strict=True):
            if said is False:
                continue
            if said is not True:
                why = f"It could not be judged, so it denies: {said}"
                denied.append(Because(rule=gate.rule, why=why))
                continue
            if not speaking or speaking[-1] is not policy:
                speaking.append(policy)
            if gate.requirement is not None:
                required.append(_because(gate, facts))
                asking.append(gate)
            elif gate.plain.allow:
                allowed.append(_because(gate, facts))
            else:
                denied.append(gate.because)
    if denied:
        return Deny(because=tuple(denied))
    if not speaking:
        return Deny(because=(silence(applying, facts),))
    grant = min(policy.runbook.grant_expires_after for policy in speaking)
    if required:
        return requiring(required, asking, applying=applying, speaking=speaking, facts=facts)
    return Allow(because=tuple(allowed), grant_expires_after_s=grant)


def _because(gate: ReadyGate, facts: Facts) -> Because:
    """The gate's reason; one that rests on a record says the record."""
    if gate.plain.earned is None:
        return gate.because
    seen, least = facts.evidence, gate.plain.earned.success_lb
    record = f"{seen.verified} of {seen.runs} verified, lower bound {seen.success_lb:.2f} ≥ {least:.2f}"
    said = "auto-approved" if gate.plain.allow else "fewer are asked"
    return Because(rule=gate.rule, why=f"{gate.because.why} Earned, so {said}: {record}.")


def matching_rules(policies: Policies, facts: Facts) -> frozenset[str]:
    """The rules of the gates that match, without what kept the others from it: that takes long."""
    values = facts.named()
    return frozenset(
        gate.rule
        for policy in policies.for_skill(facts.request.skill, facts.request.version)
        for gate, said in zip(policy.gates, policy.matches(policy.view(values)), strict=True)
        if said is True
    )


def _ceiling(skill: Skill, environment: Environment) -> Micros:
    ceiling = skill.manifest.cost.ceiling.get(environment)
    if ceiling is None:
        raise Refused(f"{skill.name} declares no cost ceiling for {environment}, so it cannot run there.")
    return ceiling


def _label(applying: Sequence[Policy], decision: Decision) -> str:
    """The policies that decided, with their versions; all that apply when nothing in them did."""
    spoke = {because.rule.partition("/")[0] for because in decision.because}
    named = [one for one in applying if one.name in spoke] or applying
    return ", ".join(f"{one.name} {one.runbook.version}" for one in named)


def _asked(decision: Decision) -> JsonValue:
    """What of a decision an approval answers: who is asked, not the words of why."""
    if not isinstance(decision, RequireApproval):
        return decision.effect
    asked: list[JsonValue] = [one.model_dump(mode="json") for one in decision.requirements]
    ends: dict[str, JsonValue] = {"deny": decision.denials, "veto": list(decision.veto)}
    return [*asked, ends] if decision.denials > 1 or decision.veto else asked
