"""What gates with `earned` would have done with the requests on record, before anybody turns them on.

The record that each request would have met is put together again from the runs that had ended by then, in the
order of time. What is older than the oldest request given is not known, and counts for nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.assess.asking import Earned
from bot.assess.evidence import LOOKED_AT, Band, Evidence, Line, band, draw, evidence
from bot.assess.facts import EvidenceFacts, Facts
from bot.assess.gate import decide, matching_rules
from bot.assess.gather import record_facts
from bot.assess.policy import Policies
from bot.assess.promises import Effect
from bot.assess.remedies import Threshold, cooled, shortfalls
from bot.assess.unfolding import RELAXED
from bot.lifecycle import State
from bot.terms import Digest

RAN = (State.DONE, State.NOT_DONE, State.FAILED, State.ROLLED_BACK, State.UNKNOWN)
"""Ends of runs that say something about the skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A request on record. `ended_at` is when its run ended, if it ran; `account` where its runs are kept."""

    request: str
    sentence: str
    asked_at: datetime
    ended_at: datetime | None
    state: State
    account: str
    digest: Digest
    facts: Facts
    effect: Effect


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A request for which a record would have been enough: what was decided, and what would have been."""

    past: Past
    record: str
    effect: Effect

    @property
    def ended_badly(self) -> bool:
        return self.past.state in RAN and self.past.state is not State.DONE

    @property
    def people_said_no(self) -> bool:
        return self.past.state is State.DENIED


@dataclass(frozen=True, slots=True)
class Demotion:
    """A run that ended badly, and took away what had been earned until then."""

    past: Past
    until: datetime | None


@dataclass(slots=True)
class Rehearsal:
    """One gate over all of it. `picked` would have been relaxed but for the sample; `short` counts what the
    other requests it is about were short of, each request once for each threshold.
    """

    rule: str
    earned: Earned
    about: int = 0
    relaxed: list[Relaxed] = field(default_factory=list)
    picked: list[Past] = field(default_factory=list)
    demotions: list[Demotion] = field(default_factory=list)
    short: Counter[Threshold] = field(default_factory=Counter)
    met: set[tuple[str, Band]] = field(default_factory=set)
    """Accounts and bands of the requests it is about."""

    @property
    def sampled(self) -> float | None:
        """The share of what was earned that was picked for review; None when nothing was earned."""
        earned = len(self.relaxed) + len(self.picked)
        return len(self.picked) / earned if earned else None


def rehearse(policies: Policies, pasts: Sequence[Past]) -> tuple[Rehearsal, ...]:
    """Every gate with `earned`, in the order of the policies."""
    found = {
        f"{policy.name}/{gate.id}": Rehearsal(f"{policy.name}/{gate.id}", gate.earned)
        for policy in policies.armed.values()
        for gate in policy.runbook.gates
        if gate.earned is not None
    }
    kept = {_band_of(past): _Kept() for past in pasts}
    for past, asked in _in_time(pasts):
        if asked:
            _ask(past, policies, found, kept[_band_of(past)])
        else:
            _end(past, found, kept[_band_of(past)])
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Kept:
    """Of one account and band: the last runs, and of those that failed as many again."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LOOKED_AT))
    failures: deque[Line] = field(default_factory=lambda: deque(maxlen=LOOKED_AT))

    def record(self, past: Past, now: datetime, *more: Line) -> Evidence:
        risk = past.facts.request.risk
        lines = (*self.lines, *more)
        return evidence(lines, self.failures, risk=risk, digest=past.digest, now=now)


def _band_of(past: Past) -> tuple[str, Band]:
    return past.account, band(past.facts.request.risk)


def _in_time(pasts: Sequence[Past]) -> Iterator[tuple[Past, bool]]:
    """Each request as it is asked, and again as its run ends; an end comes before what is asked just then."""
    asked = [(past.asked_at, 1, number) for number, past in enumerate(pasts)]
    ended = [
        (past.ended_at, 0, number)
        for number, past in enumerate(pasts)
        if past.ended_at is not None and past.state in RAN
    ]
    for _, what, number in sorted([*asked, *ended]):
        yield pasts[number], bool(what)


def _ask(past: Past, policies: Policies, found: Mapping[str, Rehearsal], kept: _Kept) -> None:
    record = kept.record(past, past.asked_at)
    # Each draws for itself here: what the lots of then came to is known only where they were drawn.
    seen = _seen(record, draw(past.request, past.asked_at.isoformat(), secret=b"rehearsed"))
    facts = past.facts.model_copy(update={"evidence": seen})
    matched = matching_rules(policies, facts)
    for rule, one in found.items():
        if not matched & {rule, rule + RELAXED}:
            continue
        one.about += 1
        one.met.add(_band_of(past))
        short = [threshold for threshold, _ in shortfalls(one.earned, seen)]
        if rule + RELAXED in matched:
            said = f"{record.verified} of {record.runs} verified, lower bound {record.success_lb:.2f}"
            one.relaxed.append(Relaxed(past, said, decide(policies, facts).effect))
        elif short == ["sample"]:
            one.picked.append(past)
        else:
            one.short.update(threshold for threshold in short if threshold != "sample")


def _end(past: Past, found: Mapping[str, Rehearsal], kept: _Kept) -> None:
    assert past.ended_at is not None  # noqa: S101  only what ended is here
    risk, at = past.facts.request.risk, past.ended_at
    line: Line = {
        "request": past.request,
        "outcome": past.state.value,
        "digest": past.digest,
        "risk": risk,
        "at": int(at.timestamp() * 1000),
    }
    if past.state is not State.DONE:
        before, after = (_seen(kept.record(past, at, *more), 1.0) for more in ((), (line,)))
        for one in found.values():
            if _band_of(past) not in one.met or any(shortfalls(one.earned, before)):
                continue
            if any(shortfalls(one.earned, after)):
                one.demotions.append(Demotion(past, cooled(one.earned, after, at)))
        kept.failures.append(line)
    kept.lines.append(line)


def _seen(record: Evidence, drawn: float) -> EvidenceFacts:
    return EvidenceFacts.model_validate(record_facts(record, draw=drawn))
