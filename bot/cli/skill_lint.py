"""`assent skills lint`: what stops a skill, and what is worth a look."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import opened, reports, terminal
from bot.cli.reports import Format
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.ask.reading import Problem


def lint(
    what: Annotated[
        str | None,
        typer.Argument(help="A skill, a skill's folder or a folder of skills; else ASSENT_SKILLS."),
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="sarif for code scanning, github for annotations.")
    ] = Format.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are findings too.")] = False,
) -> None:
    """Everything that keeps a skill or its cases from being used, with its place; exit 1 with such findings.

    Warnings are guesses: they do not change the exit code, and lint.yaml in the skill's folder suppresses
    them with a reason, until a day.

    Such as: assent skills lint deploy --format sarif
    """
    found, base = _found(what)
    format_ = Format.JSON if json else format_
    match format_:
        case Format.JSON:
            terminal.as_json([terminal.placed(problem) for problem in found])
        case Format.SARIF:
            from bot.artifacts.inspection.rules import ALL

            terminal.as_json(reports.sarif(found, base=base, rules=ALL))
        case Format.GITHUB:
            for problem in found:
                typer.echo(reports.annotation(problem, base))
        case Format.TEXT:
            for problem in found:
                mark = "" if problem.level == "error" else f"{problem.level}: "
                rule = "" if problem.level == "error" else f" [{problem.rule}]"
                typer.echo(f"{mark}{problem}{rule}")
    errors = sum(problem.level == "error" for problem in found)
    others = len(found) - errors
    more = f", {others} {'warning' if others == 1 else 'warnings'}" if others else ""
    terminal.note(f"{errors or 'No'} {'finding' if errors == 1 else 'findings'}{more}.")
    if errors or (strict and any(problem.level == "warning" for problem in found)):
        raise typer.Exit(1)


def _found(what: str | None) -> tuple[list[Problem], Path]:
    """The findings, and the folder whose name they begin with."""
    from bot.artifacts import Artifacts, linting
    from bot.artifacts.loading import MANIFEST, RUNBOOK

    today = datetime.now(UTC).date()
    config = opened.config()
    if what is None:
        return linting.shelf(opened.artifacts(), config.skills_dir, today=today), config.skills_dir
    inside = config.skills_dir / what
    folder = inside if "/" not in what and inside.is_dir() else Path(what)
    if not folder.is_dir():
        opened.artifacts().skills().find(what)  # explains a slip of the hand
        raise Refused(f"{what} is neither a skill here nor a folder.")
    if (folder / MANIFEST).exists() or (folder / RUNBOOK).exists():
        return linting.one(folder, today=today), folder.parent
    return linting.shelf(Artifacts(folder, config.policies_dir), folder, today=today), folder
