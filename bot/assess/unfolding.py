"""A gate as the plain effects that it comes down to: allow, require, deny, each with its whole condition.

An override, a record that was earned and people who must be known are conditions like all others once they
are written in the words of policies. So judging, proving and explaining know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.assess.asking import Earned, Override, Require
from bot.assess.decision import BrokenGlass, Relation
from bot.assess.runbook import Gate

BROKEN = 'request.break_glass && request.reason != "" && request.incident != ""'
OVERRIDDEN, RELAXED, UNKNOWN = "+override", "+earned", "+unknown-"
"""What is put behind a gate's id: no gate of a file can have such a name."""

OVERRIDE_STAGE = "override"

_KNOWN: dict[Relation, tuple[str, str]] = {
    "author": ("size(plan.authors) > 0", "whose work it is"),
    "last_committer": ('plan.last_committer != ""', "who committed last"),
    "beneficiary": ('plan.beneficiary != ""', "who gains by it"),
}


@dataclass(frozen=True, slots=True)
class Plain:
    """One effect: with `require` it asks, with `allow` it allows, else it denies."""

    id: str
    when: str
    why: str
    allow: bool = False
    require: Require | None = None
    broken_glass: BrokenGlass | None = None
    ttl_s: int | None = None
    earned: Earned | None = None


def unfolded(gate: Gate, *, policy: str) -> Iterator[Plain]:
    """The effects of a gate of `policy`, in the order in which they are told."""
    if gate.override is not None:
        yield Plain(gate.id, _but_not(gate.when, BROKEN), gate.deny or gate.why)
        yield _overridden(gate, gate.override, policy)
    elif gate.require is not None and gate.earned is not None:
        good = deserved(gate.earned)
        kept, relaxed = _but_not(gate.when, good), _and(gate.when, good)
        yield from _asking(gate, gate.require, kept)
        name = gate.id + RELAXED
        if gate.earned.instead is None:
            yield Plain(name, relaxed, gate.why, allow=True, earned=gate.earned)
        else:
            yield from _asking(gate, gate.earned.instead, relaxed, name=name, earned=gate.earned)
    elif gate.require is not None:
        yield from _asking(gate, gate.require, gate.when)
    else:
        yield Plain(gate.id, gate.when, gate.deny or gate.why, allow=gate.allow is True)


def deserved(earned: Earned) -> str:
    """What the record must be, as a condition."""
    return (
        f"evidence.runs >= {earned.runs} && evidence.success_lb >= {earned.success_lb!r}"
        f" && evidence.digest_runs >= {earned.probation} && evidence.failures_30d <= {earned.failures_30d}"
        f" && evidence.days_since_failure >= {earned.cool_down_days}"
        f" && evidence.draw >= {earned.sample!r} && !request.destructive"
    )


def gate_of(name: str) -> str:
    """The gate as it is written that one of its effects, or its rule, is of."""
    return name.partition("+")[0]


def guards(name: str) -> bool:
    """Whether an effect only denies because somebody is not known: no author wrote it or could drop it."""
    return UNKNOWN in name


def told(name: str) -> str:
    """An effect as people speak of it: `the override of freeze`."""
    gate, _, suffix = name.partition("+")
    match suffix.partition("-")[0]:
        case "override":
            return f"the override of {gate}"
        case "earned":
            return f"what a record earns at {gate}"
    return gate


def ids(gate: Gate) -> tuple[str, ...]:
    """Every name under which the gate may decide."""
    return tuple(one.id for one in unfolded(gate, policy=""))


def _asking(
    gate: Gate, require: Require, when: str, *, name: str = "", earned: Earned | None = None
) -> Iterator[Plain]:
    """Whom it leaves out must be known: nobody can say no to somebody whom nobody knows."""
    name = name or gate.id
    for relation in require.exclude:
        if relation in _KNOWN:
            known, words = _KNOWN[relation]
            why = f"The plan does not say {words}, and that person's yes must not count."
            yield Plain(f"{name}{UNKNOWN}{relation}", _but_not(when, known), why)
    yield Plain(name, when, gate.why, require=require, earned=earned)


def _overridden(gate: Gate, override: Override, policy: str) -> Plain:
    require = Require(
        stage=OVERRIDE_STAGE,
        all_of=override.all_of,
        any_of=override.any_of,
        exclude=override.exclude,
        reason="required",
    )
    glass = BrokenGlass(
        rule=f"{policy}/{gate.id}",
        notify=override.notify,
        review_by=override.review_by,
        review_within_s=override.review_within,
    )
    why = f"The glass was broken: {gate.deny}"
    when = _and(gate.when, BROKEN)
    return Plain(gate.id + OVERRIDDEN, when, why, require=require, broken_glass=glass, ttl_s=override.ttl)


def _and(when: str, more: str) -> str:
    return f"({when}\n) && {more}"  # the line ends, so that a comment of the author's ends too


def _but_not(when: str, more: str) -> str:
    return f"({when}\n) && !({more})"
