"""Skills and policies as they were a moment ago, for reading what people type."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.artifacts.disk import Artifacts
from bot.ask.catalog import Catalog
from bot.assess.policy import Policies

MOMENT_S = 0.05


class Lately:
    """Looks at the files at most once in `MOMENT_S`, since a look costs more than reading a command does.

    Nothing is decided by it: the gate looks for itself, and a request for a skill that changed meanwhile is
    refused there.
    """

    def __init__(self, artifacts: Artifacts, clock: Callable[[], float] = time.monotonic) -> None:
        self._artifacts, self._clock = artifacts, clock
        self._skills: tuple[float, Catalog] | None = None
        self._policies: tuple[float, Policies] | None = None

    def skills(self) -> Catalog:
        if self._skills is None or self._clock() - self._skills[0] >= MOMENT_S:
            self._skills = self._clock(), self._artifacts.skills()
        return self._skills[1]

    def policies(self) -> Policies:
        if self._policies is None or self._clock() - self._policies[0] >= MOMENT_S:
            self._policies = self._clock(), self._artifacts.policies()
        return self._policies[1]
