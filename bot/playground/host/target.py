"""A service in an environment: two colours, a switch, and the changes made to them, one at a time."""

import asyncio
from pathlib import Path
from typing import Any, Literal

import aiohttp
from aiohttp import web

from bot.playground.host.colour import ColourSlot
from bot.playground.host.declined import Declined
from bot.playground.host.memory import Change, Colour, Kind, Memory, Running, other
from bot.playground.host.meter import Meter, Meters
from bot.playground.host.repository import Release, Repository
from bot.playground.host.switch import Switch

Environment = Literal["development", "staging", "production"]


class Target:
    """Every change has the key of whoever asks. The same key again changes nothing and says what it did the
    first time. What was done is on disk before it is answered: a key not in the history did not happen.
    """

    def __init__(
        self,
        *,
        home: Path,
        environment: Environment,
        repository: Repository,
        meters: Meters,
        session: aiohttp.ClientSession,
    ) -> None:
        self.environment = environment
        self.service = repository.service
        self._file = home / "state" / environment / f"{self.service}.json"
        self._repository = repository
        self._meters = meters
        logs = home / "logs"
        self._slots: dict[Colour, ColourSlot] = {
            colour: ColourSlot(
                colour, log=logs / f"{self.service}-{environment}-{colour}.log", session=session
            )
            for colour in ("blue", "green")
        }
        self._switch = Switch(lambda: self._slots[self.memory.live.colour], session)
        self._one_change = asyncio.Lock()
        self._retiring: asyncio.TimerHandle | None = None
        self._retirements: set[asyncio.Task[None]] = set()
        self.memory: Memory

    @property
    def identity(self) -> str:
        return f"demo-host/{self.environment}/{self.service}"

    async def open(self, first: Release) -> None:
        """Serve what was live when the host last ended, or `first` when there was no last time."""
        if (remembered := Memory.load(self._file)) is None:
            live = Running(colour="blue", version=first.version, commit=first.commit)
            self.memory = Memory(live=live)
            self._record("installed", key=f"first/{self.identity}", request="", before=None, after=live)
        else:
            self.memory = remembered
        await self._run(self.memory.live)
        self._light(self.memory.live.colour)
        await self._switch.open(self.memory.port)
        if self._switch.port != self.memory.port:
            self.memory.port = self._switch.port
            self.memory.save(self._file)

    async def close(self) -> None:
        self._do_not_retire()
        await self._switch.close()
        for task in list(self._retirements):
            await task
        for slot in self._slots.values():
            await slot.stop()

    async def start(self, commit: str, *, key: str, request: str) -> dict[str, Any]:
        """Have `commit` running: on the colour that runs it already, else on the idle one, replacing that."""
        async with self._one_change:
            self.memory.known_as(key, "started", commit)
            if (slot := self._running(commit)) is None:
                release = await self._repository.release(commit)
                idle = other(self.memory.live.colour)
                slot = self._slots[idle]
                before = slot.runs
                self._do_not_retire()
                await self._run(Running(colour=idle, version=release.version, commit=commit))
                self._record("started", key=key, request=request, before=before, after=slot.runs)
            return {"colour": slot.colour, **(slot.state() or {}), "revision": self.memory.revision}

    async def switch(self, commit: str, *, expected_revision: str, key: str, request: str) -> dict[str, Any]:
        """Send traffic to the colour that runs `commit`, if the revision is still the one the caller saw."""
        async with self._one_change:
            if (done := self.memory.known_as(key, "switched", commit)) is not None:
                return {
                    "repeated": True,
                    "change": done.model_dump(mode="json"),
                    "revision": self.memory.revision,
                }
            before = self.memory.live
            self._expect(expected_revision)
            slot = self._running(commit)
            if slot is None or slot.runs is None:
                raise Declined(
                    "not_running", f"No colour runs {commit[:12]}. Start it first.", now=self.state()
                )
            if not (health := await slot.health())["ok"]:
                raise Declined(
                    "not_healthy", f"{slot.colour} is not healthy: {health['detail']}", health=health
                )
            self._do_not_retire()
            self.memory.live = slot.runs
            self.memory.number += 1
            change = self._record("switched", key=key, request=request, before=before, after=slot.runs)
            self._light(slot.colour)
            return {
                "repeated": False,
                "change": change.model_dump(mode="json"),
                "revision": self.memory.revision,
            }

    async def restart(self, *, expected_revision: str, key: str, request: str) -> dict[str, Any]:
        """Replace every process of the live colour, one after another, without losing a request."""
        async with self._one_change:
            live = self.memory.live
            if (done := self.memory.known_as(key, "restarted")) is not None:
                return {"repeated": True, "change": done.model_dump(mode="json")}
            self._expect(expected_revision)
            await self._slots[live.colour].restart()
            change = self._record("restarted", key=key, request=request, before=live, after=live)
            return {"repeated": False, "change": change.model_dump(mode="json")}

    async def scale(self, replicas: int, *, expected_replicas: int, key: str, request: str) -> dict[str, Any]:
        """Have so many processes for each colour that runs, and for those that will."""
        async with self._one_change:
            done = self.memory.known_as(key, "scaled")
            if done is not None and done.replicas != replicas:
                raise Declined(
                    "key_used", f"The key {key} was used for {done.replicas} replicas.", status=422
                )
            if done is not None:
                return {"repeated": True, "change": done.model_dump(mode="json")}
            if self.memory.replicas != expected_replicas:
                raise Declined(
                    "target_moved",
                    f"The target moved: it has {self.memory.replicas} replicas, not the {expected_replicas} "
                    "this was planned for. Plan again.",
                    now=self.state(),
                )
            for slot in self._slots.values():
                if slot.runs is not None:
                    await slot.scale(replicas)
            self.memory.replicas = replicas
            live = self.memory.live
            change = self._record("scaled", key=key, request=request, before=live, after=live)
            return {"repeated": False, "change": change.model_dump(mode="json")}

    async def stop(self, commit: str, *, key: str, request: str) -> dict[str, Any]:
        """Stop the colour that runs `commit`; nothing to stop is fine, the live one is refused."""
        async with self._one_change:
            slot = self._running(commit)
            if slot is None:
                return {"stopped": False}
            if slot.colour == self.memory.live.colour:
                raise Declined(
                    "is_live", f"{slot.colour} is live. Switch away from it first.", now=self.state()
                )
            before = slot.runs
            await slot.stop()
            if self.memory.done_with(key) is None:
                self._record("stopped", key=key, request=request, before=before, after=None)
            return {"stopped": True, "colour": slot.colour}

    async def retire(self, commit: str, *, after: float, key: str, request: str) -> dict[str, Any]:
        """Stop the idle colour in `after` seconds, unless it is needed before or runs another commit."""
        async with self._one_change:
            slot = self._slots[other(self.memory.live.colour)]
            if slot.runs is None or slot.runs.commit != commit:
                return {"retires": None}
            if self.memory.done_with(key) is None:
                self._record("retiring", key=key, request=request, before=slot.runs, after=None)
            self._do_not_retire()
            self._retiring = asyncio.get_running_loop().call_later(after, self._begin_retirement, slot.runs)
            return {"retires": slot.colour, "version": slot.runs.version, "after": after}

    async def keep(self) -> dict[str, Any]:
        """Forget a planned retirement."""
        async with self._one_change:
            planned = self._retiring is not None
            self._do_not_retire()
            return {"kept": planned}

    def _begin_retirement(self, runs: Running) -> None:
        async def retire() -> None:
            async with self._one_change:
                # The colour may have been switched to, or given another release, while this waited its turn.
                slot = self._slots[runs.colour]
                if slot.runs is runs and self.memory.live.colour != runs.colour:
                    await slot.stop()

        self._retiring = None
        task = asyncio.create_task(retire())
        self._retirements.add(task)
        task.add_done_callback(self._retirements.discard)

    async def forward(self, request: web.BaseRequest, path: str) -> web.Response:
        """Through the switch, as every customer's request goes."""
        return await self._switch.forward(request, path)

    async def health(self, colour: Colour | None) -> dict[str, Any]:
        return await self._slots[colour or self.memory.live.colour].health()

    def state(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "service": self.service,
            "environment": self.environment,
            "url": f"http://127.0.0.1:{self._switch.port}",
            "door": f"/live/{self.environment}/{self.service}",
            "revision": self.memory.revision,
            "live": self.memory.live.model_dump(),
            "replicas": self.memory.replicas,
            "colours": {colour: slot.state() for colour, slot in self._slots.items()},
        }

    async def _run(self, running: Running) -> None:
        meter = Meter(
            self._meters,
            service=self.service,
            environment=self.environment,
            colour=running.colour,
            version=running.version,
        )
        checkout = await self._repository.checkout(running.commit)
        await self._slots[running.colour].run(
            running, checkout=checkout, meter=meter, replicas=self.memory.replicas
        )

    def _running(self, commit: str) -> ColourSlot | None:
        """The colour that runs a commit; the live one when, after a restart of a colour, both do."""
        live = self._slots[self.memory.live.colour]
        idle = self._slots[other(self.memory.live.colour)]
        return next(
            (slot for slot in (live, idle) if slot.runs is not None and slot.runs.commit == commit), None
        )

    def _expect(self, revision: str) -> None:
        if self.memory.revision != revision:
            raise Declined(
                "target_moved",
                f"The target moved: {self.memory.live.version} is live at revision {self.memory.revision}, "
                f"not the revision {revision} this was planned for. Plan again.",
                now=self.state(),
            )

    def _record(
        self, kind: Kind, *, key: str, request: str, before: Running | None, after: Running | None
    ) -> Change:
        change = self.memory.record(kind, key=key, request=request, before=before, after=after)
        self.memory.save(self._file)
        return change

    def _do_not_retire(self) -> None:
        if self._retiring is not None:
            self._retiring.cancel()
            self._retiring = None

    def _light(self, live: Colour) -> None:
        for colour, slot in self._slots.items():
            if slot.meter is not None:
                slot.meter.live(colour == live)
