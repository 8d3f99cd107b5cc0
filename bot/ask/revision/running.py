"""What runs and what it promises: plan, preconditions, steps, the definition of done, and the rest."""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask.lint.places import action_of
from bot.ask.manifest import AskStep, Check, DoneWhen, Manifest, Measure, Question, Step
from bot.ask.manifest.questions import Person
from bot.ask.revision.difference import Difference
from bot.ask.versions import Level

_CAREFUL = ("pure", "idempotent", "reconcilable", "at_most_once")


def running(then: Manifest, now: Manifest) -> Iterator[Difference]:
    yield from _plan(then, now)
    yield from _preconditions(then, now)
    yield from _steps(then, now)
    yield from _done_when(then.done_when, now.done_when)
    yield from _rest(then, now)


def _plan(then: Manifest, now: Manifest) -> Iterator[Difference]:
    if [(one.id, one.run) for one in then.plan] != [(one.id, one.run) for one in now.plan]:
        yield Difference("plan", "it plans otherwise", Level.MINOR)


def _preconditions(then: Manifest, now: Manifest) -> Iterator[Difference]:
    before, after = ({one.id: one for one in side.preconditions} for side in (then, now))
    for name in before.keys() - after.keys():
        yield Difference("preconditions", f"{name} is no longer looked at first", Level.MAJOR)
    for name in after.keys() - before.keys():
        yield Difference("preconditions", f"{name} is a new precondition", Level.MINOR)
    for name in before.keys() & after.keys():
        if before[name].action != after[name].action:
            yield Difference("preconditions", f"{name} looks otherwise", Level.MINOR)


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
    if isinstance(then, AskStep) and isinstance(now, AskStep):
        yield from _question(part, then.ask, now.ask)
    kind, was, is_ = action_of(now)[0], action_of(then), action_of(now)
    if (was, then.probe) != (is_, now.probe):
        what = "another command runs" if kind == "run" else f"its {kind} is another"
        yield Difference(part, what, Level.MINOR)
    if (then.title, then.timeout, then.retry) != (now.title, now.timeout, now.retry):
        yield Difference(part, "its title, time limit or retry changed", Level.PATCH)


def _question(part: str, then: Question, now: Question) -> Iterator[Difference]:
    """Who may answer besides, and what no longer stops the run; other words are told as another question."""
    for whom in now.who:
        if whom not in then.who:
            name = whom.person if isinstance(whom, Person) else whom
            yield Difference(part, f"{name} may answer it too", Level.MAJOR)
    if set(then.exclude) - set(now.exclude):
        yield Difference(part, "whoever asked for the run may answer it", Level.MAJOR)
    for choice in then.stop_on:
        if choice not in now.stop_on:
            yield Difference(part, f'"{choice}" no longer stops the run', Level.MAJOR)


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
    if _does(then.measure) != _does(now.measure):
        yield Difference("done_when", "it is measured by something else", Level.MINOR)


def _does(measure: Measure) -> Measure:
    """All of it but how long it may take."""
    return measure.model_copy(update={"timeout": 1.0})


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
