"""Effects: what a skill says it does to the world, held against what it would do."""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask.manifest import Manifest
from bot.ask.reading import Finding


def effects(manifest: Manifest) -> Iterator[Finding]:
    said = manifest.effects
    if said.read_only:
        if said.destructive:
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
    elif said.lock is None:
        yield Finding(
            ("effects",), '"lock" is missing', 'Say what one run at a time holds: "${environment}".'
        )


def environments(manifest: Manifest) -> Iterator[Finding]:
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
