"""`assent skills test`: the cases of a skill, run for real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.artifacts.cases import Cases
    from bot.ask.catalog import Skill
    from bot.cli.rehearsal import Played


def play_cases(
    name: Annotated[str | None, typer.Argument(help="One skill; all of them when left out.")] = None,
    case: Annotated[str | None, typer.Option(help="Only the cases with this in their name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Run the cases in each skill's tests/cases.yaml; exit 1 when one ends otherwise than it says.

    Plans, steps, probes, undo and measurements are the real ones, started by the real runner against a target
    of each case's own. Slack and Redis are not needed, and a skill need not be locked yet.

    Such as: assent skills test deploy --case rolled
    """
    from bot.cli.rehearsal import play
    from bot.connectors.walls.choosing import choose

    async def run() -> list[dict[str, Any]]:
        rows = []
        asked_for = opened.config().sandbox
        held_by = await choose("any" if asked_for == "auto" else asked_for)
        if not json:
            terminal.note(held_by.warning or f"Steps run behind the walls of {held_by.tier}.")
        for skill, cases in chosen:
            for one in cases.cases:
                if case is None or case in one.name:
                    rows.append(row(skill, played := await play(skill, cases, one, wall=held_by.wall)))
                    if not json:
                        say(skill, played)
        return rows

    chosen = _chosen(name)
    rows = asyncio.run(run())
    if case is not None and not rows:
        raise Refused(f'No case has "{case}" in its name.')
    failed = sum(not one["passed"] for one in rows)
    if json:
        terminal.as_json(rows)
    else:
        terminal.note(f"{len(rows)} cases, {failed} of them came out otherwise." if failed else
                      f"{len(rows)} cases, all as they say.")  # fmt: skip
    if failed:
        raise typer.Exit(1)


def _chosen(name: str | None) -> list[tuple[Skill, Cases]]:
    """The skills that have cases; raises Refused when there is nothing that could be run."""
    from bot.artifacts.cases import FILE, Unplayable, read

    catalog = opened.skills()
    if name is None and catalog.broken:
        raise Refused("\n".join(f"{skill} cannot be read: {why}" for skill, why in catalog.broken.items()))
    found = [catalog.get(name) or catalog.find(name)] if name is not None else list(catalog.values())
    chosen = []
    try:
        for skill in found:
            if cases := read(skill):
                chosen.append((skill, cases))
            elif name is None:
                terminal.note(f"{skill.name} has no {FILE}: nothing says what it must do.")
    except Unplayable as error:
        raise Refused(str(error)) from None
    if not chosen:
        raise Refused(f"There is nothing to run: {name or 'no skill'} has {'no' if name else 'a'} {FILE}.")
    return chosen


def row(skill: Skill, played: Played) -> dict[str, Any]:
    return {
        "skill": skill.name,
        "version": skill.version,
        "digest": skill.digest,
        "case": played.case.name,
        "passed": played.passed,
        "expected": played.wanted,
        "got": played.got,
        "details": list(played.details),
        "wall_s": round(played.wall_s, 3),
    }


def say(skill: Skill, played: Played) -> None:
    how = "passed" if played.passed else "FAILED"
    typer.echo(f"{how}  {skill.name}: {played.case.name} ({played.wall_s:.1f} s)")
    if not played.passed:
        typer.echo(f"        must end: {played.wanted}")
        typer.echo(f"        ended:    {played.got}")
        for line in played.details:
            typer.echo(f"          {line}")
