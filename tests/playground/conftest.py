"""The local Slack and a small, real Bolt app on it, by HTTP and by Socket Mode."""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack

SECRET, BOT_TOKEN, APP_TOKEN = "shhh", "xoxb-local", "xapp-local"
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Assent"},
    "features": {
        "bot_user": {"display_name": "Assent"},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "slash_commands": [{"command": "/assent", "description": "Ask", "usage_hint": "help", "should_escape": False}],
        "shortcuts": [{"name": "Ask", "type": "message", "callback_id": "ask", "description": "Ask about this"}],
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
                "app_mention", "app_home_opened", "channel_created", "channel_rename", "member_joined_channel",
                "message.channels", "message.im",
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


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running() as started:
        yield started


@pytest.fixture
async def people(slack: LocalSlack) -> AsyncIterator[SlackClient]:
    async with SlackClient(slack.url) as client:
        yield client


@pytest.fixture
def api(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
