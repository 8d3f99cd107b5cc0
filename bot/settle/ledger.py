"""What a run really used, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

from bot.execute.journal import Entry

COMPUTE_SECONDS, TOOL_CALLS = "compute_seconds", "tool_calls"


def used(journal: Sequence[Entry]) -> dict[str, float]:
    """Units by name: every process that ran counts as a tool call and for the seconds it took, undo included."""
    ended = [entry for entry in journal if entry.event == "ended"]
    return {COMPUTE_SECONDS: sum(entry.wall_ms for entry in ended) / 1000, TOOL_CALLS: float(len(ended))}
