"""Slack waits three seconds for an acknowledgement, people longer for a card: the impatient go first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

QUIET_S = 0.005
"""So long must nobody have waited: within a burst there is always somebody a moment later."""
APART_S = 0.005
"""Work is let in piece by piece: begun all at once in a moment of quiet, it would be in the way after it."""
PATIENCE_S = 0.1


class Precedence:
    """`with` it somebody waits for an acknowledgement; what can come later asks with `give_way` first.

    A flood of commands delays what comes later and never stops it: while somebody always waits, one piece
    of work begins in every `PATIENCE_S`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting = 0
        self._last = self._began = float("-inf")
        self._next = asyncio.Lock()

    def __enter__(self) -> None:
        self._waiting += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting -= 1
        self._last = self._clock()

    async def give_way(self) -> None:
        """Wait until nobody is in front, or until it is one's turn all the same."""
        async with self._next:
            until = self._clock() + PATIENCE_S
            while (left := self._free_in()) > 0 and self._clock() < until:  # noqa: ASYNC110
                await asyncio.sleep(left)  # time must pass: there is nothing that could be set
            self._began = self._clock()

    def _free_in(self) -> float:
        quiet = QUIET_S if self._waiting else self._last + QUIET_S - self._clock()
        return max(quiet, self._began + APART_S - self._clock())
