"""What would have made a decision another one: a record that is not good enough yet, or broken glass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.assess.asking import Earned
from bot.assess.compiled import Policy, ReadyGate
from bot.assess.decision import BrokenGlass, Requirement
from bot.assess.evidence import WINDOW
from bot.assess.facts import EvidenceFacts, Facts
from bot.assess.gate import matching_rules
from bot.assess.policy import Policies
from bot.assess.unfolding import OVERRIDDEN, RELAXED

ASK_SO = 'break_glass=yes incident=INC-42 reason="…"'
"""How glass is broken: what is written behind a request."""


Threshold = Literal["runs", "success_lb", "probation", "failures_30d", "cool_down_days", "sample"]
"""What a record may be short of, by the key of `earned` that says so."""


@dataclass(frozen=True, slots=True)
class Earning:
    """The record that a gate looks at: whether it is enough, or else what it is short of.

    `instead` is who is asked once it is enough; None is nobody. `until` is when the last failure has cooled
    down at the latest, when it is that which is in the way.
    """

    rule: str
    earned: bool
    record: str
    short: tuple[str, ...]
    until: datetime | None
    instead: Requirement | None


@dataclass(frozen=True, slots=True)
class Override:
    """A deny that the requester may have overridden, and whom that would ask."""

    rule: str
    why: str
    asks: Requirement
    glass: BrokenGlass
    lasts_s: int


def earnings(policies: Policies, facts: Facts, *, judged_at: datetime) -> tuple[Earning, ...]:
    """Of every gate that this request is about and whose record may relax it."""
    matched = matching_rules(policies, facts)
    return tuple(
        _earning(f"{policy.name}/{gate.id}", gate.earned, relaxed, matched, facts, judged_at)
        for policy in _applying(policies, facts)
        for gate in policy.runbook.gates
        if gate.earned is not None
        and (relaxed := _ready(policy, gate.id + RELAXED)) is not None
        and matched & {f"{policy.name}/{gate.id}", relaxed.rule}
    )


def overrides(policies: Policies, facts: Facts) -> tuple[Override, ...]:
    """Of every gate that denies this request now and need not, if the glass were broken."""
    matched, broken = matching_rules(policies, facts), matching_rules(policies, with_glass_broken(facts))
    found = (
        _override(policy, gate.id, gate.deny or gate.why)
        for policy in _applying(policies, facts)
        for gate in policy.runbook.gates
        if f"{policy.name}/{gate.id}" in matched and f"{policy.name}/{gate.id}{OVERRIDDEN}" in broken
    )
    return tuple(one for one in found if one is not None)


def with_glass_broken(facts: Facts) -> Facts:
    """The same request, had it been asked with a reason, an incident and the glass broken."""
    asked = facts.request
    said = {
        "break_glass": True,
        "reason": asked.reason or "a reason",
        "incident": asked.incident or "an incident",
    }
    return facts.model_copy(update={"request": asked.model_copy(update=said)})


def _earning(
    rule: str, earned: Earned, relaxed: ReadyGate, matched: frozenset[str], facts: Facts, at: datetime
) -> Earning:
    seen = facts.evidence
    record = f"{seen.verified} of {seen.runs} verified, lower bound {seen.success_lb:.2f}"
    return Earning(
        rule=rule,
        earned=relaxed.rule in matched,
        record=record,
        short=tuple(words for _, words in shortfalls(earned, seen)),
        until=cooled(earned, seen, at),
        instead=relaxed.requirement,
    )


def shortfalls(earned: Earned, seen: EvidenceFacts) -> Iterator[tuple[Threshold, str]]:
    """Each threshold that is not reached, with its words: `38 of 40 runs`."""
    if seen.runs < earned.runs:
        yield "runs", f"{seen.runs} of {earned.runs} runs"
    if seen.success_lb < earned.success_lb:
        below = math.floor(seen.success_lb * 1000) / 1000  # never shown as what it takes
        yield "success_lb", f"a lower bound of {below:.3f}, and it takes {earned.success_lb:.3f}"
    if seen.digest_runs < earned.probation:
        yield "probation", f"{seen.digest_runs} of {earned.probation} verified runs of these very files"
    if seen.failures_30d > earned.failures_30d:
        failed = f"{seen.failures_30d} failed within {WINDOW.days} days"
        yield "failures_30d", f"{failed}, and {earned.failures_30d} may"
    if seen.days_since_failure < earned.cool_down_days:
        ago = "1 day" if seen.days_since_failure == 1 else f"{seen.days_since_failure} days"
        yield (
            "cool_down_days",
            f"one failed {ago} ago, and it takes {earned.cool_down_days} days to cool down",
        )
    if seen.draw < earned.sample:
        yield "sample", f"it was picked for review, as {earned.sample:.0%} of these are"


def cooled(earned: Earned, seen: EvidenceFacts, at: datetime) -> datetime | None:
    """When the last failure is in nobody's way any more; whole days are known, so up to a day sooner."""
    left = earned.cool_down_days - seen.days_since_failure
    if seen.failures_30d > 0 == earned.failures_30d:
        left = max(left, WINDOW.days - seen.days_since_failure)
    return at + timedelta(days=left) if left > 0 else None


def _override(policy: Policy, name: str, why: str) -> Override | None:
    ready = _ready(policy, name + OVERRIDDEN)
    if ready is None or ready.requirement is None or ready.plain.broken_glass is None:
        return None
    lasts = min(ready.plain.ttl_s or policy.runbook.grant_expires_after, policy.runbook.grant_expires_after)
    return Override(f"{policy.name}/{name}", why, ready.requirement, ready.plain.broken_glass, lasts)


def _ready(policy: Policy, name: str) -> ReadyGate | None:
    return next((gate for gate in policy.gates if gate.id == name), None)


def _applying(policies: Policies, facts: Facts) -> tuple[Policy, ...]:
    return policies.for_skill(facts.request.skill, facts.request.version)
