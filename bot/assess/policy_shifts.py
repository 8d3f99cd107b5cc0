"""What differs between two sets of policies and no decision about given facts can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.ask.manifest import Check
from bot.assess.connected import Connected
from bot.assess.gate_shifts import Shift, gate_shifts
from bot.assess.mcp_servers import Server, where
from bot.assess.models import ModelTier, Tier
from bot.assess.policy import Policies
from bot.assess.roster import Roster
from bot.assess.runbook import Budget, Runbook
from bot.assess.strictness import Direction
from bot.terms import Principal, dollars

LOOSER, STRICTER, BOTH, SAME = Direction.LOOSER, Direction.STRICTER, Direction.BOTH, Direction.SAME


def shifts(old: Policies, new: Policies) -> Iterator[Shift]:
    """Policies, gates, freeze windows, budgets, times, people and groups, prices, and what skills ask."""
    for name in sorted({*old.armed, *new.armed}):
        if name not in new.armed:
            yield Shift(name, "the policy is gone", SAME)
        elif name not in old.armed:
            yield Shift(name, "the policy is new", SAME)
        else:
            yield from gate_shifts(old.armed[name], new.armed[name])
            yield from _runbook(name, old.armed[name].runbook, new.armed[name].runbook)
    yield from _roster(old.roster, new.roster)
    if old.prices != new.prices:
        yield Shift("prices", f"{old.prices.label} → {new.prices.label}", SAME)
    yield from _connectors(old.connectors.connectors, new.connectors.connectors)
    yield from _models(old.models.tiers, new.models.tiers)
    yield from _servers(old.servers.servers, new.servers.servers)


def _connectors(old: Mapping[str, Connected], new: Mapping[str, Connected]) -> Iterator[Shift]:
    """Of these it is not known what is stricter: another address may be a better one."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Shift(f"connectors/{name}", "it is gone: skills that ask it do not start", STRICTER)
        elif name not in old:
            yield Shift(f"connectors/{name}", f"it is new ({new[name].kind})", LOOSER)
        elif old[name] != new[name]:
            yield Shift(f"connectors/{name}", "what is asked, or by whose credential, is another", BOTH)


def _models(old: Mapping[Tier, ModelTier], new: Mapping[Tier, ModelTier]) -> Iterator[Shift]:
    """Another model may be a better one, or one that tells others what it is asked."""
    for tier in sorted(old.keys() | new.keys()):
        if tier not in new:
            yield Shift(f"models/{tier}", "it is gone: skills that ask it do not start", STRICTER)
        elif tier not in old:
            yield Shift(f"models/{tier}", f"it is new ({new[tier].model} at {new[tier].api_base})", LOOSER)
        elif old[tier] != new[tier]:
            yield Shift(f"models/{tier}", "which model is asked, where, or how, is another", BOTH)


def _servers(old: Mapping[str, Server], new: Mapping[str, Server]) -> Iterator[Shift]:
    for name in sorted(old.keys() | new.keys()):
        part = f"mcp/{name}"
        if name not in new:
            yield Shift(part, "it is gone: skills that use it do not start", STRICTER)
        elif name not in old:
            yield Shift(part, f"it is new ({where(new[name])})", LOOSER)
        elif old[name] != new[name]:
            before, after = old[name].tools, new[name].tools
            joined, left = sorted({*after} - {*before}), sorted({*before} - {*after})
            other = sorted(tool for tool in {*before} & {*after} if before[tool] != after[tool])
            said = [
                *(f"+{one}" for one in joined),
                *(f"-{one}" for one in left),
                *(f"~{one}" for one in other),
            ]
            yield Shift(part, ", ".join(said) or "it is reached otherwise", BOTH)


def _runbook(name: str, old: Runbook, new: Runbook) -> Iterator[Shift]:
    if old.risk != new.risk:
        yield Shift(f"{name}/risk", "other risk rows", SAME)
    before, after = ({one.id: one for one in side.freeze_windows} for side in (old, new))
    for window in sorted(before.keys() | after.keys()):
        if window not in after:
            yield Shift(f"{name}/freeze_windows", f"{window} is gone", LOOSER)
        elif window not in before:
            yield Shift(f"{name}/freeze_windows", f"{window} is new", STRICTER)
        elif before[window] != after[window]:
            yield Shift(f"{name}/freeze_windows", f"{window} is at other times", BOTH)
    limits, limits_now = ({_scope(one): one.limit for one in side.budgets} for side in (old, new))
    for scope in sorted(limits.keys() | limits_now.keys()):
        was, is_ = limits.get(scope), limits_now.get(scope)
        if was != is_:
            looser = is_ is None or (was is not None and is_ > was)
            said = " → ".join("no limit" if one is None else dollars(one) for one in (was, is_))
            yield Shift(f"{name}/budgets", f"{scope}: {said}", LOOSER if looser else STRICTER)
    for key in ("expires_after", "grant_expires_after"):
        was_s, is_s = getattr(old, key), getattr(new, key)
        if was_s != is_s:
            longer = is_s > was_s
            yield Shift(f"{name}/{key}", f"{was_s} s → {is_s} s", LOOSER if longer else STRICTER)
    if old.escalation != new.escalation:
        yield Shift(f"{name}/escalation", "silence leads to something else", SAME)
    for skill in sorted({*old.done, *new.done}):
        yield from _done(f"{name}/done", skill, old.done.get(skill, ()), new.done.get(skill, ()))


def _done(part: str, skill: str, old: Sequence[Check], new: Sequence[Check]) -> Iterator[Shift]:
    """A check more is more that must be measured before anything counts as done."""
    gone, fresh = [one for one in old if one not in new], [one for one in new if one not in old]
    if gone or fresh:
        said = ", ".join([*(f"-{one.name}" for one in gone), *(f"+{one.name}" for one in fresh)])
        yield Shift(part, f"{skill}: {said}", Direction.of(stricter=bool(fresh), looser=bool(gone)))


def _roster(old: Roster, new: Roster) -> Iterator[Shift]:
    """More people in a group are more who can say yes."""
    for group in sorted({*old.groups, *new.groups}):
        before, after = old.groups.get(group, ()), new.groups.get(group, ())
        if not (isinstance(before, tuple) and isinstance(after, tuple)):
            if before != after:
                yield Shift(f"people/{group}", "it is kept otherwise: who is in it may differ", BOTH)
            continue
        joined, left = sorted({*after} - {*before}), sorted({*before} - {*after})
        if joined or left:
            said = ", ".join([*(f"+{one}" for one in joined), *(f"-{one}" for one in left)])
            yield Shift(f"people/{group}", said, Direction.of(stricter=bool(left), looser=bool(joined)))
    for person in sorted({*old.out_of_office, *new.out_of_office, *old.delegates, *new.delegates}):
        if _stood_for(person, old) != _stood_for(person, new):
            yield Shift(f"people/{person}", "others may take their seat while they are away", BOTH)
    if old.unlisted != new.unlisted:
        direction = LOOSER if new.unlisted == "known" else STRICTER
        yield Shift("people/unlisted", f"{old.unlisted} → {new.unlisted}", direction)
    for person in sorted({*old.people, *new.people}):
        if person not in old.people or person not in new.people:
            yield Shift(f"people/{person}", "is gone" if person in old.people else "is new", SAME)
        elif old.people[person] != new.people[person]:
            yield Shift(f"people/{person}", "other accounts", BOTH)


def _stood_for(person: Principal, roster: Roster) -> tuple[object, ...]:
    return roster.out_of_office.get(person, ()), roster.delegates.get(person)


def _scope(budget: Budget) -> str:
    whose = budget.environment or budget.skill
    return f"{budget.scope}{f' {whose}' if whose else ''} a {budget.period}"
