"""What earlier runs say about the next one: only what was measured counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from bot.assess.evidence import TrackRecord
from bot.terms import Micros

Line = Mapping[str, JsonValue]
_MEASURED = frozenset({"done", "not_done", "failed", "rolled_back", "unknown"})


def costs(history: Sequence[Line]) -> tuple[Micros, ...]:
    """What each earlier run cost, oldest first."""
    return tuple(Micros(cost) for line in history if isinstance(cost := line.get("cost"), int))


def track_record(history: Sequence[Line]) -> TrackRecord:
    """Verified outcomes among the runs that got as far as being measured. A stopped run says nothing."""
    outcomes = [line.get("outcome") for line in history]
    runs = sum(outcome in _MEASURED for outcome in outcomes)
    return TrackRecord(runs=runs, verified=outcomes.count("done"))
