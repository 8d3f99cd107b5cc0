"""What is doubtful about policies that load: who could be missing, records that say less than they seem, age.

A warning denies nothing. It is a guess from what the files know: of groups that Slack or a schedule keeps
nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import product
from math import prod

from bot.ask.reading import Finding, Path, Problem
from bot.assess import seating
from bot.assess.asking import Earned, Require
from bot.assess.asking_lint import asked, requesters
from bot.assess.decision import RequireApproval, Seat
from bot.assess.evidence import LOOKED_AT, Evidence
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Policies, placed
from bot.assess.roster import Roster
from bot.assess.runbook import Runbook
from bot.terms import Principal

REVIEW_SOON = timedelta(days=30)
MOST_CHOICES = 256
"""Choices among `any_of` of a row's gates; with more of them somebody will be there."""


def warnings(policies: Policies, *, today: date) -> tuple[Problem, ...]:
    """Every doubt about what is armed, with its place; nothing while the policies do not load."""
    found = []
    for name, policy in policies.armed.items():
        if (source := policies.sources.get(name)) is not None:
            doubts = _doubts(policy.runbook, policies, today)
            found += [placed(one, source.file, source.marks, level="warning") for one in doubts]
    return tuple(sorted(found, key=lambda one: (one.file, one.line, one.column)))


def _doubts(runbook: Runbook, policies: Policies, today: date) -> Iterator[Finding]:
    yield from _review(runbook, today)
    for position, gate in enumerate(runbook.gates):
        path: Path = ("gates", position)
        for require, at in asked(gate, path):
            yield from _without_who_asks(gate.id, require, runbook, policies.roster, at)
        if gate.earned is not None:
            yield from _record(gate.earned, (*path, "earned"))
    yield from _rows(runbook, policies)


def _review(runbook: Runbook, today: date) -> Iterator[Finding]:
    by = runbook.review_by
    if by is None or by - REVIEW_SOON > today:
        return
    days = abs((by - today).days)
    count = "1 day" if days == 1 else f"{days} days"
    due = f"it is to be reviewed within {count}" if by >= today else f"its review is {count} overdue"
    yield Finding(("review_by",), due, f"Look at all of it with {runbook.owner}, and set the next date.")


def _without_who_asks(
    gate: str, require: Require, runbook: Runbook, roster: Roster, path: Path
) -> Iterator[Finding]:
    """Seats that nobody is left for when one of those who may take them asks, or has written it as well."""
    if "requester" not in require.exclude:
        return
    all_of, any_of = ([one.seat() for one in some] for some in (require.all_of, require.any_of))
    if seating.short_of(all_of, any_of, roster):
        return  # without anybody's asking: that is an error, and said
    may_ask = requesters(runbook, roster)
    people = _seated(all_of, any_of, roster)
    asking = sorted(people if may_ask is None else people & may_ask)
    alone = [one for one in asking if seating.short_of(all_of, any_of, roster, without={one})]
    if alone:
        message = f"nobody could approve {gate} when {_named(alone)}: {_why(all_of, any_of, roster)}"
        yield Finding(path, message, "Add members, or let others answer as well.")
    elif len(require.exclude) > 1:
        pairs = ((one, other) for one in asking for other in sorted(people) if one != other)
        for one, other in pairs:
            if seating.short_of(all_of, any_of, roster, without={one, other}):
                message = f"nobody could approve {gate} when {one} asks and {other} is left out too"
                yield Finding(path, message, "Add members, or let others answer as well.")
                return


def _seated(all_of: Sequence[Seat], any_of: Sequence[Seat], roster: Roster) -> frozenset[Principal]:
    pools = (seating.pool(seat, roster) for seat in (*all_of, *any_of))
    return frozenset[Principal]().union(*(pool for pool in pools if pool is not None))


def _named(people: Sequence[Principal]) -> str:
    some = " or ".join([*people[:3], *(["another"] if len(people) > 3 else [])])
    return f"{some} asks"


def _why(all_of: Sequence[Seat], any_of: Sequence[Seat], roster: Roster) -> str:
    """The smallest group in it: `sre has 1 member`."""
    groups = {str(group) for seat in (*all_of, *any_of) for group in seat.groups}
    sizes = [(len(members), group) for group in groups if (members := roster.members(group)) is not None]
    if not sizes:
        return "nobody else is named"
    size, group = min(sizes)
    return f"{group} has {'1 member' if size == 1 else f'{size} members'}, and who asks does not count"


def _record(earned: Earned, path: Path) -> Iterator[Finding]:
    """Thresholds that another one already holds back, or that hold back everything."""
    if (least := _least_runs(earned.success_lb)) > earned.runs:
        message = f"{earned.runs} runs are never enough for success_lb: {earned.success_lb}"
        yield Finding(
            (*path, "runs"), message, f"It takes {least} runs without a failure: write runs: {least}."
        )
    if (needed := max(earned.runs, least)) > LOOKED_AT:
        key = "runs" if earned.runs >= least else "success_lb"
        message = f"it takes {needed} runs, and only the last {LOOKED_AT} are looked at"
        yield Finding((*path, key), message, f"So nothing is ever earned: ask for {LOOKED_AT} or fewer.")
    if earned.sample >= 1.0:
        message = "every request is picked for review, so nothing is ever earned"
        yield Finding((*path, "sample"), message, "Write the share that is reviewed all the same: 0.1.")


def _least_runs(success_lb: float) -> int:
    """The fewest runs, all of them verified, with such a lower bound."""
    low, high = 0, 1
    while Evidence(high, high).success_lb < success_lb:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if Evidence(middle, middle).success_lb >= success_lb else (middle, high)
    return high


def _rows(runbook: Runbook, policies: Policies) -> Iterator[Finding]:
    """Rows of the table that all policies together ask more people about than there are."""
    if runbook.tests is None:
        return
    for position, (name, given, *_) in enumerate(runbook.tests.rows):
        facts = Facts.of({**runbook.tests.base, **given})
        decision = decide(policies, facts)
        if not isinstance(decision, RequireApproval) or len(decision.requirements) < 2:
            continue  # of one alone it is said where it stands
        short = _together(decision, policies.roster, Principal(facts.actor.principal))
        if short is not None:
            rules = " and ".join(one.rule for one in decision.requirements)
            message = (
                f'nobody could grant "{name}": {rules} together take {short[0]} people, '
                f"and only {short[1]} of these seats can be filled"
            )
            yield Finding(("tests", "rows", position), message, "Add members, or ask fewer at once.")


def _together(decision: RequireApproval, roster: Roster, requester: Principal) -> tuple[int, int] | None:
    """Of the seats that different people must fill: how many there are, and how many can be filled."""
    shared = [one for one in decision.requirements if one.distinct]
    if prod(len(one.any_of) or 1 for one in shared) > MOST_CHOICES:
        return None
    best: tuple[int, int] | None = None
    for choice in product(*(one.any_of or (None,) for one in shared)):
        pools = []
        for one, chosen in zip(shared, choice, strict=True):
            gone = {*one.barred, *([requester] if "requester" in one.exclude else [])}
            for seat in (*one.all_of, *([chosen] if chosen is not None else [])):
                known = seating.pool(seat, roster)
                pools += [known - gone] * seat.count if known is not None else []
        filled = seating.most_seated(pools)
        if filled == len(pools):
            return None
        if best is None or len(pools) - filled < best[0] - best[1]:
            best = (len(pools), filled)
    return best
