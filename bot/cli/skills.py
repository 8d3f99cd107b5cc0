"""`assent skills`: the skills there are, and which bytes of them were reviewed."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import (
    opened,
    skill_cases,
    skill_diff,
    skill_import,
    skill_lint,
    skill_new,
    skill_replay,
    skill_schema,
    skill_show,
    skill_signing,
    terminal,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="What may be asked for.")
app.command("test")(skill_cases.play_cases)
app.command("diff")(skill_diff.diff)
app.command("import")(skill_import.bring_in)
app.command("lint")(skill_lint.lint)
app.command("lock")(skill_signing.lock)
app.command("new")(skill_new.new)
app.command("replay")(skill_replay.replay)
app.command("schema")(skill_schema.schema)
app.command("show")(skill_show.show)
app.command("sign")(skill_signing.sign)
app.command("verify")(skill_signing.verify)

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command("list")
def list_(json: AsJson = False) -> None:
    """Every skill and whether it may run; exit 1 when one may not."""
    catalog = opened.skills()
    found = [skill_show.summary(skill) for skill in catalog.values()]
    found += [{"name": name, "state": "broken", "why": why} for name, why in catalog.broken.items()]
    if json:
        terminal.as_json(found)
    else:
        rows = [
            (one["name"], one.get("version", ""), one["state"], one["why"] or one["summary"]) for one in found
        ]
        terminal.table(("skill", "version", "state", ""), rows, empty="There are no skills here.")
    if any(one["state"] != "armed" for one in found):
        raise typer.Exit(1)
