"""What differs between two versions of a skill, and how far its version must move for that.

Computed, not trusted. Major: it may do more, asks for more, or promises less. Minor: it offers more, or may
do less. Patch: anything else that is another byte. Who declares more than is computed is never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.ask import lattice
from bot.ask.catalog import Skill
from bot.ask.lint.places import action_of
from bot.ask.manifest import Approval, Check, DoneWhen, Input, Manifest, Step
from bot.ask.versions import Level
from bot.terms import Environment, dollars

NO_FLOOR = Approval()


@dataclass(frozen=True, slots=True)
class Difference:
    """`part` is where in the skill; `what` says it in words."""

    part: str
    what: str
    level: Level


def differences(then: Skill, now: Skill) -> tuple[Difference, ...]:
    """Everything that is not what it was, the weightiest first."""
    found = [*manifest_differences(then.manifest, now.manifest), *file_differences(then.files, now.files)]
    if not found and then.digest != now.digest:  # the digest also covers whether a file is executable
        found.append(Difference("files", "a file became executable, or is no longer", Level.PATCH))
    return tuple(sorted(found, key=lambda one: -one.level))


def manifest_differences(then: Manifest, now: Manifest) -> Iterator[Difference]:
    """What the manifest declares, part by part."""
    yield from _permissions(then, now)
    yield from _approval(then, now)
    yield from _inputs(then, now)
    yield from _environments(then, now)
    yield from _effects(then, now)
    yield from _cost(then, now)
    yield from _plan(then, now)
    yield from _preconditions(then, now)
    yield from _steps(then, now)
    yield from _done_when(then.done_when, now.done_when)
    yield from _rest(then, now)


def file_differences(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Difference]:
    """By bytes alone: what a script does cannot be computed, so this is the least it can be."""
    for path in sorted({*then, *now}):
        if path not in now:
            yield Difference("files", f"{path} is gone", Level.PATCH)
        elif path not in then:
            yield Difference("files", f"{path} is new", Level.PATCH)
        elif then[path] != now[path]:
            yield Difference("files", f"{path} changed", Level.PATCH)


def needed(found: Iterable[Difference]) -> Level:
    """How far the version must move for all of it."""
    return max((one.level for one in found), default=Level.NONE)


def _both_ways(
    part: str, then: Iterable[str], now: Iterable[str], *, more: tuple[str, Level], less: tuple[str, Level]
) -> Iterator[Difference]:
    before, after = list(then), list(now)
    for one in after:
        if one not in before:
            yield Difference(part, f"{more[0]} {one}", more[1])
    for one in before:
        if one not in after:
            yield Difference(part, f"{less[0]} {one}", less[1])


def _permissions(then: Manifest, now: Manifest) -> Iterator[Difference]:
    for grant in lattice.widened(then.permissions, now.permissions):
        yield Difference(f"permissions.{grant.part}", f"it may also {grant.may}", Level.MAJOR)
    for grant in lattice.widened(now.permissions, then.permissions):
        yield Difference(f"permissions.{grant.part}", f"it may no longer {grant.may}", Level.MINOR)


def _approval(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = then.approval or NO_FLOOR, now.approval or NO_FLOOR
    if after.people != before.people:
        how = "must answer" if after.people > before.people else "need to answer"
        level = Level.MINOR if after.people > before.people else Level.MAJOR
        yield Difference("approval", f"{after.people} people {how}, where it was {before.people}", level)
    yield from _both_ways(
        "approval",
        before.groups,
        after.groups,
        more=("it must also be approved by", Level.MINOR),
        less=("it need no longer be approved by", Level.MAJOR),
    )


def _preconditions(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = ({one.id: one for one in side.preconditions} for side in (then, now))
    for name in before.keys() - after.keys():
        yield Difference("preconditions", f"{name} is no longer looked at first", Level.MAJOR)
    for name in after.keys() - before.keys():
        yield Difference("preconditions", f"{name} is a new precondition", Level.MINOR)
    for name in before.keys() & after.keys():
        if before[name].action != after[name].action:
            yield Difference("preconditions", f"{name} looks otherwise", Level.MINOR)


def _inputs(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = then.inputs, now.inputs
    for name, one in after.properties.items():
        if name in before.properties:
            yield from _input(name, before.properties[name], one)
        elif name not in after.required:
            yield Difference("inputs", f"{name} is a new optional input", Level.MINOR)
    for name in before.properties:
        if name not in after.properties:
            yield Difference("inputs", f"{name} is gone: requests that name it are refused", Level.MAJOR)
    for name in after.required:
        if name not in before.required:
            yield Difference("inputs", f"{name} is now required", Level.MAJOR)
    for name in before.required:
        if name in after.properties and name not in after.required:
            yield Difference("inputs", f"{name} is no longer required", Level.MINOR)
    kept = [name for name in before.properties if name in after.properties]
    if kept != [name for name in after.properties if name in before.properties]:
        yield Difference("inputs", "words without a name now mean other inputs", Level.MAJOR)


def _input(name: str, then: Input, now: Input) -> Iterator[Difference]:
    part = f"inputs.{name}"
    for key in ("type", "pattern", "default"):
        was, is_ = getattr(then, key), getattr(now, key)
        if was != is_:
            yield Difference(part, f"its {key} was {_said(was)} and is {_said(is_)}", Level.MAJOR)
    if then.enum != now.enum:
        gone = [choice for choice in then.enum or () if now.enum is not None and choice not in now.enum]
        closed = then.enum is None
        what = f"{_said(gone[0])} can no longer be chosen" if gone else "it has other choices"
        yield Difference(part, what, Level.MAJOR if gone or closed else Level.MINOR)
    for key, sign in (("minimum", 1), ("min_length", 1), ("maximum", -1), ("max_length", -1)):
        was, is_ = getattr(then, key), getattr(now, key)
        if was != is_:
            narrower = is_ is not None and (was is None or (is_ - was) * sign > 0)
            what = f"its {key} was {_said(was)} and is {_said(is_)}"
            yield Difference(part, what, Level.MAJOR if narrower else Level.MINOR)


def _environments(then: Manifest, now: Manifest) -> Iterator[Difference]:
    yield from _both_ways(
        "environments",
        [one.value for one in then.environments],
        [one.value for one in now.environments],
        more=("it now runs in", Level.MAJOR),
        less=("it no longer runs in", Level.MAJOR),
    )


def _effects(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = then.effects, now.effects
    for key in ("read_only", "destructive", "idempotent", "open_world"):
        was, is_ = getattr(before, key), getattr(after, key)
        if was != is_:
            what = f"{key} was {_said(was)} and is {_said(is_)}: policies decide by it"
            yield Difference("effects", what, Level.MAJOR)
    for environment in Environment:
        risk, now_risk = before.risk.get(environment), after.risk.get(environment)
        if risk is None or now_risk is None or risk == now_risk:
            continue  # an environment that came or went has been said
        how = "raised" if now_risk > risk else "lowered, so fewer people may be asked"
        what = f"risk in {environment} was {risk} and is {now_risk}: {how}"
        yield Difference("effects", what, Level.MAJOR)
    if before.lock != after.lock:
        what = f"the lock was {_said(before.lock)} and is {_said(after.lock)}"
        yield Difference("effects", what, Level.MAJOR if after.lock is None else Level.MINOR)
    if before.blast_radius != after.blast_radius:
        yield Difference("effects", "blast_radius is told otherwise", Level.PATCH)


def _cost(then: Manifest, now: Manifest) -> Iterator[Difference]:
    for environment in Environment:
        was, is_ = then.cost.ceiling.get(environment), now.cost.ceiling.get(environment)
        if was is not None and is_ is not None and was != is_:
            what = f"the ceiling in {environment} was {dollars(was)} and is {dollars(is_)}"
            yield Difference("cost", what, Level.MAJOR if is_ > was else Level.MINOR)
    if then.cost.lines != now.cost.lines:
        yield Difference("cost", "another cost is expected", Level.PATCH)


def _plan(then: Manifest, now: Manifest) -> Iterator[Difference]:
    if [(one.id, one.run) for one in then.plan] != [(one.id, one.run) for one in now.plan]:
        yield Difference("plan", "it plans otherwise", Level.MINOR)


def _steps(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = ({step.id: step for step in one.steps} for one in (then, now))
    for name in after.keys() - before.keys():
        yield Difference("steps", f"{name} is a new step", Level.MINOR)
    for name in before.keys() - after.keys():
        yield Difference("steps", f"{name} no longer happens", Level.MAJOR)
    for name in before.keys() & after.keys():
        yield from _step(before[name], after[name])
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield Difference("steps", "they happen in another order", Level.MINOR)
    if then.on_fail != now.on_fail:
        what = f"on_fail was {then.on_fail} and is {now.on_fail}"
        yield Difference("steps", what, Level.MAJOR if now.on_fail == "stop" else Level.MINOR)
    was, is_ = then.on_cancel or then.on_fail, now.on_cancel or now.on_fail
    if was != is_ and (then.on_cancel or now.on_cancel):
        what = f"on_cancel was {was} and is {is_}"
        yield Difference("steps", what, Level.MAJOR if is_ == "stop" else Level.MINOR)


_CAREFUL = ("pure", "idempotent", "reconcilable", "at_most_once")


def _step(then: Step, now: Step) -> Iterator[Difference]:
    part = f"steps.{now.id}"
    if then.undo != now.undo:
        gone = now.undo is None
        what = "it can no longer be undone" if gone else "it is undone otherwise"
        yield Difference(part, what, Level.MAJOR if gone else Level.MINOR)
    if then.repeat != now.repeat:
        bolder = _CAREFUL.index(now.repeat) < _CAREFUL.index(then.repeat)
        what = f"repeat was {then.repeat} and is {now.repeat}"
        yield Difference(part, what, Level.MAJOR if bolder else Level.MINOR)
    kind, was, is_ = action_of(now)[0], action_of(then), action_of(now)
    if (was, then.probe) != (is_, now.probe):
        what = "another command runs" if kind == "run" else f"its {kind} is another"
        yield Difference(part, what, Level.MINOR)
    if (then.title, then.timeout, then.retry) != (now.title, now.timeout, now.retry):
        yield Difference(part, "its title, time limit or retry changed", Level.PATCH)


def _done_when(then: DoneWhen, now: DoneWhen) -> Iterator[Difference]:
    before, after = ({check.name: check for check in one.checks} for one in (then, now))
    for name in before.keys() - after.keys():
        yield Difference("done_when", f'"{name}" is no longer checked', Level.MAJOR)
    for name in after.keys() - before.keys():
        yield Difference("done_when", f'"{name}" is a new check', Level.MINOR)
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            level = Level.MINOR if _stricter(before[name], after[name]) else Level.MAJOR
            yield Difference("done_when", f'"{name}" asks for something else', level)
    if then.no_data != now.no_data:
        what = f"no_data was {then.no_data} and is {now.no_data}"
        yield Difference("done_when", what, Level.MAJOR if now.no_data == "unknown" else Level.MINOR)
    if then.measure.run != now.measure.run:
        yield Difference("done_when", "it is measured by another command", Level.MINOR)


def _stricter(then: Check, now: Check) -> bool:
    """Whether the same observation is held to no less; two exact values cannot be compared so."""
    if then.observed != now.observed or then.equals != now.equals:
        return False
    low = then.at_least is None or (now.at_least is not None and now.at_least >= then.at_least)
    return low and (then.at_most is None or (now.at_most is not None and now.at_most <= then.at_most))


def _rest(then: Manifest, now: Manifest) -> Iterator[Difference]:
    if then.lifecycle != now.lifecycle:
        what = f"it was {then.lifecycle} and is {now.lifecycle}"
        yield Difference("lifecycle", what, Level.MINOR)
    if then.limits != now.limits:
        yield Difference("limits", "its limits changed", Level.MINOR)
    if then.evidence != now.evidence:
        gone = set(then.evidence) - set(now.evidence)
        what = f"{', '.join(sorted(gone))} is no longer evidence" if gone else "it keeps more evidence"
        yield Difference("evidence", what, Level.MAJOR if gone else Level.MINOR)
    if then.audit != now.audit:
        hidden = set(now.audit.redact) - set(then.audit.redact)
        what = f"the audit no longer has {', '.join(sorted(hidden))}" if hidden else "the audit has more"
        yield Difference("audit", what, Level.MAJOR if hidden else Level.MINOR)


def _said(value: object) -> str:
    if value is None:
        return "not there"
    return str(value).lower() if isinstance(value, bool) else str(value)
