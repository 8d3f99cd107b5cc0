"""The web process on the local Slack and a real Redis, and what a test does with the three."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

import bot.web
from bot.config import Config
from bot.flow.request import Request
from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from bot.playground.wire import signature
from bot.slack.manifest import manifest
from bot.store.connection import connect
from bot.store.store import Store
from bot.terms import RequestId

SECRET, TEAM = "shhh", "T0ASSENT"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ROOT = Path(bot.web.__file__).parent.parent


@dataclass
class House:
    slack: LocalSlack
    people: SlackClient
    http: aiohttp.ClientSession
    url: str
    store: Store

    async def post(
        self, body: str, *, content_type: str = FORM, at: int = 0, secret: str = SECRET
    ) -> tuple[int, str]:
        """Slack's own signed request, byte for byte as often as wanted."""
        now = str(at or int(time.time()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": signature(secret, now, body),
        }
        async with self.http.post(
            f"{self.url}/slack/events", data=io.BytesIO(body.encode()), headers=headers
        ) as answer:
            return answer.status, await answer.text()

    async def fails(self, **fault: Any) -> None:
        async with self.http.post(f"{self.slack.url}/ui/fault", json=fault) as answer:
            assert answer.status == 200

    async def calls(self, method: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.slack.url}/ui/requests") as answer:
            found = await answer.json()
        rows = found["requests"] if isinstance(found, dict) else found
        return [each for each in rows if each["method"] == method]

    async def card(self, who: str = "alice", channel: str = "deploys") -> dict[str, Any]:
        return await self.people.wait_for(who, channel, is_card)

    async def whisper(self, who: str, channel: str, words: str) -> str:
        """The first private message to somebody that has these words in it."""
        shown = await self.people.wait_for(
            who, channel, lambda m: bool(m.get("ephemeral")) and words in m["text"]
        )
        return str(shown["text"])

    async def request(self, name: str = "r-1") -> Request | None:
        return await self.store.get(RequestId(name))


def is_card(message: dict[str, Any]) -> bool:
    return (message.get("metadata") or {}).get("event_type") == "assent_request"


def config(redis: str, home: Path, **more: str) -> Config:
    return Config.from_env(
        {
            "REDIS_URL": redis,
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_SIGNING_SECRET": SECRET,
            "HOST": "127.0.0.1",
            "PORT": "0",
            "ASSENT_HOME": str(home),
            "ASSENT_SKILLS": str(ROOT / "skills"),
            "ASSENT_POLICIES": str(ROOT / "policies"),
            "ASSENT_ALERTS_SECRET": "alarm",
            **more,
        }
    )


@asynccontextmanager
async def living(redis: str, home: Path, **more: str) -> AsyncIterator[House]:
    settings = config(redis, home, **more)
    slack = LocalSlack(
        manifest=manifest(settings), signing_secret=SECRET, bot_token="xoxb-local", app_token="xapp-local"
    )
    await slack.start()
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = settings.model_copy(update={"slack_api_url": slack.api_url})
    served = asyncio.create_task(bot.web.serve(settings, ready=ready.set_result, stop=stop))
    await asyncio.wait((served, ready), return_when=asyncio.FIRST_COMPLETED)
    if served.done():
        served.result()
    slack.request_url = f"{ready.result()}/slack/events"
    client = connect(redis)
    try:
        async with aiohttp.ClientSession() as http, SlackClient(slack.url) as people:
            yield House(slack, people, http, ready.result(), Store(client, TEAM))
    finally:
        stop.set()
        await served
        await client.aclose()
        await slack.close()


@asynccontextmanager
async def killable(redis: str, home: Path) -> AsyncIterator[tuple[House, Callable[[], Awaitable[None]]]]:
    """The same with the web process as one of its own, and the way to kill it with -9 and start another."""
    settings = config(redis, home)
    slack = LocalSlack(manifest=manifest(settings), signing_secret=SECRET, bot_token="xoxb-local")
    await slack.start()
    client, running = connect(redis), list[asyncio.subprocess.Process]()

    async def replace() -> None:
        for process in running:
            process.kill()
            await process.communicate()
        running[:] = [await _program(redis, home, slack)]

    try:
        await replace()
        async with aiohttp.ClientSession() as http, SlackClient(slack.url) as people:
            yield House(slack, people, http, slack.request_url or "", Store(client, TEAM)), replace
    finally:
        for process in running:
            process.terminate()
            await process.communicate()
        await client.aclose()
        await slack.close()


async def _program(redis: str, home: Path, slack: LocalSlack) -> asyncio.subprocess.Process:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "REDIS_URL": redis, "SLACK_BOT_TOKEN": "xoxb-local", "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.api_url, "HOST": "127.0.0.1", "PORT": "0", "ASSENT_HOME": str(home),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "web", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"ready: http" not in (line := await process.stderr.readline()):
            assert line, "it ended before it was ready"
    slack.request_url = f"{line.decode().split('ready: ')[1].strip()}/slack/events"
    return process


def command_of(text: str) -> dict[str, str]:
    return {
        "command": "/assent", "text": text, "team_id": TEAM, "channel_id": "C0DEPLOYS", "user_id": "U0ALICE",
        "trigger_id": "1.2.3", "api_app_id": "A0ASSENT",
    }  # fmt: skip


def pressed(card: dict[str, Any], action: str, value: str, *, user: str = "U0BOB") -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "channel": {"id": "C0DEPLOYS"},
        "container": {"type": "message", "channel_id": "C0DEPLOYS", "message_ts": card["ts"]},
        "actions": [
            {"type": "button", "action_id": action, "value": value, "action_ts": "7.7", "block_id": "actions"}
        ],
    }
