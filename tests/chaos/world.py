"""Real workers on a real Redis beside a real local Slack, all of which may be killed, and what people do."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bot.ask.grammar import Complete, parse
from bot.authorize.click import Action, Click
from bot.authorize.directory import Directory
from bot.config import Config
from bot.connectors.checkpoints import Checkpoints
from bot.execute.run import asked_about
from bot.flow.flow import Flow
from bot.flow.ports import StoreAway
from bot.flow.request import Place, Request
from bot.lifecycle import ENDED, State
from bot.playground.server import LocalSlack
from bot.slack import web_api
from bot.slack.manifest import manifest
from bot.slack.people import SlackPeople
from bot.store.audit import Audit
from bot.store.connection import connect
from bot.store.embedded import EmbeddedRedis
from bot.store.showing import Showing
from bot.store.store import Store
from bot.terms import RequestId
from tests.chaos import storm
from tests.chaos.target import Target, broken_of_request, broken_of_target

ROOT = Path(__file__).parents[2]
LEASE_S = 1.5
PATIENCE_S = 90.0
"""How long anything may take that must happen; never measured, only waited for."""
WORKER = ("-c", "from bot.cli import main; main()", "worker")
CONTROL = ("-m", "tests.chaos.without_the_rule")
CHANNEL, CARD = "C0DEPLOYS", "1700000000.000100"

Answer = TypeVar("Answer")


class Worker:
    """One worker process, to be treated badly. `log` is a file."""

    def __init__(self, argv: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *argv], cwd=ROOT, env=environment, stdout=out, stderr=out
            )

    def send(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill9(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()

    def words(self) -> str:
        return self.log.read_text(errors="replace")


class World:
    """`async with` gives Redis, Slack and no worker yet."""

    def __init__(self, root: Path, *, argv: tuple[str, ...] = WORKER) -> None:
        self.root, self._argv = root, argv
        self.artifacts = storm.write(root)
        self.target = Target(root / "storm")
        self.redis_server = EmbeddedRedis(root / "redis")
        self.workers: list[Worker] = []
        self.every_worker: list[Worker] = []
        self.requests: list[RequestId] = []
        self._clicks = 0

    async def __aenter__(self) -> Self:
        self.redis_url = await self.redis_server.__aenter__()
        keys = {"SLACK_BOT_TOKEN": "xoxb-chaos", "SLACK_SIGNING_SECRET": "chaos"}
        self.slack = LocalSlack(
            manifest=manifest(Config.from_env({**keys, "ASSENT_URL": "http://127.0.0.1:1"})),
            signing_secret="chaos",
            bot_token="xoxb-chaos",
            rate_limits=False,
        )
        await self.slack.start()
        self.environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("SLACK_", "ASSENT_"))},
            **keys,
            "SLACK_API_URL": self.slack.api_url,
            "REDIS_URL": self.redis_url,
            "ASSENT_SKILLS": str(self.root / "skills"),
            "ASSENT_POLICIES": str(self.root / "policies"),
            "ASSENT_HOME": str(self.root / "home"),
            "ASSENT_LEASE_S": str(LEASE_S),
            "STORM": str(self.target.folder),
            # What must not happen twice is told by the pids of its processes, which namespaces would hide.
            "ASSENT_SANDBOX": "processes",
        }
        self.redis = connect(self.redis_url)
        self.session = web_api.session()
        client = web_api.client(token="xoxb-chaos", url=self.slack.api_url, session=self.session)
        self.team = str((await client.auth_test())["team_id"])
        self.store = Store(self.redis, self.team)
        self.showing = Showing(self.store)
        people = SlackPeople(
            client, team=self.team, directory=lambda: Directory(self.artifacts.policies().roster)
        )
        self.flow = Flow.of(store=self.store, people=people, artifacts=self.artifacts, voice=_Nobody())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.every_worker:
            worker.kill9()
        await self.session.close()
        await self.slack.close()
        await self.redis.aclose()
        await asyncio.to_thread(self.redis_server.restart)
        await self.redis_server.__aexit__(kind, error, trace)

    # Workers

    def spawn(self, argv: tuple[str, ...] | None = None, **environment: str) -> Worker:
        log = self.root / f"worker-{len(self.every_worker)}.log"
        worker = Worker(argv or self._argv, self.environment | environment, log)
        self.workers.append(worker)
        self.every_worker.append(worker)
        return worker

    async def ready(self, worker: Worker) -> Worker:
        await self.until(lambda: "ready:" in worker.words(), lambda: worker.words())
        return worker

    def signal_redis(self, number: int) -> None:
        os.kill(self.redis_server.pid, number)

    def bury(self, worker: Worker) -> None:
        worker.kill9()
        self.workers.remove(worker)

    def supervise(self) -> None:
        """As whatever runs processes in production does: one that ended is started again."""
        for worker in self.workers[:]:
            if worker.process.poll() is not None:
                self.bury(worker)
                self.spawn()

    def alive_for(self, request: RequestId) -> list[int]:
        """Processes of this request's steps, by their command lines."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and f"\0{request}\0".encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    # People

    async def ask(self, place: str) -> RequestId:
        parsed = parse(f"storm {place} to staging", self.artifacts.skills())
        assert isinstance(parsed, Complete), parsed
        at = Place(team=self.team, channel=CHANNEL)
        identity = f"{len(self.requests)} {place}"
        request, _ = await self.insist(
            lambda: self.flow.accept(
                invocation=parsed.invocation, slack_user="U0ALICE", place=at, identity=identity
            )
        )
        self.requests.append(request)
        await self.insist(lambda: self.flow.admit(request))
        await self.insist(lambda: self.showing.shown(request, channel=CHANNEL, ts=CARD, revision=1))
        return request

    async def answer_as_a_careful_person(self, request: Request) -> Action:
        """Look at the target: what happened is not run again, what did not is."""
        step = asked_about(request.journal)
        action: Action = "skip_step" if step and self.target.happened(request.id, step) else "retry_step"
        self._clicks += 1
        click = Click(
            id=f"click-{self._clicks}",
            team=self.team,
            channel=CHANNEL,
            message_ts=CARD,
            slack_user="U0ALICE",
            action=action,
            request=request.id,
            card_revision=request.card_revision,
            genuine=True,
        )
        answered = await self.insist(lambda: self.flow.answer(click))
        assert answered.counted, answered
        return action

    async def answer_everybody(self) -> Counter[str]:
        """Until every request has ended; how often each answer was given."""
        given: Counter[str] = Counter()
        give_up = time.monotonic() + PATIENCE_S
        while True:
            self.supervise()
            requests = await self.all()
            for request in requests:
                if request.state is State.INTERRUPTED:
                    given[await self.answer_as_a_careful_person(request)] += 1
            if all(request.state in ENDED for request in requests):
                return given
            assert time.monotonic() < give_up, "\n".join(
                [*(f"{r.id} {r.state} {r.notes}" for r in requests if r.state not in ENDED), self.words()]
            )
            await asyncio.sleep(0.2)

    # Looking

    async def get(self, request: RequestId) -> Request:
        found = await self.insist(lambda: self.store.get(request))
        assert found is not None, f"{request} is gone"
        return found

    async def all(self) -> list[Request]:
        return [await self.get(request) for request in self.requests]

    async def reaches(self, request: RequestId, *states: State) -> Request:
        give_up = time.monotonic() + PATIENCE_S
        while (found := await self.get(request)).state not in states:
            assert time.monotonic() < give_up, f"{found.state} {found.notes} {found.outcome}\n{self.words()}"
            await asyncio.sleep(0.05)
        return found

    async def insist(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await ask()
            except StoreAway:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.1)

    async def until(self, true: Callable[[], bool], why: Callable[[], str] = str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < give_up, why()
            await asyncio.sleep(0.02)

    async def stays(
        self, step: str, moment: str, *, request: str = "r-1", seconds: float = 60.0
    ) -> Callable[[], Awaitable[None]]:
        """The next attempt at `step` stays `before` or `after` its effect; what is returned waits for it."""
        (self.target.folder / f"stay-{request}-{step}-{moment}").write_text(str(seconds))
        there = self.target.folder / f"there-{request}-{step}-{moment}"
        return lambda: self.until(there.exists, self.words)

    def words(self) -> str:
        return "\n".join(worker.words()[-3000:] for worker in self.every_worker)

    async def broken(self) -> list[str]:
        """Every promise that did not hold."""
        requests = await self.all()
        audit = Audit(self.store)
        while await audit.seal():
            pass
        entries = await audit.export()
        told = Counter((str(entry["request"]), str(entry["kind"])) for entry in entries)
        found = list(broken_of_target(self.target, requests))
        for request in requests:
            found += broken_of_request(
                request, claimed=told[request.id, "claimed"], settled=told[request.id, "settled"]
            )
        _, _, bad = await audit.verify(Checkpoints(self.root / "home").genuine())
        if bad is not None:
            found.append(f"the audit is broken: {bad}")
        ledger = await self.store.ledger()
        found += [f"{amount} is still held on {name}" for name, amount in ledger.items()
                  if name.endswith("|held") and amount]  # fmt: skip
        costs = sum(request.cost or 0 for request in requests)
        for name, amount in ledger.items():
            if name.endswith("|settled") and amount != costs:
                found.append(f"{name} has {amount}, the requests cost {costs}")
        if not costs:
            found.append("nothing was settled at all")
        return found


class Monkey:
    """Does harm at random, and always the same for the same seed as far as timing allows."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.did: Counter[str] = Counter()
        self._pauses: set[asyncio.Task[None]] = set()

    async def rampage(self, seconds: float) -> None:
        give_up = time.monotonic() + seconds
        deeds = {
            self.kill_a_worker: 4,
            self.pause_a_worker: 4,
            self.end_a_worker: 1,
            self.kill_redis: 2,
            self.repeat_work: 3,
            self.lose_work: 3,
            self.lose_the_stream: 1,
        }
        while time.monotonic() < give_up:
            (deed,) = self.random.choices(list(deeds), list(deeds.values()))
            self.did[deed.__name__] += 1
            self.world.supervise()
            await deed()
            await asyncio.sleep(self.random.uniform(0.2, 1.0))
        await asyncio.gather(*self._pauses)

    async def kill_a_worker(self) -> None:
        self.world.bury(self.random.choice(self.world.workers))
        self.world.spawn()

    async def pause_a_worker(self) -> None:
        async def pause(worker: Worker, seconds: float) -> None:
            worker.send(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            worker.send(signal.SIGCONT)

        worker = self.random.choice(self.world.workers)
        task = asyncio.create_task(pause(worker, LEASE_S * self.random.uniform(0.2, 4)))
        self._pauses.add(task)
        task.add_done_callback(self._pauses.discard)

    async def end_a_worker(self) -> None:
        worker = self.random.choice(self.world.workers)
        self.world.workers.remove(worker)
        worker.send(signal.SIGTERM)
        self.world.spawn()

    async def kill_redis(self) -> None:
        await asyncio.to_thread(self.world.redis_server.kill9)
        await asyncio.sleep(self.random.choice((0, 0.3, LEASE_S)))
        await asyncio.to_thread(self.world.redis_server.restart)

    async def repeat_work(self) -> None:
        for request in self.random.sample(self.world.requests, k=min(5, len(self.world.requests))):
            for _ in range(3):
                await self.world.insist(lambda r=request: self.world.store.push_work("run", r))  # type: ignore[misc]
            await self.world.insist(lambda r=request: self.world.store.push_work("plan", r))  # type: ignore[misc]

    async def lose_work(self) -> None:
        redis, stream = self.world.redis, self.world.store.keys.work
        for entry, _ in await redis.xrange(stream, count=50):
            if self.random.random() < 0.5:
                await redis.xdel(stream, entry)

    async def lose_the_stream(self) -> None:
        await self.world.redis.delete(self.world.store.keys.work)


class _Nobody:
    """Private words are heard by nobody here."""

    async def tell(
        self, *, channel: str, slack_user: str, text: str, response_url: str | None = None
    ) -> None:
        return None
