"""What models have said in a run, for the steps after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from bot.ask.manifest import Manifest, ModelStep
from bot.execute.journal import Entry

Said = Mapping[str, Mapping[str, JsonValue]]


def said(manifest: Manifest, journal: Sequence[Entry]) -> Said:
    """The results of its model steps, by their ids: the last good one of each."""
    asked = {step.id for step in manifest.steps if isinstance(step, ModelStep)}
    return {
        entry.step: entry.result
        for entry in journal
        if entry.step in asked
        and entry.phase == "step"
        and entry.event == "ended"
        and entry.ok
        and entry.result
    }
