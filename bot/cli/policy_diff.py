"""`assent policy diff`: what a change of policies would decide otherwise, and in which direction."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, policy_history, terminal
from bot.cli.decisions import short, words_of
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.assess.facts import Facts
    from bot.assess.policy import Policies


@dataclass(frozen=True, slots=True)
class Example:
    """One set of facts, as the old and as the new policies would gather them, and where it is from."""

    name: str
    old: Facts
    new: Facts


def diff(
    old: Annotated[str, typer.Argument(help="A folder of policies, or a git revision.")],
    new: Annotated[str, typer.Argument(help="A folder of policies, or a git revision.")],
    no_looser: Annotated[
        bool, typer.Option("--no-looser", help="Exit 1 when anything is looser, or both.")
    ] = False,
    history: Annotated[
        int, typer.Option(min=0, max=10_000, help="So many recorded requests as well; 0 for none.")
    ] = 500,
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Which decisions differ between two sets of policies, over the rows of both tables and what is recorded.

    Rows and records are examples: a request like none of them may still be decided otherwise. What changed
    besides (freeze windows, budgets, people in groups, gates) is listed with them.

    Such as: assent policy diff main policies --no-looser
    """
    before, after = _policies(old), _policies(new)
    examples = [*_rows(before, after), *_recorded(before, after, history, team)]
    said = compared(before, after, examples)
    if json:
        terminal.as_json(said)
    else:
        _say(said)
    looser = [one for one in (*said["decisions"], *said["shifts"]) if one["change"] in ("looser", "both")]
    if no_looser and looser:
        raise typer.Exit(1)


def compared(old: Policies, new: Policies, examples: list[Example]) -> dict[str, Any]:
    """Every example that differs, how many of each kind, and what examples cannot show."""
    from bot.assess.gate import decide
    from bot.assess.policy_shifts import shifts
    from bot.assess.strictness import direction

    rows = []
    totals: dict[tuple[str, str], Counter[str]] = {}
    for one in examples:
        then, now = decide(old, one.old), decide(new, one.new)
        how = direction(then, now).value
        asked = one.new.request
        totals.setdefault((asked.skill, asked.environment), Counter())[how] += 1
        if how != "same":
            rows.append(
                {
                    "example": one.name,
                    "skill": asked.skill,
                    "environment": asked.environment,
                    "change": how,
                    "old": short(then),
                    "new": short(now),
                }
            )
    return {
        "examples": len(examples),
        "decisions": rows,
        "totals": [
            {
                "skill": skill,
                "environment": environment,
                **{how: counted[how] for how in ("same", "stricter", "looser", "both")},
            }
            for (skill, environment), counted in sorted(totals.items())
        ],
        "shifts": [{"part": o.part, "what": o.what, "change": o.direction.value} for o in shifts(old, new)],
    }


def _rows(old: Policies, new: Policies) -> Iterator[Example]:
    """The rows of both tables, each pair of facts once: the same facts may mean another risk on each side."""
    from bot.assess.facts import Facts
    from bot.assess.replay import moved

    seen: list[tuple[Facts, Facts]] = []
    for side, other in ((new, old), (old, new)):
        for name, policy in side.armed.items():
            if (table := policy.runbook.tests) is None:
                continue
            for row in table.rows:
                facts = Facts.of({**table.base, **row[1]})
                there = moved(facts, side, other)
                both = (there, facts) if side is new else (facts, there)
                if both not in seen:
                    seen.append(both)
                    yield Example(f"{name}: {row[0]}", *both)


def _recorded(old: Policies, new: Policies, limit: int, team: str | None) -> Iterator[Example]:
    if not limit:
        return
    try:
        records = asyncio.run(policy_history.judged(team, limit))
    except Refused as away:
        terminal.note(f"Recorded requests were not looked at. {away}")
        return
    for one in records:
        before, after = one.facts_under(old), one.facts_under(new)
        if before is not None and after is not None:
            yield Example(f"{one.request.id}: {one.request.invocation.sentence()}", before, after)


def _policies(place: str) -> Policies:
    """Of a folder, or of the configured folder as git had it."""
    if Path(place).is_dir():
        return opened.policies_in(Path(place))
    from bot.connectors import revisions

    folder = opened.config().policies_dir
    with tempfile.TemporaryDirectory(prefix="assent-diff-") as room:
        into = Path(room) / folder.name
        into.mkdir()
        if not revisions.write_out(folder, place, into=into):
            raise Refused(f"There is no {folder} at {place}.")
        return opened.policies_in(into)


def _say(said: dict[str, Any]) -> None:
    terminal.table(
        ("example", "old", "new", ""),
        [(one["example"], words_of(one["old"]), words_of(one["new"]), one["change"])
         for one in said["decisions"]],
        empty=f"All {said['examples']} examples are decided alike.",
    )  # fmt: skip
    if said["decisions"]:
        columns = ("skill", "environment", "same", "stricter", "looser", "both")
        terminal.table(columns, [[one[name] for name in columns] for one in said["totals"]], empty="")
    terminal.table(
        ("what changed besides", "", ""),
        [(one["part"], one["what"], "" if one["change"] == "same" else one["change"])
         for one in said["shifts"]],
        empty="Nothing else changed.",
    )  # fmt: skip
