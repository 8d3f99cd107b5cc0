"""`assent skills`: the skills there are, and which bytes of them were reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, skill_cases, skill_diff, skill_import, skill_lint, skill_signing, terminal

if TYPE_CHECKING:
    from bot.ask.catalog import Skill

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="What may be asked for.")
app.command("test")(skill_cases.play_cases)
app.command("diff")(skill_diff.diff)
app.command("import")(skill_import.bring_in)
app.command("lint")(skill_lint.lint)
app.command("lock")(skill_signing.lock)
app.command("sign")(skill_signing.sign)
app.command("verify")(skill_signing.verify)

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command("list")
def list_(json: AsJson = False) -> None:
    """Every skill and whether it may run; exit 1 when one may not."""
    catalog = opened.artifacts().skills()
    found = [summary(skill) for skill in catalog.values()]
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


@app.command()
def show(name: str, json: AsJson = False) -> None:
    """One skill: what it declares, and its runbook.

    Such as: assent skills show deploy
    """
    catalog = opened.artifacts().skills()
    skill = catalog.get(name) or catalog.find(name)  # `find` explains what cannot be shown
    if json:
        manifest = skill.manifest.model_dump(mode="json", by_alias=True)
        terminal.as_json({**summary(skill), "files": dict(skill.files), "manifest": manifest})
        return
    said = summary(skill)
    rows = [
        (word, said[word]) for word in ("name", "version", "state", "why", "summary", "digest") if said[word]
    ]
    inputs = skill.manifest.inputs
    rows += [
        ("input", f"{name}{' (required)' if name in inputs.required else ''}: {one.description}")
        for name, one in inputs.properties.items()
    ]
    rows += [("may start", " ".join(skill.manifest.permissions.exec))]
    rows += [("step", f"{step.id} ({step.repeat})") for step in skill.manifest.steps]
    terminal.table(("", ""), rows, empty="")
    typer.echo(skill.runbook)


def summary(skill: Skill) -> dict[str, Any]:
    """A skill as programs read it; `why` says why it may not run."""
    return {
        "name": skill.name,
        "version": skill.version,
        "digest": skill.digest,
        "state": "unarmed" if skill.unarmed else "armed",
        "why": skill.unarmed,
        "summary": skill.manifest.summary,
        "lifecycle": skill.manifest.lifecycle,
        "environments": [one.value for one in skill.manifest.environments],
    }
