"""Names: of the skill, its steps, and whatever refers to one of them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask.catalog import RESERVED, did_you_mean
from bot.ask.manifest import Manifest
from bot.ask.reading import Finding

MEASURE = "measure"
"""What the measurement is called where steps are named."""


def names(manifest: Manifest, folder: str, runbook_name: str | None) -> Iterator[Finding]:
    if manifest.name != folder:
        yield Finding(("name",), f'"{manifest.name}" is in the folder {folder}', "Give both the same name.")
    if runbook_name is not None and runbook_name != manifest.name:
        yield Finding(
            ("name",),
            f'SKILL.md calls this skill "{runbook_name}"',
            f"Write name: {manifest.name} in SKILL.md.",
        )
    if manifest.name in RESERVED:
        yield Finding(("name",), f'"{manifest.name}" is a word of the command itself', "Choose another name.")
    if manifest.replaced_by is not None and manifest.lifecycle != "deprecated":
        hint = "Write lifecycle: deprecated, or remove it."
        yield Finding(("replaced_by",), f"it is replaced, and its lifecycle is {manifest.lifecycle}", hint)
    if manifest.replaced_by == manifest.name:
        yield Finding(("replaced_by",), "a skill does not replace itself", "Name the other skill.")
    yield from _ids(manifest)
    yield from _references(manifest)


def _ids(manifest: Manifest) -> Iterator[Finding]:
    seen: list[str] = []
    for kind, ids in (
        ("plan", [step.id for step in manifest.plan]),
        ("preconditions", [one.id for one in manifest.preconditions]),
        ("steps", [step.id for step in manifest.steps]),
    ):
        for position, name in enumerate(ids):
            at = (kind, position, "id")
            if name in ids[:position]:
                yield Finding(at, f'two {kind} have the id "{name}"', "Give each its own.")
            elif kind == "steps" and name in seen:
                yield Finding(at, f'a precondition has the id "{name}" too', "Give each its own.")
        seen = ids if kind == "preconditions" else seen


def _references(manifest: Manifest) -> Iterator[Finding]:
    steps = [step.id for step in manifest.steps]
    for position, name in enumerate(manifest.evidence):
        if name not in (*steps, MEASURE):
            hint = did_you_mean(name, [*steps, MEASURE]).strip()
            yield Finding(("evidence", position), f"there is no step {name}", hint or f"Or {MEASURE}.")
    for position, name in enumerate(manifest.audit.redact):
        if name not in manifest.inputs.properties:
            hint = did_you_mean(name, manifest.inputs.properties).strip()
            yield Finding(("audit", "redact", position), f'there is no input "{name}"', hint)
    yield from _secrets(manifest)


def _secrets(manifest: Manifest) -> Iterator[Finding]:
    """A secret is handed to what is named, and to nothing else that happens to be called the same."""
    planned = [step.id for step in manifest.plan]
    run = [*(one.id for one in manifest.preconditions), *(step.id for step in manifest.steps), MEASURE]
    for secret, one in manifest.permissions.secrets.items():
        for position, name in enumerate(one.steps):
            at = ("permissions", "secrets", secret, "steps", position)
            if (many := [*planned, *run].count(name)) > 1:
                what = f'"{name}" may be any of {many}: of the plan, of the run, or the measurement'
                yield Finding(at, what, "Give each an id of its own.")
            elif not many:
                hint = did_you_mean(name, [*planned, *run]).strip()
                hint = hint or f"Steps are: {', '.join([*planned, *run])}."
                yield Finding(at, f"there is no step {name}", hint)
