"""A colour: one of the two places a release of a service can run, by one process or several."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.host.declined import Declined
from bot.playground.host.memory import Colour, Running
from bot.playground.host.meter import Meter
from bot.playground.host.replica import Replica

HEALTH_SECONDS = 2.0


class ColourSlot:
    """Runs at most one release."""

    def __init__(self, colour: Colour, *, log: Path, session: aiohttp.ClientSession) -> None:
        self.colour = colour
        self.runs: Running | None = None
        self.meter: Meter | None = None
        self._log = log
        self._session = session
        self._checkout = Path()
        self._replicas: list[Replica] = []
        self._turn = 0

    def next(self) -> Replica | None:
        """Who gets the next request: each in turn, of those that have a process now."""
        up = [replica for replica in self._replicas if replica.port is not None]
        self._turn += 1
        return up[self._turn % len(up)] if up else None

    async def run(self, running: Running, *, checkout: Path, meter: Meter, replicas: int) -> None:
        """Replace whatever ran here; raises `Declined` and leaves the slot empty when it does not start."""
        await self.stop()
        self._checkout = checkout
        await self._add(replicas)
        self.runs, self.meter = running, meter

    async def scale(self, replicas: int) -> None:
        """Raises `Declined` and leaves it as it was when one more does not start."""
        surplus = self._replicas[replicas:]
        del self._replicas[replicas:]
        await asyncio.gather(*(replica.stop() for replica in surplus))
        await self._add(replicas - len(self._replicas))

    async def restart(self) -> None:
        """One after another: the new process is well before the old one gets no more requests and ends.

        Raises `Declined` at the first that is not well; that one is gone, and the old ones serve on.
        """
        for place, old in enumerate(list(self._replicas)):
            new = await self._start()
            if not (health := await self._ask(new))["ok"]:
                await new.stop()
                raise Declined(
                    "not_healthy", f"A new process is not healthy: {health['detail']}", health=health
                )
            self._replicas[place] = new
            await old.stop()

    async def stop(self) -> None:
        replicas, self._replicas = self._replicas, []
        self.runs = self.meter = None
        await asyncio.gather(*(replica.stop() for replica in replicas))

    async def _add(self, count: int) -> None:
        begun = await asyncio.gather(*(self._start() for _ in range(count)), return_exceptions=True)
        started = [one for one in begun if isinstance(one, Replica)]
        if failed := next((one for one in begun if isinstance(one, BaseException)), None):
            await asyncio.gather(*(replica.stop() for replica in started))
            raise failed
        self._replicas += started

    async def _start(self) -> Replica:
        return await Replica.start(self._checkout, log=self._log)

    async def health(self) -> dict[str, Any]:
        """Ask the processes themselves, not the switch: are all of them well, and which version answers?"""
        answers = await asyncio.gather(*(self._ask(replica) for replica in self._replicas))
        if not answers:
            return {"colour": self.colour, "ok": False, "version": None, "detail": "no process"}
        worst = min(answers, key=lambda answer: bool(answer["ok"]))
        versions = {answer["version"] for answer in answers}
        return {**worst, "version": versions.pop() if len(versions) == 1 else None}

    async def _ask(self, replica: Replica) -> dict[str, Any]:
        began = time.monotonic()
        answer: dict[str, Any] = {"colour": self.colour, "ok": False, "version": None}
        if (port := replica.port) is None:
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
        replicas = [replica.state() for replica in self._replicas]
        first = next((one for one in replicas if one["pid"] is not None), None)
        return {
            "version": self.runs.version,
            "commit": self.runs.commit,
            "running": first is not None,
            "pid": first["pid"] if first else None,
            "port": first["port"] if first else None,
            "restarts": sum(one["restarts"] for one in replicas),
            "replicas": replicas,
            "metrics": self.meter.summary() if self.meter is not None else None,
        }
