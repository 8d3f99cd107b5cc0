"""`assent skills import`: knowledge from elsewhere, kept apart and never run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.artifacts.quarantine import Imported


def bring_in(
    path: Annotated[Path, typer.Argument(help="A folder with a SKILL.md, or one with such folders in it.")],
    into: Annotated[
        Path | None, typer.Option(help="Where to keep it; else .quarantine below the skills.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it here.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take in again what is there already.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Take in Agent Skills as knowledge: copied, looked over, never executable; exit 1 with findings.

    Links are not followed and not copied, and nothing keeps an execute bit. To run what is described there,
    write a skill of your own with a manifest, review it and lock it.

    Such as: assent skills import ~/agent-skills/pdf
    """
    from bot.artifacts.quarantine import bring_in as take
    from bot.artifacts.quarantine import found_in
    from bot.artifacts.tree import QUARANTINE

    if not path.is_dir():
        raise Refused(f"{path} is no folder. Name one that has a SKILL.md in it.")
    sources = found_in(path)
    if not sources:
        raise Refused(f"There is no SKILL.md in {path} or below, so there is nothing to take in.")
    if name is not None and len(sources) > 1:
        raise Refused(f"{path} has {len(sources)} skills: --name is for one.")
    under = _apart(into, QUARANTINE)
    taken: list[Imported] = []
    for source in sources:
        try:
            taken.append(take(source, under=under, name=name, replace=replace))
        except OSError as error:
            raise Refused(f"{source} cannot be read: {error.strerror or error}") from None
    if json:
        terminal.as_json([record(one) for one in taken])
    else:
        for one in taken:
            where = f"{one.files} files in {one.folder}" if one.folder else "not taken in"
            typer.echo(f"{one.name}: {where}, {len(one.findings)} findings")
            for finding in one.findings:
                typer.echo(f"  {finding}")
        terminal.note("It is knowledge: people and models may read it, and nothing of it runs.")
    if any(one.findings for one in taken):
        raise typer.Exit(1)


def _apart(into: Path | None, folder: str) -> Path:
    """Where imports go; never where skills are loaded from."""
    skills = opened.config().skills_dir
    if into is None:
        return skills / folder
    inside = into.absolute().resolve()
    top = skills.absolute().resolve()
    if inside == top or (inside.is_relative_to(top) and not inside.relative_to(top).parts[0].startswith(".")):
        raise Refused(f"{into} is where skills are loaded from. Keep imports elsewhere, or leave --into out.")
    return into


def record(one: Imported) -> dict[str, Any]:
    return {
        "name": one.name,
        "folder": None if one.folder is None else str(one.folder),
        "files": one.files,
        "executable": False,
        "findings": [terminal.placed(finding) for finding in one.findings],
    }
