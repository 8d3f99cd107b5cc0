"""Skills and policies as they were a moment ago, for reading what people type."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from bot.artifacts.disk import Artifacts
from bot.ask.catalog import Catalog
from bot.assess.policy import Policies

Seen = TypeVar("Seen")

MOMENT_S, LONGEST_S = 0.1, 2.0
LOOKING = 20
"""Looking takes one part of so many of the time: with a thousand skills one look is a tenth of a second."""


class Lately:
    """Looks at the files at most once in a moment, since a look costs more than reading a command does.

    Nothing is decided by it: the gate looks for itself, and a request for a skill that changed meanwhile is
    refused there.
    """

    def __init__(self, artifacts: Artifacts, clock: Callable[[], float] = time.monotonic) -> None:
        self.skills: Callable[[], Catalog] = _Look(artifacts.skills, clock)
        self.policies: Callable[[], Policies] = _Look(artifacts.policies, clock)


class _Look(Generic[Seen]):
    """What was seen last, until it is a moment old; the longer looking takes, the longer a moment is."""

    def __init__(self, look: Callable[[], Seen], clock: Callable[[], float]) -> None:
        self._look, self._clock = look, clock
        self._seen: Seen | None = None
        self._until = float("-inf")

    def __call__(self) -> Seen:
        began = self._clock()
        if self._seen is None or began >= self._until:
            self._seen = self._look()
            looked = self._clock()
            self._until = looked + min(max(MOMENT_S, LOOKING * (looked - began)), LONGEST_S)
        return self._seen
