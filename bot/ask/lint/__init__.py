"""What a manifest must keep beyond its shape. Every finding stops the skill: there are no warnings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from pydantic import JsonValue

from bot.ask.lint.argv import plain
from bot.ask.lint.effects import effects, environments
from bot.ask.lint.inputs import inputs
from bot.ask.lint.naming import names
from bot.ask.lint.places import Placed, places
from bot.ask.lint.reach import reach
from bot.ask.lint.steps import commands, looking, steps
from bot.ask.lint.templates import templates
from bot.ask.manifest import Manifest
from bot.ask.reading import Finding, Unreadable, read_as

Rule = Callable[[Manifest, Sequence[Placed]], Iterator[Finding]]
"""What a later stage knows of what stands in a manifest, such as which verbs there are."""


def read(
    data: JsonValue,
    *,
    folder: str,
    runbook_name: str | None,
    files: Collection[str],
    also: Sequence[Rule] = (),
) -> Manifest:
    """The manifest in a document, kept to every rule; raises Unreadable with every finding."""
    manifest = read_as(Manifest, data)
    found = lint(manifest, folder=folder, runbook_name=runbook_name, files=files, also=also)
    if findings := tuple(found):
        raise Unreadable(findings)
    return manifest


def lint(
    manifest: Manifest,
    *,
    folder: str,
    runbook_name: str | None,
    files: Collection[str],
    also: Sequence[Rule] = (),
) -> Iterator[Finding]:
    """Everything a reader of the manifest may then rely on; `files` are the paths in the skill's folder."""
    placed = tuple(places(manifest))
    yield from names(manifest, folder, runbook_name)
    yield from inputs(manifest)
    yield from effects(manifest)
    yield from environments(manifest)
    yield from steps(manifest)
    yield from looking(manifest, placed)
    yield from commands(manifest, placed, files)
    yield from plain(placed)
    yield from reach(manifest, placed)
    yield from templates(manifest, placed)
    for rule in also:
        yield from rule(manifest, placed)
