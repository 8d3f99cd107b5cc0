"""The web process: Slack comes in, cards go out. Any number of them share one Redis; none holds anything."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.artifacts import Artifacts
from bot.authorize.directory import Directory
from bot.authorize.people import Standing
from bot.config import Config
from bot.flow.flow import Flow
from bot.flow.ports import StoreAway
from bot.slack import web_api
from bot.slack.buttons import Buttons
from bot.slack.edge import Armed, Edge, Parts
from bot.slack.http import LARGEST, Door
from bot.slack.listeners import bolt
from bot.slack.people import SlackPeople
from bot.slack.receiving import Receiving
from bot.slack.socket import Sockets
from bot.slack.voice import SlackVoice
from bot.store.check import check
from bot.store.connection import connect
from bot.store.showing import Showing
from bot.store.store import Store
from bot.store.streams import Streams
from bot.terms import Refused

log = logging.getLogger("assent.web")

ASK_SLACK_S = 1.0

Check = Callable[[], Awaitable[str]]
"""`ok …` when it is, else what is wrong, in a line."""


@dataclass(slots=True)
class Metrics:
    """What /metrics tells, for this process alone."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    answers: Counter = field(init=False)
    took: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Counter(
            "assent_slack_answers", "Requests from Slack, by our answer", ["status"], registry=self.registry
        )
        self.took = Histogram(
            "assent_slack_answer_seconds",
            "From reading a request to its answer",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0),
            registry=self.registry,
        )

    def seen(self, status: int, seconds: float) -> None:
        self.answers.labels(str(status)).inc()
        self.took.observe(seconds)


@dataclass(slots=True)
class House:
    """What the routes look at. `receiving` is there once Slack told us who we are, if we can verify it."""

    config: Config
    checks: dict[str, Check] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    receiving: Receiving | None = None
    opened: bool = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/slack/events", self.events),
            web.post("/alerts", self.alerts),
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metered),
        ]

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self.receiving is None:
            return web.Response(status=404 if self.opened else 503, text="nobody receives here")
        return await self.receiving.handle(request)

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive")

    async def readyz(self, _request: web.Request) -> web.Response:
        said = {name: await look() for name, look in self.checks.items()}
        ready = self.opened and all(line.startswith("ok") for line in said.values())
        body = {"ready": ready, "checks": said}
        return web.json_response(body, status=200 if ready else 503)

    async def metered(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def alerts(self, request: web.Request) -> web.Response:
        """Takes Alertmanager's webhook with the shared secret as bearer token. No skill listens to it yet."""
        secret = self.config.alerts_secret
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if secret is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
            return web.json_response({"error": "wrong or missing secret"}, status=401)
        if not _alertmanager(await request.read()):
            return web.json_response({"error": "not an Alertmanager webhook body"}, status=400)
        return web.json_response({"accepted": 0, "why": "no skill listens to alerts yet"})


def _alertmanager(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    alerts = found.get("alerts") if isinstance(found, dict) else None
    return isinstance(alerts, list) and all(
        isinstance(one, dict) and isinstance(one.get("labels"), dict) and isinstance(one.get("status"), str)
        for one in alerts
    )


async def serve(config: Config, *, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until `stop`; `ready` is told the address once Slack can be answered.

    Raises Refused when it must not start, with what to change.
    """
    if missing := config.needs("web"):
        raise Refused("\n".join(missing))
    assert config.redis_url is not None  # noqa: S101  needs() looked
    async with AsyncExitStack() as stack:
        redis, reader = connect(config.redis_url), connect(config.redis_url, blocking=True)
        stack.push_async_callback(redis.aclose)
        stack.push_async_callback(reader.aclose)
        await _refuse_forgetful(redis, config)
        house = House(config)
        house.checks["redis"] = lambda: _pings(redis)
        runner = await _listen(house, stack)
        session = await stack.enter_async_context(web_api.session())
        client = web_api.client(
            token=_secret(config.slack_bot_token), url=config.slack_api_url, session=session
        )
        told = await _told(client, stop)
        if told is None:
            return
        await _open(house, stack, told=told, client=client, redis=redis, reader=reader)
        house.opened = True
        ready(_address(runner))
        await stop.wait()
        # First nothing new comes in; what was acknowledged by then is finished, or found by another process.
        await runner.cleanup()


async def _open(
    house: House,
    stack: AsyncExitStack,
    *,
    told: Mapping[str, Any],
    client: AsyncWebClient,
    redis: Redis,
    reader: Redis,
) -> None:
    config, team = house.config, str(told["team_id"])
    store = Store(redis, team)
    streams = Streams(store, reader)
    await store.introduce()
    await streams.open()
    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    people = SlackPeople(client, team=team, directory=lambda: _directory(artifacts))
    assert client.session is not None  # noqa: S101  web_api.client() was given one
    voice = SlackVoice(client, client.session)
    secret = _secret(config.slack_signing_secret) or _secret(config.slack_bot_token)
    app_id = str(told["app_id"]) if told.get("app_id") else None
    flow = Flow.of(store=store, people=people, artifacts=artifacts, voice=voice, app=app_id)
    reach: Literal["http", "socket"] = "socket" if config.socket_mode else "http"
    app = bolt(
        client=client, bot_id=str(told.get("bot_id")), bot_user=str(told["user_id"]), team=team, reach=reach
    )
    edge = Edge(
        Parts(
            team=team,
            command=config.command,
            name=f"web-{os.getpid()}-{secrets.token_hex(3)}",
            client=client,
            buttons=Buttons(secret=secret, team=team),
            flow=Armed(flow, lambda: _armed(artifacts)),
            records=store,
            streams=streams,
            showing=Showing(store),
            people=people,
            voice=voice,
            skills=artifacts.skills,
            may_ask=lambda slack_user: _may_ask(slack_user, people, artifacts),
        ),
        app,
    )
    stack.push_async_callback(edge.close)
    for loop in edge.loops:
        _until_closed(stack, asyncio.create_task(_kept(loop)))
    house.checks["artifacts"] = lambda: _loaded(artifacts)
    if config.slack_signing_secret is not None:
        door = Door(_secret(config.slack_signing_secret))
        house.receiving = Receiving(app, door, seen=house.metrics.seen)
    if config.slack_app_token is None:
        house.checks["slack"] = lambda: _said(f"ok: workspace {team} over HTTP")
    else:
        await _by_socket(house, stack, app, client, team)


async def _by_socket(
    house: House, stack: AsyncExitStack, app: AsyncApp, client: AsyncWebClient, team: str
) -> None:
    sockets = Sockets(app, app_token=_secret(house.config.slack_app_token), client=client)
    stack.push_async_callback(sockets.close)
    await sockets.start()

    async def connected() -> str:
        open_ones = sockets.connected()
        return f"{'ok' if open_ones else 'deaf'}: workspace {team}, {open_ones} socket connections"

    house.checks["slack"] = connected


async def _listen(house: House, stack: AsyncExitStack) -> web.AppRunner:
    server = web.Application(client_max_size=LARGEST)
    server.add_routes(house.routes())
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, house.config.host, house.config.port).start()
    return runner


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _told(client: AsyncWebClient, stop: asyncio.Event) -> Mapping[str, Any] | None:
    """Who we are at Slack: asked until it answers, or until we are told to stop.

    Raises Refused when Slack answers that the token is no good.
    """
    while not stop.is_set():
        try:
            told = (await client.auth_test()).data
            return told if isinstance(told, dict) else None
        except web_api.FAILURES as raised:
            why = web_api.failure(raised)
            if not why.later:
                raise Refused(f"Slack refuses SLACK_BOT_TOKEN: {why.error}.") from raised
            log.warning("Slack does not answer yet: %s", why.error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(ASK_SLACK_S, why.wait_s))
    return None


async def _kept(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A loop that breaks is begun again: what it had not finished is still in its stream."""
    while True:
        try:
            await loop()
        except StoreAway as away:
            log.warning("%s", away)
        except Exception:
            log.exception("a loop of the web process broke and is begun again")
        await asyncio.sleep(1.0)


def _until_closed(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    async def end() -> None:
        # More than once: redis-py can turn the cancellation of a blocking read into an error of its own.
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=0.2)

    stack.push_async_callback(end)


async def _refuse_forgetful(redis: Redis, config: Config) -> None:
    for finding in await check(redis):
        if finding.severity == "refuse" and config.redis_check == "refuse":
            raise Refused(f"{finding} (ASSENT_REDIS_CHECK=warn starts anyway, for trying things out.)")
        log.warning("%s", finding)


async def _pings(redis: Redis) -> str:
    try:
        await redis.ping()
    except (RedisError, OSError) as away:
        return f"away: {type(away).__name__}"
    return "ok"


async def _loaded(artifacts: Artifacts) -> str:
    problems = artifacts.problems
    if problems:
        return f"{len(problems)} problems, the first: {problems[0]}"
    return f"ok: {len(artifacts.skills())} skills"


async def _said(line: str) -> str:
    return line


def _armed(artifacts: Artifacts) -> None:
    if problems := artifacts.policies().problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Refused(f"The policies do not load, so nothing may run: {problems[0]}{more}")


def _directory(artifacts: Artifacts) -> Directory:
    """Raises Refused while the policies do not load: who is who is then what it last was, or not known."""
    _armed(artifacts)
    return Directory(artifacts.policies().roster)


async def _may_ask(slack_user: str, people: SlackPeople, artifacts: Artifacts) -> frozenset[str]:
    """Skills that some policy covers and that no policy keeps from this person's groups."""
    person = await people.person(slack_user)
    if person.standing is not Standing.MEMBER:
        return frozenset()
    policies = artifacts.policies()
    return frozenset(
        skill.name
        for skill in artifacts.skills().values()
        if (applying := policies.for_skill(skill.name, skill.version))
        and all(
            one.runbook.may_request is None or person.groups.intersection(one.runbook.may_request)
            for one in applying
        )
    )


def _secret(value: Any) -> str:
    return str(value.get_secret_value()) if value is not None else ""


def main() -> None:
    """`assent web`: until SIGTERM or Ctrl-C, then 0."""
    config = Config.from_env(os.environ)
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(config, ready=lambda url: log.info("ready: %s", url), stop=stop)

    asyncio.run(run())
