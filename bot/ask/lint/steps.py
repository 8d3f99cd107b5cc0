"""Steps: what must stand beside what, so that a crash or a failure has an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from bot.ask import fill
from bot.ask.catalog import did_you_mean
from bot.ask.lint.places import Placed, changes
from bot.ask.manifest import AskStep, Manifest, ModelStep
from bot.ask.reading import Finding, Path

UNDO, READ_ONLY = "missing-undo", "read-only"


def steps(manifest: Manifest) -> Iterator[Finding]:
    undone = {
        key: value
        for key, value in (("on_fail", manifest.on_fail), ("on_cancel", manifest.on_cancel))
        if value == "undo"
    }
    for position, step in enumerate(manifest.steps):
        at = ("steps", position)
        if undone and step.repeat != "pure" and step.undo is None:
            key = next(iter(undone))
            yield Finding(at, f"{key} is undo, and {step.id} has no undo", f"Add undo, or {key}: stop.", UNDO)
        if step.repeat == "reconcilable" and step.probe is None:
            yield Finding(
                at, f"{step.id} is reconcilable without a probe", "Add a probe: 0 it happened, 1 not."
            )
        if step.repeat != "reconcilable" and step.probe is not None:
            yield Finding((*at, "probe"), f"{step.id} is {step.repeat}: nobody asks its probe", "Remove it.")
        if step.retry is not None and step.repeat not in ("pure", "idempotent"):
            what = f"{step.id} is {step.repeat}: after a failure nobody knows that it may be begun again"
            yield Finding((*at, "retry"), what, "Only pure and idempotent steps are retried.")
        if isinstance(step, AskStep):
            yield from _question(step, at)
        if isinstance(step, ModelStep):
            yield from _model(step, at)
        if isinstance(step, AskStep | ModelStep) and step.repeat != "pure":
            what = f"{step.id} only asks, and is {step.repeat}"
            yield Finding((*at, "repeat"), what, "Write repeat: pure.")


def _model(step: ModelStep, at: Path) -> Iterator[Finding]:
    """Whoever looks things up asks again with what was found, so how often must be said."""
    if step.model.tools and step.model.ceilings.calls is None:
        what = f"{step.id} has tools, and nothing says how often they may be asked"
        yield Finding((*at, "model", "ceilings"), what, "Add calls, such as calls: 6.")


def _question(step: AskStep, at: Path) -> Iterator[Finding]:
    """A question changes nothing and is asked once; how long it waits is its time limit."""
    if step.undo is not None:
        yield Finding((*at, "undo"), f"{step.id} asks a question: there is nothing to undo", "Remove it.")
    if step.retry is not None:
        what = f"{step.id} is asked once, and waits as long as its timeout says"
        yield Finding((*at, "retry"), what, "Remove retry, and give it a longer timeout.")


def looking(manifest: Manifest, placed: Sequence[Placed]) -> Iterator[Finding]:
    """What is there to look changes nothing, and nor does a skill that says it only reads."""
    for place in placed:
        if not (change := changes(place.body)):
            continue
        if place.looks:
            yield Finding(
                place.path,
                f"{change} changes something, and this may only look",
                "Use GET, or a verb that reads.",
            )
        elif manifest.effects.read_only:
            what = f"a read-only skill changes nothing, and {change} does"
            yield Finding(place.path, what, "Write read_only: false.", READ_ONLY)


def commands(manifest: Manifest, placed: Sequence[Placed], files: Collection[str]) -> Iterator[Finding]:
    for place in placed:
        if isinstance(place.body, tuple):
            yield from _command(place.path, place.body, manifest, files)


def _command(
    path: Path, argv: tuple[str, ...], manifest: Manifest, files: Collection[str]
) -> Iterator[Finding]:
    program = argv[0]
    if program not in manifest.permissions.exec:
        guess = did_you_mean(program, manifest.permissions.exec)
        yield Finding((*path, 0), f"{program} is not in permissions.exec", guess.strip() or "Add it there.")
    if fill.names(program):
        yield Finding((*path, 0), "the program to run is never filled in", "Write its name.")
    for position, item in enumerate(argv[1:], start=1):
        if ".." in item and ".." in PurePosixPath(item).parts:
            yield Finding((*path, position), f"{item} leaves the skill's folder", "Keep files inside.")
        elif item.startswith("scripts/") and item not in files:
            guess = did_you_mean(item, [file for file in files if file.startswith("scripts/")])
            yield Finding((*path, position), f"there is no {item}", guess.strip() or "Add the file.")
