"""What is done after Slack was answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Afterwards:
    """Keeps hold of work that nobody awaits, logs how it failed, and sees it through on closing."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self, work: Coroutine[Any, Any, None], *, failed: Callable[[BaseException], None] | None = None
    ) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, failed))

    def _ended(self, task: asyncio.Task[None], failed: Callable[[BaseException], None] | None) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if failed:
            failed(error)
        else:
            log.error("something after an acknowledgement failed", exc_info=error)

    async def close(self, within_s: float = 4.0) -> None:
        """Let what is under way finish; what does not is stopped, and found again by whoever comes next."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=within_s)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=1.0)
