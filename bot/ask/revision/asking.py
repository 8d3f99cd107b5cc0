"""What is asked of people and for them: permissions, approval, inputs, environments, effects, cost."""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask import lattice
from bot.ask.manifest import Approval, Input, Manifest
from bot.ask.revision.difference import Difference, both_ways, said
from bot.ask.versions import Level
from bot.terms import Environment, dollars

NO_FLOOR = Approval()


def asking(then: Manifest, now: Manifest) -> Iterator[Difference]:
    yield from _permissions(then, now)
    yield from _approval(then, now)
    yield from _inputs(then, now)
    yield from _environments(then, now)
    yield from _effects(then, now)
    yield from _cost(then, now)


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
    yield from both_ways(
        "approval",
        before.groups,
        after.groups,
        more=("it must also be approved by", Level.MINOR),
        less=("it need no longer be approved by", Level.MAJOR),
    )


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
            yield Difference(part, f"its {key} was {said(was)} and is {said(is_)}", Level.MAJOR)
    if then.enum != now.enum:
        gone = [choice for choice in then.enum or () if now.enum is not None and choice not in now.enum]
        closed = then.enum is None
        what = f"{said(gone[0])} can no longer be chosen" if gone else "it has other choices"
        yield Difference(part, what, Level.MAJOR if gone or closed else Level.MINOR)
    for key, sign in (("minimum", 1), ("min_length", 1), ("maximum", -1), ("max_length", -1)):
        was, is_ = getattr(then, key), getattr(now, key)
        if was != is_:
            narrower = is_ is not None and (was is None or (is_ - was) * sign > 0)
            what = f"its {key} was {said(was)} and is {said(is_)}"
            yield Difference(part, what, Level.MAJOR if narrower else Level.MINOR)


def _environments(then: Manifest, now: Manifest) -> Iterator[Difference]:
    yield from both_ways(
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
            what = f"{key} was {said(was)} and is {said(is_)}: policies decide by it"
            yield Difference("effects", what, Level.MAJOR)
    for environment in Environment:
        risk, now_risk = before.risk.get(environment), after.risk.get(environment)
        if risk is None or now_risk is None or risk == now_risk:
            continue  # an environment that came or went has been said
        how = "raised" if now_risk > risk else "lowered, so fewer people may be asked"
        what = f"risk in {environment} was {risk} and is {now_risk}: {how}"
        yield Difference("effects", what, Level.MAJOR)
    if before.lock != after.lock:
        what = f"the lock was {said(before.lock)} and is {said(after.lock)}"
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
