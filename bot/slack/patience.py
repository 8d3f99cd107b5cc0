"""Calls of Slack that nobody waits for: said again while that may help, and given up where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.slack.web_api import FAILURES, failure

TRIES = 5
SHORT_S = 5.0
"""Slack's wish for silence up to so long is waited for; for a longer one what was to be said is put back."""


class Later(Exception):
    """It must wait: what was to be said stays where it is, and comes again."""


class Never(Exception):
    """Slack says that this cannot be said there, now or later."""


class Patience:
    """`quiet_until` is when Slack may be spoken to again, by `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.quiet_until = float("-inf")

    @property
    def quiet(self) -> bool:
        return self._clock() < self.quiet_until

    async def __call__(self, call: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        """Raises Later when Slack wants silence for long, Never for what waiting does not help."""
        for _ in range(TRIES):
            try:
                return await call(**arguments)
            except FAILURES as raised:
                why = failure(raised)
                if not why.later:
                    raise Never(why.error) from raised
                if why.wait_s > SHORT_S:
                    self.quiet_until = self._clock() + why.wait_s
                    raise Later(f"{why.error} for {why.wait_s:g} s") from raised
                await asyncio.sleep(why.wait_s or 0.5)
        raise Later("Slack does not take it")
