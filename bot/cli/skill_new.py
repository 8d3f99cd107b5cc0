"""`assent skills new`: a skill that passes lint and its cases, to be changed into yours."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import opened, terminal
from bot.terms import Refused


def new(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by dashes.")],
    owner: Annotated[
        str, typer.Option(help="Whom people ask about it, as policies write them.")
    ] = "@platform",
) -> None:
    """Write a new skill that works: it turns flags on and off in a file. Change it into yours.

    Such as: assent skills new set-flag
    """
    from bot.artifacts.scaffolding import scaffold

    if '"' in owner or "\n" in owner or "\\" in owner:
        raise Refused(f"{owner} is no owner. Write a group or a person: @platform.")
    for path in scaffold(opened.config().skills_dir, name, owner=owner):
        typer.echo(str(path))
    terminal.note(
        f"Now: assent skills lint {name}, assent skills test {name}. When it is yours and reviewed:"
    )
    terminal.note("assent skills lock.")
