"""What a runbook must keep beyond its shape. Every finding stops it: there are no warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding, Path
from bot.assess import freeze
from bot.assess.facts import Facts, vocabulary
from bot.assess.roster import Roster
from bot.assess.runbook import Earned, Gate, Override, Place, Require, Runbook
from bot.assess.spelling import bare, split
from bot.assess.unfolding import OVERRIDE_STAGE, ids

_APPLIES_TO = re.compile(r"\*|[a-z0-9]+(-[a-z0-9]+)*(@[0-9]+)?")


def findings(runbook: Runbook, *, stem: str, roster: Roster | None) -> Iterator[Finding]:
    """`stem` is the file's name without its ending; without a roster any group may be one of Slack's."""
    if runbook.policy != stem:
        yield Finding(("policy",), f"{runbook.policy} is in the file {stem}", "Give both the same name.")
    for position, one in enumerate(runbook.applies_to):
        if not _APPLIES_TO.fullmatch(one):
            hint = "Write a skill, a skill with its major version (deploy@2), or '*'."
            yield Finding(("applies_to", position), f'"{one}" is no skill', hint)
    yield from _unique("gates", [gate.id for gate in runbook.gates])
    yield from _unique("invariants", [one.id for one in runbook.invariants])
    yield from _unique("freeze_windows", [window.id for window in runbook.freeze_windows])
    for position, group in enumerate(runbook.may_request or ()):
        yield from _group(group, roster, ("may_request", position))
    for position, gate in enumerate(runbook.gates):
        path = ("gates", position)
        if gate.require is not None:
            yield from _require(gate.require, roster, (*path, "require"))
        if gate.override is not None:
            yield from _override(gate.override, roster, (*path, "override"))
        if gate.earned is not None:
            yield from _earned(gate, gate.earned, roster, runbook.let, (*path, "earned"))
    yield from _escalation(runbook, roster)
    yield from _done(runbook)
    yield from _freezes(runbook)
    yield from _budgets(runbook)
    yield from _tests(runbook)


def findings_between(runbooks: Mapping[str, Runbook]) -> Iterator[tuple[str, Finding]]:
    """What is wrong with all of them together: the order of stages, which are shared between policies."""
    gates = [
        (file, ("gates", position, "require", "after"), gate.require)
        for file, runbook in runbooks.items()
        for position, gate in enumerate(runbook.gates)
        if gate.require is not None
    ]
    stages = {require.stage for _, _, require in gates}
    after = [(require.stage, require.after) for _, _, require in gates if require.after is not None]
    for file, path, require in gates:
        if require.after is None:
            continue
        if require.after not in stages:
            hint = did_you_mean(require.after, sorted(stages)).strip()
            known = f"Stages are: {', '.join(sorted(stages))}."
            yield file, Finding(path, f"no gate has the stage {require.after}", hint or known)
        elif require.stage in _before(require.stage, after):
            message = f"stage {require.stage} would wait for itself"
            yield file, Finding(path, message, "Take one `after` out of the circle.")


def _before(stage: str, after: Iterable[tuple[str, str]]) -> set[str]:
    """Every stage that must be finished before this one."""
    found: set[str] = set()
    look = [stage]
    while look:
        now = look.pop()
        for later, earlier in after:
            if later == now and earlier not in found:
                found.add(earlier)
                look.append(earlier)
    return found


def _unique(kind: str, ids: list[str]) -> Iterator[Finding]:
    for position, one in enumerate(ids):
        if one in ids[:position]:
            yield Finding((kind, position, "id"), f"two {kind} have the id {one}", "Give each its own.")


def _group(group: str, roster: Roster | None, path: Path) -> Iterator[Finding]:
    if group.startswith("@"):
        yield Finding(path, f"{group} is written with an @", f"Write {group[1:]}.")
    elif roster is not None and group not in roster.groups:
        hint = did_you_mean(group, list(map(str, roster.groups))).strip()
        yield Finding(path, f"people.yaml has no group {group}", hint or "Add it there.")


def _require(require: Require, roster: Roster | None, path: Path) -> Iterator[Finding]:
    if not require.all_of and not require.any_of:
        hint = "An empty list is not everybody: name a group or a person."
        yield Finding(path, "nobody is asked", hint)
    for position, group in enumerate(require.veto):
        yield from _group(group, roster, (*path, "veto", position))
    if require.stage == OVERRIDE_STAGE and path[-1] != "override":
        yield Finding(
            (*path, "stage"), f"the stage {OVERRIDE_STAGE} is that of overrides", "Name it otherwise."
        )
    if require.after == require.stage:
        yield Finding((*path, "after"), "a stage cannot come after itself", "Name the stage before it.")
    for kind, seats in (("all_of", require.all_of), ("any_of", require.any_of)):
        for position, seat in enumerate(seats):
            at = (*path, kind, position)
            if seat.group is not None:
                yield from _group(seat.group, roster, at)
                yield from _filled(seat, roster, at)
            elif roster is not None and seat.person not in roster.people:
                hint = did_you_mean(str(seat.person), list(map(str, roster.people))).strip()
                yield Finding(at, f"people.yaml does not know {seat.person}", hint or "Add them there.")
    if require.distinct:
        yield from _enough_people(require, roster, path)


def _override(override: Override, roster: Roster | None, path: Path) -> Iterator[Finding]:
    asked = Require(all_of=override.all_of, any_of=override.any_of, exclude=override.exclude)
    yield from _require(asked, roster, path)
    for key in ("notify", "review_by"):
        for position, group in enumerate(getattr(override, key)):
            yield from _group(group, roster, (*path, key, position))


def _earned(
    gate: Gate, earned: Earned, roster: Roster | None, let: Mapping[str, str], path: Path
) -> Iterator[Finding]:
    """What destroys is never relaxed, and the gate itself says so, for whoever reads it."""
    parts = [bare(part) for part in split(gate.when, "&&")]
    parts += [bare(one) for part in parts if part in let for one in split(let[part], "&&")]
    if "!request.destructive" not in parts:
        hint = "Add `&& !request.destructive` to the gate's when."
        yield Finding(path, "what destroys something cannot earn fewer approvers", hint)
    if earned.instead is not None:
        yield from _require(earned.instead, roster, (*path, "instead"))
        if earned.instead == gate.require:
            hint = "Ask fewer people or others, or leave instead out to ask nobody."
            yield Finding((*path, "instead"), "this asks for the same as before", hint)


def _escalation(runbook: Runbook, roster: Roster | None) -> Iterator[Finding]:
    stages = {gate.require.stage for gate in runbook.gates if gate.require is not None}
    for position, step in enumerate(runbook.escalation):
        path = ("escalation", position)
        if step.after >= runbook.expires_after:
            hint = "Escalate earlier, or let it wait longer with expires_after."
            yield Finding((*path, "after"), "by then the request has expired", hint)
        for key in ("add", "page"):
            for index, group in enumerate(getattr(step, key)):
                yield from _group(group, roster, (*path, key, index))
        if step.to is not None and step.to not in stages:
            hint = (
                did_you_mean(step.to, sorted(stages)).strip() or f"Stages are: {', '.join(sorted(stages))}."
            )
            yield Finding((*path, "to"), f"no gate has the stage {step.to}", hint)


def _done(runbook: Runbook) -> Iterator[Finding]:
    skills = [one.partition("@")[0] for one in runbook.applies_to]
    for skill in runbook.done:
        if skill not in skills and "*" not in skills:
            hint = did_you_mean(skill, skills).strip() or f"It applies to {', '.join(skills)}."
            yield Finding(("done", skill), f"this policy does not apply to {skill}", hint)


def _filled(seat: Place, roster: Roster | None, path: Path) -> Iterator[Finding]:
    members = roster.members(str(seat.group)) if roster is not None else None
    if members is not None and len(members) < seat.count:
        message = f"{seat.count} of {seat.group} are asked, and it has {len(members)}"
        yield Finding(path, message, "Nobody could ever approve this: ask fewer, or add members.")


def _enough_people(require: Require, roster: Roster | None, path: Path) -> Iterator[Finding]:
    """Seats that must all be filled by different people, where everybody eligible is known."""
    pools: list[frozenset[str]] = []
    for seat in require.all_of:
        members = roster.members(str(seat.group)) if seat.group is not None and roster is not None else None
        if seat.person is not None:
            members = frozenset({seat.person})
        if members is None:
            return
        pools += [frozenset(map(str, members))] * seat.count
    if (seated := _most_seated(pools)) < len(pools):
        message = f"{len(pools)} different people are asked, and only {seated} can fill these seats"
        yield Finding((*path, "all_of"), message, "Add members, or ask fewer.")


def _most_seated(pools: list[frozenset[str]]) -> int:
    taken: dict[str, int] = {}

    def place(seat: int, tried: set[str]) -> bool:
        for person in pools[seat] - tried:
            tried.add(person)
            if person not in taken or place(taken[person], tried):
                taken[person] = seat
                return True
        return False

    return sum(place(seat, set()) for seat in range(len(pools)))


def _freezes(runbook: Runbook) -> Iterator[Finding]:
    for position, window in enumerate(runbook.freeze_windows):
        for key, read in (("tz", freeze.zone), ("weekly", freeze.weekly)):
            value = getattr(window, key)
            try:
                if value is not None:
                    read(value)
            except freeze.NoSuchTime as error:
                yield Finding(("freeze_windows", position, key), str(error))


def _budgets(runbook: Runbook) -> Iterator[Finding]:
    seen: list[tuple[object, ...]] = []
    for position, one in enumerate(runbook.budgets):
        key = (one.scope, one.period, one.environment, one.skill)
        if key in seen:
            yield Finding(("budgets", position), "this budget is here twice", "Keep one limit.")
        seen.append(key)


def _tests(runbook: Runbook) -> Iterator[Finding]:
    if runbook.tests is None:
        return
    known = [name for gate in runbook.gates for name in ids(gate)]
    base = runbook.tests.base
    yield from _facts(base, ("tests", "base"), needed=True)
    for position, (_, given, _, gates, _) in enumerate(runbook.tests.rows):
        yield from _facts(given, ("tests", "rows", position, 1), needed=False)
        for index, gate in enumerate(gates):
            if gate not in known:
                hint = did_you_mean(gate, known).strip() or f"Gates are: {', '.join(known)}."
                yield Finding(("tests", "rows", position, 3, index), f"there is no gate {gate}", hint)


_NEEDED = {"request.skill": "-", "actor.principal": "-"}


def _facts(named: Mapping[str, object], path: Path, *, needed: bool) -> Iterator[Finding]:
    """Names and values that are no facts; only `base` must have the facts that have no worst value."""
    filled = dict(named) if needed else {**_NEEDED, **named}
    try:
        Facts.of(filled)  # type: ignore[arg-type]
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(part) for part in one["loc"][:2])
            if one["type"] == "missing":
                hint = f"{' and '.join(_NEEDED)} have no worst value, so base must name them."
                yield Finding(path, f"{name} is missing", hint)
            elif one["type"] == "extra_forbidden":
                known = list(vocabulary())
                guess = did_you_mean(name, known).strip()
                yield Finding(
                    (*path, name), f"there is no fact {name}", guess or f"Known: {', '.join(known)}."
                )
            else:
                yield Finding((*path, name), f"{name}: {one['msg'].removeprefix('Input ').lower()}")
