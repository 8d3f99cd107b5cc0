"""What differs between the gates of two versions of a policy, whether or not an example shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.assess.asking import Earned
from bot.assess.compiled import Policy, ReadyGate
from bot.assess.decision import Allow, Decision, Deny, RequireApproval
from bot.assess.runbook import Gate
from bot.assess.strictness import Direction, direction
from bot.assess.unfolding import OVERRIDDEN, RELAXED

LOOSER, STRICTER, SAME = Direction.LOOSER, Direction.STRICTER, Direction.SAME


@dataclass(frozen=True, slots=True)
class Shift:
    """One part that changed; `direction` is `same` where it is decisions that can tell, if anything."""

    part: str
    what: str
    direction: Direction


def gate_shifts(old: Policy, new: Policy) -> Iterator[Shift]:
    """Gates by their id. Who is asked is compared; which condition is stricter, only decisions can tell."""
    before, after = ({gate.id: gate for gate in side.runbook.gates} for side in (old, new))
    for name in sorted(before.keys() | after.keys()):
        part = f"{old.name}/{name}"
        if name not in after:
            yield Shift(part, "the gate is gone", SAME)
        elif name not in before:
            yield Shift(part, "the gate is new", SAME)
        else:
            yield from _gate(part, (old, before[name]), (new, after[name]))


def _gate(part: str, then: tuple[Policy, Gate], now: tuple[Policy, Gate]) -> Iterator[Shift]:
    (old, was), (new, is_) = then, now
    if _when(old, was) != _when(new, is_):
        yield Shift(part, "the gate decides otherwise", SAME)
    if (how := direction(_says(old, was.id), _says(new, is_.id))) is not SAME:
        yield Shift(part, "the gate asks otherwise", how)
    if was.override != is_.override:
        yield Shift(part, *_override(then, now))
    if was.earned != is_.earned:
        yield Shift(part, *_earned(then, now))


def _override(then: tuple[Policy, Gate], now: tuple[Policy, Gate]) -> tuple[str, Direction]:
    (old, was), (new, is_) = then, now
    if is_.override is None:
        return "it can no longer be overridden", STRICTER
    if was.override is None:
        return "it can be overridden", LOOSER
    return "it is overridden otherwise", direction(
        _says(old, was.id + OVERRIDDEN), _says(new, is_.id + OVERRIDDEN)
    )


def _earned(then: tuple[Policy, Gate], now: tuple[Policy, Gate]) -> tuple[str, Direction]:
    (old, was), (new, is_) = then, now
    if is_.earned is None:
        return "a record changes nothing any more", STRICTER
    if was.earned is None:
        return "a record asks for fewer or others", LOOSER
    asked = direction(_says(old, was.id + RELAXED), _says(new, is_.id + RELAXED))
    both = [direction for direction in (asked, _harder(was.earned, is_.earned)) if direction is not SAME]
    how = both[0] if both else SAME
    return "another record is enough", how if all(one is how for one in both) else Direction.BOTH


def _harder(old: Earned, new: Earned) -> Direction:
    """Which of two records is harder to have."""
    least = ("runs", "success_lb", "probation", "cool_down_days", "sample")
    pairs = [(getattr(old, name), getattr(new, name)) for name in least]
    pairs.append((-old.failures_30d, -new.failures_30d))
    return Direction.of(stricter=any(a < b for a, b in pairs), looser=any(a > b for a, b in pairs))


def _says(policy: Policy, name: str) -> Decision:
    """What one effect comes to by itself."""
    return effect_of(_ready(policy, name))


def effect_of(gate: ReadyGate) -> Decision:
    """The decision if this gate alone spoke, for any request; whom a plan leaves out is not known here."""
    if gate.requirement is not None and gate.plain.require is not None:
        return RequireApproval(
            because=(),
            requirements=(gate.requirement,),
            denials=gate.plain.require.deny,
            veto=gate.plain.require.veto,
            grant_expires_after_s=gate.plain.ttl_s or 3600,
            broken_glass=(gate.plain.broken_glass,) if gate.plain.broken_glass else (),
        )
    return Allow(because=()) if gate.plain.allow else Deny(because=())


def _when(policy: Policy, gate: Gate) -> tuple[object, ...]:
    """The condition, and what the names in it stand for."""
    names = _ready(policy, gate.id).condition.names
    return gate.when, {name: text for name, text in policy.runbook.let.items() if name in names}


def _ready(policy: Policy, name: str) -> ReadyGate:
    return next(gate for gate in policy.gates if gate.id == name)
