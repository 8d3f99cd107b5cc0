"""What a manifest must keep beyond its shape. Every finding stops the skill: there are no warnings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

import jsonschema
from pydantic import JsonValue

from bot.ask import fill
from bot.ask.catalog import RESERVED, did_you_mean
from bot.ask.manifest import Manifest, whole
from bot.ask.reading import Finding, Path, Unreadable, read_as


def read(data: JsonValue, *, folder: str, runbook_name: str | None, files: Collection[str]) -> Manifest:
    """The manifest in a document, kept to every rule; raises Unreadable with every finding."""
    manifest = read_as(Manifest, data)
    if findings := tuple(lint(manifest, folder=folder, runbook_name=runbook_name, files=files)):
        raise Unreadable(findings)
    return manifest


def lint(
    manifest: Manifest, *, folder: str, runbook_name: str | None, files: Collection[str]
) -> Iterator[Finding]:
    """Everything a reader of the manifest may then rely on; `files` are the paths in the skill's folder."""
    yield from _names(manifest, folder, runbook_name)
    yield from _inputs(manifest)
    yield from _effects(manifest)
    yield from _environments(manifest)
    yield from _steps(manifest)
    yield from _commands(manifest, files)
    yield from _texts(manifest)


def _names(manifest: Manifest, folder: str, runbook_name: str | None) -> Iterator[Finding]:
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
    for kind, ids in (
        ("plan", [step.id for step in manifest.plan]),
        ("steps", [step.id for step in manifest.steps]),
    ):
        for position, name in enumerate(ids):
            if name in ids[:position]:
                yield Finding(
                    (kind, position, "id"), f'two {kind} have the id "{name}"', "Give each its own."
                )


def _inputs(manifest: Manifest) -> Iterator[Finding]:
    inputs = manifest.inputs
    for position, name in enumerate(inputs.required):
        if name not in inputs.properties:
            hint = did_you_mean(name, inputs.properties).strip()
            yield Finding(("inputs", "required", position), f'there is no input "{name}"', hint)
    for name, one in inputs.properties.items():
        at = ("inputs", "properties", name)
        if name == "environment":
            yield Finding(at, "environment is said with `to`, not as an input", "Remove this input.")
        if one.pattern is not None:
            if one.type != "string":
                yield Finding(
                    (*at, "pattern"), f"a pattern is for text, and {name} is {one.type}", "Remove it."
                )
            try:
                re.compile(whole(one.pattern))
            except re.error as error:
                yield Finding((*at, "pattern"), f"the pattern does not compile: {error}", "Correct it.")
                continue
        for key, values in (("enum", one.enum or ()), ("examples", one.examples)):
            for position, value in enumerate(values):
                if not _fits(one.as_json_schema(), value):
                    yield Finding(
                        (*at, key, position), f"{value!r} is not a valid {name} itself", "Correct it."
                    )
        if one.default is not None and not _fits(one.as_json_schema(), one.default):
            yield Finding(
                (*at, "default"), f"the default {one.default!r} is not a valid {name}", "Correct it."
            )
        if one.default is not None and name in inputs.required:
            yield Finding((*at, "default"), f"{name} is required, so its default never counts", "Keep one.")


def _fits(schema: dict[str, JsonValue], value: object) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


def _effects(manifest: Manifest) -> Iterator[Finding]:
    effects = manifest.effects
    if effects.read_only:
        if effects.destructive:
            yield Finding(("effects",), "it is read_only and destructive", "Write destructive: false.")
        for position, step in enumerate(manifest.steps):
            if step.repeat != "pure":
                yield Finding(
                    ("steps", position, "repeat"),
                    f"a read-only skill has only pure steps, and {step.id} is {step.repeat}",
                    "Write repeat: pure, or read_only: false.",
                )
            if step.undo is not None:
                yield Finding(
                    ("steps", position, "undo"), "a read-only step has nothing to undo", "Remove it."
                )
        if manifest.on_fail == "undo":
            yield Finding(("on_fail",), "a read-only skill has nothing to undo", "Write on_fail: stop.")
    elif effects.lock is None:
        yield Finding(
            ("effects",), '"lock" is missing', 'Say what one run at a time holds: "${environment}".'
        )


def _environments(manifest: Manifest) -> Iterator[Finding]:
    listed = manifest.environments
    if len(set(listed)) != len(listed):
        yield Finding(("environments",), "an environment is listed twice", "Keep one.")
    for path, table, needed in (
        (("cost", "ceiling_usd"), manifest.cost.ceiling, True),
        (("effects", "risk"), manifest.effects.risk, not manifest.effects.read_only),
    ):
        what = path[-1]
        for environment in dict.fromkeys(listed):
            if needed and environment not in table:
                yield Finding(path, f"{what} says nothing for {environment}", f"Add {environment}.")
        for environment in table:
            if environment not in listed:
                yield Finding(
                    (*path, environment.value),
                    f"{environment} is not in environments",
                    "Add it there, or not here.",
                )


def _steps(manifest: Manifest) -> Iterator[Finding]:
    for position, step in enumerate(manifest.steps):
        at = ("steps", position)
        if manifest.on_fail == "undo" and step.repeat != "pure" and step.undo is None:
            yield Finding(at, f"on_fail is undo, and {step.id} has no undo", "Add undo, or on_fail: stop.")
        if step.repeat == "reconcilable" and step.probe is None:
            yield Finding(
                at, f"{step.id} is reconcilable without a probe", "Add a probe: 0 it happened, 1 not."
            )
        if step.repeat != "reconcilable" and step.probe is not None:
            yield Finding((*at, "probe"), f"{step.id} is {step.repeat}: nobody asks its probe", "Remove it.")


def _commands(manifest: Manifest, files: Collection[str]) -> Iterator[Finding]:
    for path, argv, _ in argvs(manifest):
        program = argv[0]
        if program not in manifest.permissions.exec:
            guess = did_you_mean(program, manifest.permissions.exec)
            yield Finding(
                (*path, 0), f"{program} is not in permissions.exec", guess.strip() or "Add it there."
            )
        if fill.names(program):
            yield Finding((*path, 0), "the program to run is never filled in", "Write its name.")
        for position, item in enumerate(argv[1:], start=1):
            if ".." in PurePosixPath(item).parts:
                yield Finding((*path, position), f"{item} leaves the skill's folder", "Keep files inside.")
            elif item.startswith("scripts/") and item not in files:
                guess = did_you_mean(item, [file for file in files if file.startswith("scripts/")])
                yield Finding((*path, position), f"there is no {item}", guess.strip() or "Add the file.")


def argvs(manifest: Manifest) -> Iterator[tuple[Path, tuple[str, ...], tuple[str, ...]]]:
    """Every command with where it stands and the names it may use beside the inputs."""
    after = (*fill.PLANNED, *fill.RUNNING)
    for position, planning in enumerate(manifest.plan):
        yield ("plan", position, "run"), planning.run, ()
    for position, step in enumerate(manifest.steps):
        for key, argv in (("run", step.run), ("probe", step.probe), ("undo", step.undo)):
            if argv:
                yield ("steps", position, key), argv, after
    yield ("done_when", "measure", "run"), manifest.done_when.measure.run, fill.PLANNED


def _texts(manifest: Manifest) -> Iterator[Finding]:
    """Every template names only what will be known when it is filled."""
    templates: list[tuple[Path, str, tuple[str, ...]]] = [
        ((*path, position), item, extra)
        for path, argv, extra in argvs(manifest)
        for position, item in enumerate(argv)
    ]
    templates += [
        (("steps", position, "title"), step.title, fill.PLANNED)
        for position, step in enumerate(manifest.steps)
    ]
    templates += [
        (("done_when", "checks", position, "equals"), check.equals, fill.PLANNED)
        for position, check in enumerate(manifest.done_when.checks)
        if isinstance(check.equals, str)
    ]
    if manifest.effects.lock is not None:
        templates.append((("effects", "lock"), manifest.effects.lock, ()))
    optional = manifest.inputs.optional()
    for path, template, extra in templates:
        known = [*fill.ALWAYS, *extra, *(f"inputs.{name}" for name in manifest.inputs.properties)]
        for name in fill.unknown(template, known, planned=bool(extra)):
            if name == "${":
                yield Finding(path, "a ${ is never closed", "Write ${environment}, for example.")
            else:
                guess = did_you_mean(name, known).strip()
                yield Finding(
                    path, f"nothing is known as ${{{name}}}", guess or f"Known: {', '.join(known)}."
                )
        for name in fill.names(template):
            if name.removeprefix("inputs.") in optional and name.startswith("inputs."):
                yield Finding(
                    path, f"${{{name}}} may have no value", "Make the input required or give it a default."
                )
