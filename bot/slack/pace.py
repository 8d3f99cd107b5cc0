"""How often cards may be redrawn: Slack allows a workspace about fifty updates a minute, for all cards."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

A_MINUTE = 50


class Rank(IntEnum):
    """Who waits when it gets tight; the number is how many updates are kept back for those above."""

    FINAL = -1_000_000
    """How it ended: always sent."""
    ASKING = 0
    """People are asked for something: an approval, a decision about an interrupted run."""
    MOVED = 5
    PROGRESS = 20


class Pace:
    """A bucket of a minute's updates that refills evenly. Final states may overdraw it; then others wait."""

    def __init__(self, clock: Callable[[], float], *, a_minute: int = A_MINUTE) -> None:
        self._clock, self._most = clock, a_minute
        self._left, self._at = float(a_minute), clock()

    def take(self, rank: Rank) -> float:
        """0 when it may be sent now, and it is counted; else the seconds until it is worth asking again."""
        now = self._clock()
        each_s = 60 / self._most
        self._left = min(float(self._most), self._left + (now - self._at) / each_s)
        self._at = now
        short = rank + 1 - self._left
        if short > 0:
            return short * each_s
        self._left = max(-float(self._most), self._left - 1)
        return 0.0
