"""Whom a gate asks: that there are such people, that they are enough, and that nobody asks themselves."""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding, Path
from bot.assess import seating
from bot.assess.asking import Earned, Override, Place, Require
from bot.assess.roster import Roster
from bot.assess.runbook import Gate, Runbook
from bot.assess.spelling import bare, split
from bot.assess.unfolding import OVERRIDE_STAGE
from bot.terms import Principal


def findings(gate: Gate, runbook: Runbook, roster: Roster | None, path: Path) -> Iterator[Finding]:
    """Without a roster any group may be one of Slack's."""
    for require, at in asked(gate, path):
        yield from _require(require, roster, at)
        yield from _enough(require, runbook, roster, at)
    if gate.override is not None:
        yield from _override(gate.override, roster, (*path, "override"))
    if gate.earned is not None:
        yield from _earned(gate, gate.earned, runbook, (*path, "earned"))


def asked(gate: Gate, path: Path) -> Iterator[tuple[Require, Path]]:
    """Every requirement that the gate may come down to, with its place."""
    if gate.require is not None:
        yield gate.require, (*path, "require")
    if gate.override is not None:
        made = Require(
            all_of=gate.override.all_of, any_of=gate.override.any_of, exclude=gate.override.exclude
        )
        yield made, (*path, "override")
    if gate.earned is not None and gate.earned.instead is not None:
        yield gate.earned.instead, (*path, "earned", "instead")


def known_group(group: str, roster: Roster | None, path: Path) -> Iterator[Finding]:
    if group.startswith("@"):
        yield Finding(path, f"{group} is written with an @", f"Write {group[1:]}.")
    elif roster is not None and group not in roster.groups:
        hint = did_you_mean(group, list(map(str, roster.groups))).strip()
        yield Finding(path, f"people.yaml has no group {group}", hint or "Add it there.")


def requesters(runbook: Runbook, roster: Roster | None) -> frozenset[Principal] | None:
    """Everybody who may ask, where the files say who that is; None when others may."""
    if roster is None:
        return None
    if runbook.may_request is not None:
        groups = [roster.members(str(group)) for group in runbook.may_request]
        known = [group for group in groups if group is not None]
        return frozenset[Principal]().union(*known) if len(known) == len(groups) else None
    return frozenset(roster.people) if roster.unlisted == "unknown" else None


def _require(require: Require, roster: Roster | None, path: Path) -> Iterator[Finding]:
    if not require.all_of and not require.any_of:
        hint = "An empty list is not everybody: name a group or a person."
        yield Finding(path, "nobody is asked", hint)
    for position, group in enumerate(require.veto):
        yield from known_group(group, roster, (*path, "veto", position))
    if require.stage == OVERRIDE_STAGE and path[-1] != "override":
        message = f"the stage {OVERRIDE_STAGE} is that of overrides"
        yield Finding((*path, "stage"), message, "Name it otherwise.")
    if require.after == require.stage:
        yield Finding((*path, "after"), "a stage cannot come after itself", "Name the stage before it.")
    for kind, seats in (("all_of", require.all_of), ("any_of", require.any_of)):
        for position, seat in enumerate(seats):
            at = (*path, kind, position)
            if seat.group is not None:
                yield from known_group(seat.group, roster, at)
                yield from _filled(seat, roster, at)
            elif roster is not None and seat.person not in roster.people:
                hint = did_you_mean(str(seat.person), list(map(str, roster.people))).strip()
                yield Finding(at, f"people.yaml does not know {seat.person}", hint or "Add them there.")


def _filled(seat: Place, roster: Roster | None, path: Path) -> Iterator[Finding]:
    members = roster.members(str(seat.group)) if roster is not None else None
    if members is not None and len(members) < seat.count:
        message = f"{seat.count} of {seat.group} are asked, and it has {len(members)}"
        yield Finding(path, message, "Nobody could ever approve this: ask fewer, or add members.")


def _enough(require: Require, runbook: Runbook, roster: Roster | None, path: Path) -> Iterator[Finding]:
    """Seats that different people must fill, and noes that different people must give."""
    all_of, any_of = ([one.seat() for one in some] for some in (require.all_of, require.any_of))
    at = (*path, "all_of" if require.all_of else "any_of")
    if short := seating.short_of(all_of, any_of, roster):
        if len(all_of) + len(any_of) > 1:  # of one alone it is said already
            message = f"{short[0]} different people are asked, and only {short[1]} can fill these seats"
            yield Finding(at, message, "Add members, or ask fewer.")
    elif "requester" in require.exclude and (asking := requesters(runbook, roster)):
        without = [seating.short_of(all_of, any_of, roster, without={one}) for one in asking]
        if all(without):
            names = ", ".join(sorted(asking))
            message = f"only {names} may ask, and without whoever asks nobody is left for one of these seats"
            yield Finding(at, message, "Add members, or let others ask.")
    pools = [seating.pool(seat, roster) for seat in (*all_of, *any_of)]
    known = [one for one in pools if one is not None]
    people = frozenset[Principal]().union(*known)
    if len(known) == len(pools) and require.deny > len(people) > 0:
        message = f"{require.deny} people must say no to end it, and only {len(people)} may"
        yield Finding((*path, "deny"), message, "Lower it, or name who has a veto.")


def _override(override: Override, roster: Roster | None, path: Path) -> Iterator[Finding]:
    if "requester" not in override.exclude:
        message = "whoever breaks the glass would say yes to it themselves"
        yield Finding((*path, "exclude"), message, "Add requester to exclude, or leave exclude out.")
    for key in ("notify", "review_by"):
        for position, group in enumerate(getattr(override, key)):
            yield from known_group(group, roster, (*path, key, position))


def _earned(gate: Gate, earned: Earned, runbook: Runbook, path: Path) -> Iterator[Finding]:
    """What destroys is never relaxed, and the gate itself says so, for whoever reads it."""
    let = runbook.let
    parts = _conjuncts(gate.when)
    parts += [one for part in parts if part in let for one in _conjuncts(let[part])]
    if "!request.destructive" not in parts:
        hint = "Add `&& !request.destructive` to the gate's when."
        yield Finding(path, "what destroys something cannot earn fewer approvers", hint)
    if earned.instead is not None and earned.instead == gate.require:
        hint = "Ask fewer people or others, or leave instead out to ask nobody."
        yield Finding((*path, "instead"), "this asks for the same as before", hint)


def _conjuncts(source: str) -> list[str]:
    """The parts that must all be true, as written; one that binds looser than `&&` is a part of its own."""
    whole = bare(source)
    if len(split(whole, "||")) > 1 or len(split(whole, "?")) > 1:
        return [whole]
    return [bare(part) for part in split(whole, "&&")]
