"""The worker process: plans, runs, timers, and the seals of the audit. Any number of them share one Redis."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.artifacts import Artifacts
from bot.authorize.people import Undetermined
from bot.config import Config
from bot.connectors.checkpoints import Checkpoints
from bot.connectors.git_line import over_git
from bot.connectors.http_line import over_http
from bot.connectors.lines import Opens
from bot.connectors.oncall import OnCallFeeds
from bot.connectors.processes import GuardedProcesses
from bot.connectors.room import room
from bot.connectors.thread_line import over_thread
from bot.connectors.walls.choosing import choose
from bot.connectors.workshop import LocalWorkshop
from bot.execute.connectors import BY_HTTP, GIT, SLACK
from bot.execute.sandbox import DEFAULT_PATH, Sandbox
from bot.flow.labour import Labour
from bot.flow.ports import StoreAway
from bot.llm import Gateway
from bot.playground.host import lending
from bot.playground.host.home import variables
from bot.process import directory_of, end, kept, refuse_forgetful, run, told_by_slack, warn
from bot.slack import web_api
from bot.slack.people import SlackPeople
from bot.slack.thread import ThreadPost
from bot.store.audit import Audit
from bot.store.connection import connect
from bot.store.store import Store
from bot.store.streams import Streams, WorkEntry
from bot.terms import Refused

log = logging.getLogger("assent.worker")

AT_ONCE = 4
"""Requests one worker plans or runs side by side: they mostly wait for their processes."""
LOOK_S = 0.5
SLOW_LOOK_S = 5.0
HAND_BACK_S = 4.0
"""After SIGTERM, how long running requests may still finish; ending their processes takes up to 3 s more."""
HANDED_BACK_S, LAST_SEAL_S = 3.5, 1.0
"""For ending and handing back the others, and for sealing the audit: all within ten seconds."""
CHECKPOINT_S = 60.0
TARGET = "ASSENT_TARGET"


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
        log.info("%s: %s", entry.request, entry.kind)
        try:
            if entry.kind == "plan":
                await self.labour.judging.plan(entry.request, worker=self.name)
            else:
                await self.labour.running.run(entry.request, worker=self.name)
            await self.streams.work_done(entry.id)
            log.info("%s: %s, as far as it goes now", entry.request, entry.kind)
        except asyncio.CancelledError:
            with suppress(StoreAway):  # then whoever finds it without a lease goes on
                await self.streams.store.push_work(entry.kind, entry.request)
                await self.streams.work_done(entry.id)
            log.info("%s: handed back", entry.request)
            raise
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
        await self._every(1.0, self._look)

    async def _look(self) -> None:
        await self.labour.loading.note()
        await self.labour.sweeping.drifted()

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
        left = set(self._busy)
        if left:
            log.info("ending: %d may finish within %g s", len(left), HAND_BACK_S)
            _, left = await asyncio.wait(left, timeout=HAND_BACK_S)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=HANDED_BACK_S)
        await end(*left)
        await self._within(LAST_SEAL_S, self._last_seal())

    async def _last_seal(self) -> None:
        with suppress(StoreAway):
            await self.audit.seal()
            await self._sign()

    async def _within(self, seconds: float, work: Coroutine[Any, Any, None]) -> None:
        """A store that hangs keeps nobody from ending: what is not sealed now, another worker seals."""
        task = asyncio.create_task(work)
        await asyncio.wait((task,), timeout=seconds)
        await end(task)

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
        await refuse_forgetful(redis, config)
        session = await stack.enter_async_context(web_api.session())
        slack = web_api.client(
            token=config.slack_bot_token.get_secret_value(), url=config.slack_api_url, session=session
        )
        told = await told_by_slack(slack, stop)
        if told is None:
            return
        team = str(told["team_id"])
        worker = await _build(config, stack, redis=redis, reader=reader, slack=slack, team=team)
        ready(f"worker {worker.name} of workspace {team}")
        loops = [
            asyncio.create_task(kept(loop))
            for loop in (
                worker.sweep,
                worker.look_round,
                worker.watch_artifacts,
                worker.seal,
                worker.sign,
            )
        ]
        working = asyncio.create_task(kept(worker.work))
        await stop.wait()
        worker.stopping.set()
        await end(working)  # nothing more is taken up while what runs comes to its end
        await worker.finish()
        await end(*loops)


async def _build(
    config: Config, stack: AsyncExitStack, *, redis: Redis, reader: Redis, slack: AsyncWebClient, team: str
) -> Worker:
    store = Store(redis, team)
    streams = Streams(store, reader)
    await store.introduce()
    await streams.open()
    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    warn(artifacts)
    assert slack.session is not None  # noqa: S101  web_api.client() was given one
    feeds = OnCallFeeds(slack.session, folder=config.policies_dir, environment=os.environ)
    people = SlackPeople(slack, team=team, directory=lambda: directory_of(artifacts), feeds=feeds)
    name = f"worker-{os.getpid()}-{secrets.token_hex(3)}"
    held_by = await choose(config.sandbox)
    if held_by.warning:
        log.warning("%s", held_by.warning)
    else:
        log.info("steps run behind the walls of %s", held_by.tier)
    sandbox = GuardedProcesses(
        alive_for_s=config.lease_s / 2,
        grace_s=min(3.0, config.lease_s / 5),
        wall=held_by.wall,
        trusted=held_by.trusted,
    )
    models = Gateway()
    stack.push_async_callback(asyncio.to_thread, models.close)
    workshop = LocalWorkshop(
        sandbox=sandbox,
        environment=await _environment(config, stack, artifacts),
        under=stack.enter_context(room(config.home / "runs", name)),
        lines=_lines(sandbox, slack),
        models=models,
    )
    labour = Labour.of(
        store=store,
        people=people,
        artifacts=artifacts,
        workshop=workshop,
        lease_s=config.lease_s,
        lots_secret=_lots_secret(config.slack_bot_token),
    )
    return Worker(name, labour, streams, Audit(store), Checkpoints(config.home))


def _lots_secret(token: SecretStr | None) -> bytes:
    """The same in every worker of a workspace, and kept from whoever asks; another token draws anew."""
    assert token is not None  # noqa: S101  needs() looked
    return hmac.digest(token.get_secret_value().encode(), b"assent lots 1", "sha256")


def _lines(sandbox: Sandbox, slack: AsyncWebClient) -> dict[str, Opens]:
    """Every connector there is, with the line that leads to it: here and nowhere else."""
    path = os.environ.get("PATH") or DEFAULT_PATH
    return {
        **{kind: over_http(connector) for kind, connector in BY_HTTP.items()},
        GIT.kind: over_git(GIT, sandbox, path=path),
        SLACK.kind: over_thread(SLACK, ThreadPost(slack)),
    }


async def _environment(config: Config, stack: AsyncExitStack, artifacts: Artifacts) -> dict[str, str]:
    """What skills may be allowed to see; without a target of their own they get the demo host."""
    environment = dict(os.environ)
    if config.target:
        environment[TARGET] = config.target
    elif any(
        TARGET in skill.manifest.permissions.env for skill in artifacts.skills().values() if not skill.unarmed
    ):
        home = config.home / "host"
        environment |= variables(home, await stack.enter_async_context(lending.lent(home)))
        log.warning(
            "%s is not set: THIS IS THE DEMO HOST at %s, nothing real is deployed to.",
            TARGET,
            environment[TARGET],
        )
        looking = asyncio.create_task(_keep_host(home, environment))
        stack.callback(looking.cancel)
    return environment


async def _keep_host(home: Path, environment: dict[str, str]) -> None:
    """A demo host that died is started again; steps that begin then are told its new address."""
    while True:
        await asyncio.sleep(SLOW_LOOK_S)
        if await asyncio.to_thread(lending.answers, environment[TARGET]):
            continue
        try:
            environment[TARGET] = await asyncio.to_thread(lending.start, home)
            log.warning("the demo host had died; it is at %s now", environment[TARGET])
        except Refused as refused:
            log.error("%s", refused)


def main() -> None:
    """`assent worker`."""
    run(serve, name="worker")
