"""A colour: one of the two places a release of a service can run, kept running while it is wanted."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.host.declined import Declined
from bot.playground.host.memory import Colour, Running
from bot.playground.host.meter import Meter
from bot.playground.host.process import ServiceProcess

HEALTH_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # between restarts of a service that keeps dying


class ColourSlot:
    """Runs at most one release. A process that ends unasked is started again, ever more slowly."""

    def __init__(self, colour: Colour, *, log: Path, session: aiohttp.ClientSession) -> None:
        self.colour = colour
        self.runs: Running | None = None
        self.meter: Meter | None = None
        self.restarts = 0
        self._log = log
        self._session = session
        self._process: ServiceProcess | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def port(self) -> int | None:
        """Where to send requests now; None while there is no process to send them to."""
        return self._process.port if self._process is not None and self._process.alive else None

    async def run(self, running: Running, *, checkout: Path, meter: Meter) -> None:
        """Replace whatever ran here; raises `Declined` and leaves the slot empty when it does not start."""
        await self.stop()
        self._process = await ServiceProcess.start(checkout, log=self._log)
        self.runs, self.meter, self.restarts = running, meter, 0
        self._keeping = asyncio.create_task(self._keep(lambda: ServiceProcess.start(checkout, log=self._log)))

    async def _keep(self, start: Callable[[], Awaitable[ServiceProcess]]) -> None:
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
                self._process = await start()
            except Declined:
                self._process, pause = None, min(pause * 2, LONGEST_PAUSE)

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._process is not None:
            await self._process.stop()
        self.runs = self.meter = self._process = self._keeping = None

    async def health(self) -> dict[str, Any]:
        """Ask the process itself, not the switch: is it well, and which version does it say it is."""
        began = time.monotonic()
        answer: dict[str, Any] = {"colour": self.colour, "ok": False, "version": None}
        if (port := self.port) is None:
            return {**answer, "detail": "no process"}
        limit = aiohttp.ClientTimeout(total=HEALTH_SECONDS)
        try:
            async with self._session.get(f"http://127.0.0.1:{port}/health", timeout=limit) as health:
                answer["ok"], answer["detail"] = health.status == 200, f"HTTP {health.status}"
            async with self._session.get(f"http://127.0.0.1:{port}/version", timeout=limit) as version:
                answer["version"] = (await version.json())["version"]
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as failed:
            answer["ok"], answer["detail"] = False, f"no answer ({type(failed).__name__})"
        return {**answer, "latency_ms": round((time.monotonic() - began) * 1000, 2)}

    def state(self) -> dict[str, Any] | None:
        if self.runs is None:
            return None
        process = self._process
        return {
            "version": self.runs.version,
            "commit": self.runs.commit,
            "running": self.port is not None,
            "pid": process.pid if process is not None and process.alive else None,
            "port": self.port,
            "restarts": self.restarts,
            "metrics": self.meter.summary() if self.meter is not None else None,
        }
