"""The local Slack and a small, real Bolt app on it, by HTTP and by Socket Mode."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import LocalSlack

SECRET, BOT_TOKEN, APP_TOKEN = "shhh", "xoxb-local", "xapp-local"
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Assent"},
    "features": {
        "bot_user": {"display_name": "Assent"},
        "app_home": {
            "home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False,
        },
        "slash_commands": [{"command": "/assent", "description": "Ask", "should_escape": False}],
        "shortcuts": [{"name": "Ask", "type": "message", "callback_id": "ask", "description": "Ask"}],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read", "channels:history", "channels:join", "channels:manage", "channels:read",
                "chat:write", "commands", "files:write", "im:history", "im:read", "im:write", "pins:write",
                "reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "app_mention", "app_home_opened", "channel_created", "channel_rename",
                "member_joined_channel", "message.channels", "message.im",
            ]
        },
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": False,
    },
}  # fmt: skip


def manifest(*, without: tuple[str, ...] = (), socket_mode: bool = False) -> dict[str, Any]:
    changed = copy.deepcopy(MANIFEST)
    scopes = changed["oauth_config"]["scopes"]
    scopes["bot"] = [each for each in scopes["bot"] if each not in without]
    changed["settings"]["socket_mode_enabled"] = socket_mode
    return changed


def local_slack(**changes: Any) -> LocalSlack:
    given: dict[str, Any] = {
        "manifest": manifest(), "signing_secret": SECRET, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN,
        "rate_limits": False,
    }  # fmt: skip
    return LocalSlack(**{**given, **changes})


@asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[LocalSlack]:
    slack = local_slack(**changes)
    await slack.start()
    try:
        yield slack
    finally:
        await slack.close()


def bolt(slack: LocalSlack) -> AsyncApp:
    client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    return AsyncApp(client=client, signing_secret=SECRET, token=BOT_TOKEN)


@asynccontextmanager
async def over_http(slack: LocalSlack, app: AsyncApp) -> AsyncIterator[None]:
    """Runs the app behind a real web server and tells Slack where it is."""
    runner = web.AppRunner(app.web_app("/slack/events"))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_sockets(slack: LocalSlack, *apps: AsyncApp) -> AsyncIterator[list[AsyncSocketModeHandler]]:
    handlers = [AsyncSocketModeHandler(app, APP_TOKEN) for app in apps]
    for handler in handlers:
        handler.client.web_client.base_url = slack.api_url
        await handler.connect_async()
    try:
        yield handlers
    finally:
        for handler in handlers:
            await handler.close_async()


@dataclass
class Door:
    """An app's address that writes down what comes and answers as told."""

    statuses: list[int] = field(default_factory=list)
    delay_s: float = 0.0
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[dict[str, str], str]] = field(default_factory=list)
    knocked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        self.came.append((dict(request.headers), await request.text()))
        self.knocked.set()
        await asyncio.sleep(self.delay_s)
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, text=self.body, headers=self.headers)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.came) < count:
                self.knocked.clear()
                await self.knocked.wait()

    def payloads(self) -> list[dict[str, Any]]:
        """What came, as Bolt would read it: an event, an interaction or a command."""
        return [read(body) for _, body in self.came]

    def events(self) -> list[dict[str, Any]]:
        return [each["event"] for each in self.payloads() if "event" in each]


@asynccontextmanager
async def open_door(slack: LocalSlack, door: Door) -> AsyncIterator[Door]:
    app = web.Application()
    app.router.add_post("/slack/events", door.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield door
    finally:
        await runner.cleanup()


def read(body: str) -> dict[str, Any]:
    if body.startswith("{"):
        return dict(json.loads(body))
    form = dict(parse_qsl(body, keep_blank_values=True))
    return dict(json.loads(form["payload"])) if "payload" in form else form
