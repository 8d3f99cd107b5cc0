"""The negative control's worker: what may happen at most once is repeated as if a key protected it.

A worker of its own, so that the product has no switch for this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import worker
from bot.ask.manifest import Manifest
from bot.execute.journal import Entry
from bot.execute.moves import Move
from bot.flow import running

right = running.next_move


def wrong(manifest: Manifest, journal: Sequence[Entry], **more: Any) -> Move:
    """The rule, for a manifest in which nothing is at-most-once."""
    steps = tuple(
        step.model_copy(update={"repeat": "idempotent"}) if step.repeat == "at_most_once" else step
        for step in manifest.steps
    )
    return right(manifest.model_copy(update={"steps": steps}), journal, **more)


if __name__ == "__main__":
    running.next_move = wrong  # type: ignore[attr-defined,unused-ignore]
    worker.main()
