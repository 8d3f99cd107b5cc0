"""`assent skills show`: all that one skill declares, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import opened, terminal
from bot.cli.skill_signing import one

if TYPE_CHECKING:
    from bot.artifacts.locks import Locked
    from bot.ask.catalog import Skill
    from bot.ask.manifest import Manifest

Row = tuple[str, object]


def show(
    name: Annotated[str, typer.Argument(help="The skill.")],
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """One skill: what it declares, who stands behind it, and its runbook.

    Such as: assent skills show deploy
    """
    from bot.artifacts.locks import read

    skill = one(name)
    line = read(opened.config().skills_dir)[0].get(skill.name)
    if json:
        manifest = skill.manifest.model_dump(mode="json", by_alias=True)
        said = {**summary(skill), "reviewed_by": line.reviewed_by if line else ""}
        terminal.as_json({**said, "files": dict(skill.files), "manifest": manifest})
        return
    rows = [*_who(skill, line), *_what(skill.manifest), *_how(skill.manifest)]
    terminal.table(("", ""), [row for row in rows if row[1] not in ("", None)], empty="")
    typer.echo(skill.runbook)


def summary(skill: Skill) -> dict[str, object]:
    """A skill as programs read it; `why` says why it may not run."""
    return {
        "name": skill.name,
        "version": skill.version,
        "digest": skill.digest,
        "state": "unarmed" if skill.unarmed else "armed",
        "why": skill.unarmed,
        "signer": skill.signer,
        "summary": skill.manifest.summary,
        "lifecycle": skill.manifest.lifecycle,
        "environments": [one.value for one in skill.manifest.environments],
    }


def _who(skill: Skill, line: Locked | None) -> Iterator[Row]:
    manifest = skill.manifest
    yield "name", skill.name
    yield "version", skill.version
    yield "state", "unarmed" if skill.unarmed else "armed"
    yield "why", skill.unarmed
    yield "summary", manifest.summary
    after = f", replaced by {manifest.replaced_by}" if manifest.replaced_by else ""
    yield "lifecycle", f"{manifest.lifecycle}{after}"
    yield "owners", ", ".join(manifest.owners)
    yield "signed by", skill.signer
    yield "reviewed by", line.reviewed_by if line else ""
    yield "digest", skill.digest


def _what(manifest: Manifest) -> Iterator[Row]:
    from bot.ask.lattice import grants
    from bot.terms import dollars

    for name, asked in manifest.inputs.properties.items():
        needed = " (required)" if name in manifest.inputs.required else ""
        yield "input", f"{name}{needed}: {asked.description}"
    effects = manifest.effects
    words = ("read_only", "destructive", "idempotent", "open_world")
    yield "effects", ", ".join(word.replace("_", "-") for word in words if getattr(effects, word)) or "none"
    yield "blast radius", effects.blast_radius
    for environment in manifest.environments:
        risk = effects.risk.get(environment)
        ceiling = manifest.cost.ceiling.get(environment)
        most = f"at most {dollars(ceiling)}" if ceiling is not None else ""
        yield environment.value, ", ".join(filter(None, ["" if risk is None else f"risk {risk}", most]))
    for grant in grants(manifest.permissions):
        yield "may", grant.may
    if manifest.approval is not None:
        groups = "".join(f", one of {group}" for group in manifest.approval.groups)
        yield "approval", f"at least {manifest.approval.people} people{groups}"


def _how(manifest: Manifest) -> Iterator[Row]:
    from bot.ask.lint.places import action_of

    for planning in manifest.plan:
        yield "plan", f"{planning.id}: {' '.join(planning.run)}"
    for condition in manifest.preconditions:
        yield "first", f"{condition.id}: {condition.title}"
    for step in manifest.steps:
        undo = ", can be undone" if step.undo else ""
        yield "step", f"{step.id} ({action_of(step)[0]}, {step.repeat}{undo}): {step.title}"
    for check in manifest.done_when.checks:
        yield "done when", check.name
    yield "on failure", manifest.on_fail
    yield "on cancel", manifest.on_cancel
    limits = manifest.limits.model_dump(exclude_none=True)
    yield "limits", ", ".join(f"{key} {value:g}" for key, value in limits.items())
