"""`assent skills import`: knowledge from elsewhere, looked over, kept apart and never run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, reports, terminal
from bot.cli.reports import Format
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.artifacts.quarantine import Imported
    from bot.ask.reading import Problem


def bring_in(
    path: Annotated[Path, typer.Argument(help="A folder with a SKILL.md, or one with such folders in it.")],
    into: Annotated[
        Path | None, typer.Option(help="Where to keep it; else .quarantine below the skills.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it here.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take in again what is there already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look only; take nothing in.")] = False,
    format_: Annotated[
        Format, typer.Option("--format", help="sarif for code scanning, github for annotations.")
    ] = Format.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Take in Agent Skills as knowledge: copied, looked over, never executable; exit 1 with errors.

    Any repository of them will do, also where skills do not keep to the format: each says what it is, what is
    wrong and what would mend it. Links are not followed and not copied, and nothing keeps an execute bit. To
    run what is described there, write a skill of your own with a manifest, review it and lock it.

    Such as: assent skills import ~/agent-skills --dry-run
    """
    taken = _taken(path, into=into, name=name, replace=replace, dry_run=dry_run)
    match Format.JSON if json else format_:
        case Format.JSON:
            terminal.as_json([record(one) for one in taken])
        case Format.SARIF:
            from bot.artifacts.inspection.rules import ALL

            found = [problem for one in taken for problem in _placed(one, path)]
            terminal.as_json(reports.sarif(found, base=path, rules=ALL))
        case Format.GITHUB:
            for problem in (each for one in taken for each in _placed(one, path)):
                typer.echo(reports.annotation(problem, path))
        case Format.TEXT:
            for one in taken:
                _say(one, dry_run=dry_run)
    _sum_up(taken, dry_run=dry_run)
    if any(problem.level == "error" for one in taken for problem in one.findings):
        raise typer.Exit(1)


def _taken(
    path: Path, *, into: Path | None, name: str | None, replace: bool, dry_run: bool
) -> list[Imported]:
    from bot.artifacts.quarantine import NOT_TAKEN_IN, Imported, bring_in, found_in, look
    from bot.artifacts.tree import QUARANTINE
    from bot.ask.manifest.words import NAME

    if not path.is_dir():
        raise Refused(f"{path} is no folder. Name one that has a SKILL.md in it.")
    sources = found_in(path)
    if not sources:
        raise Refused(f"There is no SKILL.md in {path} or below, so there is nothing to take in.")
    if name is not None and len(sources) > 1:
        raise Refused(f"{path} has {len(sources)} skills: --name is for one.")
    if name is not None and not NAME.fullmatch(name):
        raise Refused(f"{name} is no name. A name is lower-case words joined by dashes.")
    under = _apart(into, QUARANTINE)
    taken: list[Imported] = []
    fresh: set[Path] = set()
    for source in sources:
        try:
            seen = look(source)
            if dry_run:
                taken.append(Imported(seen, name or seen.name or source.name, None, seen.findings))
                continue
            again = replace and under / (name or seen.name) not in fresh
            taken.append(one := bring_in(seen, under=under, name=name, replace=again))
        except OSError as error:
            raise Refused(f"{source} cannot be read: {error.strerror or error}") from None
        if one.folder is not None:
            fresh.add(one.folder)
        elif len(sources) == 1 and one.findings[-1].rule == NOT_TAKEN_IN:
            raise Refused(f"{one.findings[-1].message}. {one.findings[-1].hint}")
    return taken


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


def _say(one: Imported, *, dry_run: bool) -> None:
    seen = one.look
    where = f"{len(seen.content)} files in {one.folder}" if one.folder else "not taken in"
    typer.echo(f"{one.name}: {_verdict(one)}" if dry_run else f"{one.name}: {_verdict(one)}, {where}")
    tools = f"; asks for {', '.join(seen.tools)}" if seen.tools else ""
    said = seen.description if len(seen.description) <= 120 else f"{seen.description[:119]}…"
    typer.echo(f"  {seen.kind}{tools}: {' '.join(said.split()) or 'no description'}")
    for finding in one.findings:
        mark = "" if finding.level == "error" else f"{finding.level}: "
        typer.echo(f"  {mark}{finding}")


def _verdict(one: Imported) -> str:
    if one.look.kept:
        return "keeps to the format"
    return "can be read, and does not keep to the format" if one.look.readable else "cannot be read for sure"


def _sum_up(taken: list[Imported], *, dry_run: bool) -> None:
    kept = sum(one.look.kept for one in taken)
    readable = sum(one.look.readable and not one.look.kept for one in taken)
    words = f"{len(taken)} skills: {kept} keep to the format, {readable} can be read all the same"
    if left := len(taken) - kept - readable:
        words += f", {left} cannot be read for sure"
    if not dry_run and (out := sum(one.folder is None for one in taken)):
        words += f", {out} not taken in"
    terminal.note(f"{words}.")
    rules = Counter(finding.rule for one in taken for finding in one.findings if finding.level == "error")
    if rules:
        terminal.note("Errors: " + ", ".join(f"{rule} {many}" for rule, many in rules.most_common()) + ".")
    terminal.note("It is knowledge: people and models may read it, and nothing of it runs.")


def _placed(one: Imported, path: Path) -> list[Problem]:
    """Its findings as seen from the folder that was named."""
    inside = one.look.source.relative_to(path).as_posix()
    prefix = path.name if inside == "." else f"{path.name}/{inside}"
    return [changed(finding, file=f"{prefix}/{finding.file}") for finding in one.findings]


def record(one: Imported) -> dict[str, Any]:
    seen = one.look
    return {
        "name": one.name,
        "source": str(seen.source),
        "folder": None if one.folder is None else str(one.folder),
        "description": seen.description,
        "kind": seen.kind,
        "tools": list(seen.tools),
        "keeps_to_the_format": seen.kept,
        "readable": seen.readable,
        "files": len(seen.content) if one.folder or seen.fits else 0,
        "executable": False,
        "findings": [terminal.placed(finding) for finding in one.findings],
    }
