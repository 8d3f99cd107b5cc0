"""What a benchmark found: a number, the baseline it stands against, and the target for it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One target. `measured`, `baseline` and `limit` are in `unit`, medians over interleaved repetitions.

    A target without a baseline in it (60 ms, 90 MB) still names one: the ratio says how much of the number is
    the machine's and the libraries', and stays comparable when the machine is another.
    """

    name: str
    what: str
    against: str
    target: str
    unit: str
    measured: float
    baseline: float
    limit: float
    better: Literal["more", "less"] = "less"
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.measured / self.baseline

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.better == "more" else self.measured <= self.limit

    @property
    def short_by(self) -> float:
        """How far from the limit, as a share of it; 0 when met."""
        return 0.0 if self.met else abs(self.measured - self.limit) / self.limit

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "what": self.what,
            "measured": self.measured,
            "unit": self.unit,
            "baseline": self.baseline,
            "against": self.against,
            "ratio": self.ratio,
            "target": self.target,
            "limit": self.limit,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to look. `LITTLE` shows that everything works; its numbers say nothing."""

    rounds: int
    """Repetitions of baseline and subject, in turns."""
    sequential: int
    """Commands one after the other, a round."""
    concurrent: int
    """Commands at once, a round."""
    at_once: int
    cards: int
    calls: int
    """Of a function or a script, a round."""
    starts: int


FULL = Effort(rounds=5, sequential=150, concurrent=1500, at_once=32, cards=20, calls=400, starts=5)
LITTLE = Effort(rounds=1, sequential=3, concurrent=8, at_once=4, cards=1, calls=5, starts=1)


def by_turns(
    subject: Callable[[], object], baseline: Callable[[], object], effort: Effort, *, calls: int | None = None
) -> tuple[float, float]:
    """Median seconds of one call of each, batch by batch in turns: what slows the machine slows both.

    `calls` a batch, for what takes longer than a function of some microseconds.
    """
    times: tuple[list[float], list[float]] = [], []
    for call in (subject, baseline):
        call()
    gc.collect()
    for _ in range(effort.rounds):
        for call, taken in zip((subject, baseline), times, strict=True):
            for _ in range(calls or effort.calls):
                began = time.perf_counter()
                call()
                taken.append(time.perf_counter() - began)
    return median(times[0]), median(times[1])
