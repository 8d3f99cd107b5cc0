"""One of the processes that a colour is made of, kept running while it is wanted."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.playground.host.declined import Declined
from bot.playground.host.process import ServiceProcess

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # between restarts of a service that keeps dying
DRAIN_SECONDS = 2.0


class Replica:
    """A process that ends unasked is started again, ever more slowly."""

    def __init__(self, process: ServiceProcess, *, checkout: Path, log: Path) -> None:
        self.restarts = 0
        self._checkout, self._log = checkout, log
        self._process: ServiceProcess | None = process
        self._keeping = asyncio.create_task(self._keep())
        self._serving = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def start(cls, checkout: Path, *, log: Path) -> "Replica":
        """Raises `Declined` when it does not start."""
        return cls(await ServiceProcess.start(checkout, log=log), checkout=checkout, log=log)

    @property
    def port(self) -> int | None:
        """None while there is no process to send requests to."""
        return self._process.port if self._process is not None and self._process.alive else None

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """A request is with it: it is not stopped before that is answered."""
        self._serving += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._serving -= 1
            if not self._serving:
                self._idle.set()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            if self._process is not None:
                began = time.monotonic()
                await self._process.ended()
                await self._process.stop()
                pause = (
                    FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
                )
            self.restarts += 1
            await asyncio.sleep(pause)
            try:
                self._process = await ServiceProcess.start(self._checkout, log=self._log)
            except Declined:
                self._process, pause = None, min(pause * 2, LONGEST_PAUSE)

    async def stop(self) -> None:
        """Whoever stops it sends it nothing new before; what it has begun it may answer for a moment."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)
        self._keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeping
        if self._process is not None:
            await self._process.stop()
        self._process = None

    def state(self) -> dict[str, Any]:
        process = self._process
        pid = process.pid if process is not None and process.alive else None
        return {"pid": pid, "port": self.port, "restarts": self.restarts}
