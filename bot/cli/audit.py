"""`assent audit`: whether the record is what was written, and the record itself."""

from __future__ import annotations

import asyncio
import json as json_lines
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.settle.audit import Broken

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Who did what, and that nobody edited it."
)

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]
Team = Annotated[str | None, typer.Option(help="The workspace, where there are several.")]


@app.command()
def verify(team: Team = None, json: AsJson = False) -> None:
    """Walk the whole chain and the signed checkpoints; exit 1 with the first entry that is not as written."""
    from bot.connectors.checkpoints import Checkpoints
    from bot.store.audit import Audit

    try:
        checkpoints = Checkpoints(opened.config().home).genuine()
    except Refused as forged:
        if json:
            terminal.as_json({"good": False, "entry": None, "why": str(forged)})
        else:
            typer.echo(str(forged))
        raise typer.Exit(1) from None

    async def walk() -> tuple[int, int, Broken | None, int]:
        async with opened.store(team) as store:
            signed = sum(one.team == store.team for one in checkpoints)
            return *await Audit(store).verify(checkpoints), signed

    entries, sealed, broken, signed = asyncio.run(walk())
    if json:
        found = {"good": broken is None, "entries": entries, "sealed": sealed, "checkpoints": signed}
        why = {"entry": broken.seq, "why": broken.why} if broken is not None else {"entry": None, "why": ""}
        terminal.as_json({**found, **why})
        raise typer.Exit(0 if broken is None else 1)
    if broken is not None:
        typer.echo(f"Entry {broken.seq}: {broken.why}.")
        raise typer.Exit(1)
    typer.echo(f"{entries} entries, {sealed} sealed, {signed} signed checkpoints: all as written.")
    if sealed < entries:
        terminal.note(f"{entries - sealed} entries wait for their seal: a worker seals within a second.")
    if not signed:
        terminal.note(
            f"No checkpoint is signed yet in {opened.config().home}: "
            "who can write Redis could have rewritten all of it."
        )


@app.command()
def export(
    team: Team = None,
    json: Annotated[bool, typer.Option("--json", help="One object a line, for a program to read.")] = False,
) -> None:
    """Every entry, oldest first.

    Such as: assent audit export --json > audit.jsonl
    """
    from bot.store.audit import Audit

    async def read() -> list[dict[str, Any]]:
        async with opened.store(team) as store:
            return await Audit(store).export()

    entries = asyncio.run(read())
    if json:
        for entry in entries:
            typer.echo(json_lines.dumps(entry, ensure_ascii=False))
        return
    columns = ("seq", "at", "kind", "request", "principal", "reason")
    terminal.table(
        columns, [[one[name] for name in columns] for one in entries], empty="There are no entries."
    )
