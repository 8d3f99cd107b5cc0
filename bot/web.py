"""The web process: Slack comes in, cards go out. Any number of them share one Redis; none holds anything."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Literal

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.artifacts import Artifacts, Lately
from bot.authorize.people import Standing
from bot.config import Config
from bot.connectors.oncall import OnCallFeeds
from bot.flow.flow import Flow
from bot.process import armed, directory_of, end, kept, refuse_forgetful, run, told_by_slack
from bot.slack import web_api
from bot.slack.buttons import Buttons
from bot.slack.edge import Armed, Edge, Parts
from bot.slack.fatigue import Fatigue
from bot.slack.http import LARGEST, Door
from bot.slack.listeners import bolt
from bot.slack.people import SlackPeople
from bot.slack.receiving import Receiving
from bot.slack.routes import House
from bot.slack.socket import CONNECTIONS, Sockets
from bot.slack.voice import SlackVoice
from bot.store.connection import connect
from bot.store.memory import Memory
from bot.store.outputs import Outputs
from bot.store.showing import Showing
from bot.store.store import Store
from bot.store.streams import Streams
from bot.store.telling import Telling
from bot.terms import Refused

PING_S = 2.0
"""A Redis that is silent for so long is away, for whoever asks whether we are ready."""


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
        await refuse_forgetful(redis, config)
        house = House(config)
        house.checks["redis"] = lambda: _pings(redis)
        runner = await _listen(house, stack)
        session = await stack.enter_async_context(web_api.session())
        client = web_api.client(
            token=_secret(config.slack_bot_token), url=config.slack_api_url, session=session
        )
        told = await told_by_slack(client, stop)
        if told is None:
            return
        await _open(house, stack, told=told, client=client, redis=redis, reader=reader)
        house.opened = True
        gc.freeze()  # what was loaded is here to stay: looking through all of it again would be a long pause
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
    lately = Lately(artifacts)
    memory = Memory(redis)
    assert client.session is not None  # noqa: S101  web_api.client() was given one
    feeds = OnCallFeeds(client.session, folder=config.policies_dir, environment=os.environ)
    people = SlackPeople(client, team=team, directory=lambda: directory_of(artifacts), feeds=feeds)
    voice = SlackVoice(client, client.session)
    secret = _secret(config.slack_signing_secret) or _secret(config.slack_bot_token)
    app_id = str(told["app_id"]) if told.get("app_id") else None
    flow = Flow.of(
        store=store, people=people, artifacts=artifacts, voice=voice, app=app_id, read_by=lately.skills
    )
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
            flow=Armed(flow, lambda: _may_begin(lately, memory)),
            records=store,
            streams=streams,
            showing=Showing(store),
            telling=Telling(store),
            outputs=Outputs(store),
            people=people,
            voice=voice,
            skills=lately.skills,
            may_ask=lambda slack_user: _may_ask(slack_user, people, artifacts),
            policies=lately.policies,
            fatigue=Fatigue(house.metrics.registry),
        ),
        app,
    )
    stack.push_async_callback(edge.close)
    for loop in (*edge.loops, memory.watch):
        stack.push_async_callback(end, asyncio.create_task(kept(loop)))
    house.checks["artifacts"] = lambda: _loaded(artifacts)
    house.checks["memory"] = lambda: _said(str(memory))
    if config.slack_signing_secret is not None:
        door = Door(_secret(config.slack_signing_secret))
        house.receiving = Receiving(
            app,
            door,
            command=edge.listeners.command,
            precedence=edge.precedence,
            seen=house.metrics.seen,
        )
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
        hears = f"workspace {team}, {open_ones} of {CONNECTIONS} socket connections"
        return f"{'ok' if open_ones else 'deaf'}: {hears}"

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


async def _pings(redis: Redis) -> str:
    try:
        async with asyncio.timeout(PING_S):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as away:
        return f"away: {type(away).__name__}"
    return "ok"


async def _loaded(artifacts: Artifacts) -> str:
    problems = artifacts.problems
    if problems:
        return f"{len(problems)} problems, the first: {problems[0]}"
    return f"ok: {len(artifacts.skills())} skills"


async def _said(line: str) -> str:
    return line


def _may_begin(artifacts: Lately, memory: Memory) -> None:
    """Raises Refused while nothing new may be accepted; what is under way may finish."""
    armed(artifacts)
    memory.refuse_when_full()


async def _may_ask(slack_user: str, people: SlackPeople, artifacts: Artifacts) -> frozenset[str]:
    """Skills that some policy covers and that no policy keeps from this person's groups.

    Raises Refused while the policies do not load: then nobody can tell, and it is not "none".
    """
    armed(artifacts)
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
    """`assent web`."""
    run(serve, name="web")
