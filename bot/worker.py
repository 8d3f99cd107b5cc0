"""The worker process: plans, runs, timers, and the seals of the audit. Any number of them share one Redis."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.artifacts import Artifacts
from bot.authorize.directory import Directory
from bot.authorize.people import Undetermined
from bot.config import Config
from bot.connectors.checkpoints import Checkpoints
from bot.connectors.processes import GuardedProcesses
from bot.connectors.workshop import LocalWorkshop
from bot.flow.flow import Labour
from bot.flow.ports import StoreAway
from bot.slack.people import SlackPeople
from bot.store.audit import Audit
from bot.store.check import check
from bot.store.connection import connect
from bot.store.store import Store
from bot.store.streams import Streams, WorkEntry
from bot.terms import Refused

log = logging.getLogger("assent.worker")

AT_ONCE = 4
"""Requests one worker plans or runs side by side: they mostly wait for their processes."""
LOOK_S = 0.5
SLOW_LOOK_S = 5.0
HAND_BACK_S = 7.0
"""After SIGTERM, how long running requests may still finish before they are handed back."""
CHECKPOINT_S = 60.0


@dataclass(slots=True)
class Worker:
    """One worker's loops. `stopping` ends them; what runs then finishes or is handed back."""

    name: str
    labour: Labour
    streams: Streams
    audit: Audit
    checkpoints: Checkpoints
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: set[asyncio.Task[None]] = field(default_factory=set)
    _signed: int = 0

    async def work(self) -> None:
        """Take up work as long as there is a free hand."""
        while not self.stopping.is_set():
            if len(self._busy) >= AT_ONCE:
                await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
                continue
            entry = await self.streams.work(self.name, block_ms=1000)
            if entry is not None:
                task = asyncio.create_task(self._do(entry))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)

    async def _do(self, entry: WorkEntry) -> None:
        """The entry is only a hint: once looked at it is done with; a lease or the sweeper brings it back."""
        try:
            if entry.kind == "plan":
                await self.labour.judging.plan(entry.request, worker=self.name)
            else:
                await self.labour.running.run(entry.request, worker=self.name)
            await self.streams.work_done(entry.id)
        except (StoreAway, Undetermined) as away:
            log.warning("%s waits: %s", entry.request, away)
        except Exception:
            # A bug in one request must not end the others' worker. Nothing was decided by it: the lease ends,
            # a successor tries, and after three a person is asked.
            log.exception("something went wrong with %s", entry.request)

    async def sweep(self) -> None:
        """Timers twice a second, lost work and changed artifacts every few seconds."""
        await self._every(LOOK_S, self.labour.sweeping.timers)

    async def look_round(self) -> None:
        await self._every(SLOW_LOOK_S, self.labour.sweeping.lost_work)

    async def watch_artifacts(self) -> None:
        await self._every(1.0, self.labour.sweeping.drifted)

    async def seal(self) -> None:
        await self._every(LOOK_S, self.audit.seal)

    async def sign(self) -> None:
        await self._every(CHECKPOINT_S, self._sign)

    async def _sign(self) -> None:
        """Vouch for the chain outside Redis, when it has grown."""
        head = await self.audit.head()
        if head.count > self._signed:
            await asyncio.to_thread(self.checkpoints.sign, head)
            self._signed = head.count

    async def finish(self) -> None:
        """Let what runs come to its end; hand back what does not in time."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=HAND_BACK_S)
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        with suppress(StoreAway):
            await self.audit.seal()
            await self._sign()

    async def _every(self, seconds: float, do: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        while not self.stopping.is_set():
            try:
                await do()
            except StoreAway as away:
                log.warning("%s", away)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), seconds)


async def serve(config: Config, *, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Run one worker until `stop`. Raises Refused when it must not start, with what to change."""
    if missing := config.needs("worker"):
        raise Refused("\n".join(missing))
    assert config.redis_url is not None  # noqa: S101  needs() looked
    assert config.slack_bot_token is not None  # noqa: S101  needs() looked
    async with AsyncExitStack() as stack:
        redis = connect(config.redis_url)
        stack.push_async_callback(redis.aclose)
        reader = connect(config.redis_url, blocking=True)
        stack.push_async_callback(reader.aclose)
        await _refuse_forgetful(redis, config)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        slack = AsyncWebClient(
            token=config.slack_bot_token.get_secret_value(), base_url=config.slack_api_url, session=session
        )
        team = await _team(slack, stop)
        if team is None:
            return
        worker = await _build(config, redis=redis, reader=reader, slack=slack, team=team)
        ready(f"worker {worker.name} of workspace {team}")
        loops = (
            worker.work,
            worker.sweep,
            worker.look_round,
            worker.watch_artifacts,
            worker.seal,
            worker.sign,
        )
        tasks = [asyncio.create_task(_kept(loop, stop)) for loop in loops]
        await stop.wait()
        worker.stopping.set()
        await worker.finish()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _build(config: Config, *, redis: Any, reader: Any, slack: AsyncWebClient, team: str) -> Worker:
    store = Store(redis, team)
    streams = Streams(store, reader)
    await store.introduce()
    await streams.open()
    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    people = SlackPeople(slack, team=team, directory=lambda: Directory(artifacts.policies().roster))
    environment = dict(os.environ)
    if config.target:
        environment["ASSENT_TARGET"] = config.target
    workshop = LocalWorkshop(
        sandbox=GuardedProcesses(alive_for_s=config.lease_s / 2, grace_s=min(3.0, config.lease_s / 5)),
        environment=environment,
        under=config.home / "runs",
    )
    labour = Labour.of(
        store=store, people=people, artifacts=artifacts, workshop=workshop, lease_s=config.lease_s
    )
    name = f"worker-{os.getpid()}-{secrets.token_hex(3)}"
    return Worker(name, labour, streams, Audit(store), Checkpoints(config.home))


async def _kept(loop: Callable[[], Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """A loop that ends by itself is begun again: a Redis that went away comes back."""
    while not stop.is_set():
        try:
            await loop()
        except StoreAway as away:
            log.warning("%s", away)
            await asyncio.sleep(0.5)
        except Exception:
            log.exception("a loop of the worker broke and is begun again")
            await asyncio.sleep(1.0)


async def _refuse_forgetful(redis: Any, config: Config) -> None:
    for finding in await check(redis):
        if finding.severity == "refuse" and config.redis_check == "refuse":
            raise Refused(f"{finding} (ASSENT_REDIS_CHECK=warn starts anyway, for trying things out.)")
        log.warning("%s", finding)


async def _team(slack: AsyncWebClient, stop: asyncio.Event) -> str | None:
    """Which workspace the token is for; asked until Slack answers, or until we are told to stop."""
    while not stop.is_set():
        try:
            return str((await slack.auth_test())["team_id"])
        except (aiohttp.ClientError, TimeoutError) as away:
            log.warning("Slack does not answer yet: %s", away)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
    return None


def main() -> None:
    """`assent worker`: until SIGTERM or Ctrl-C, then 0."""
    config = Config.from_env(os.environ)
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(config, ready=lambda what: log.info("ready: %s", what), stop=stop)

    asyncio.run(run())
