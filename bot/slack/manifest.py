"""The Slack app manifest: what Assent asks of a workspace, and nothing it does not use."""

from __future__ import annotations

from typing import Any

from bot.config import Config

SCOPES = {
    "commands": "the slash command",
    "chat:write": "cards and private words",
    "app_mentions:read": "being asked in a thread",
    "im:history": "being asked in a direct message",
    "im:write": "telling somebody privately",
    "users:read": "who is a member, a guest, a bot",
    "users:read.email": "one person is one person, whatever the account",
    "usergroups:read": "who may approve",
    "channels:read": "incident channels, shared channels",
    "groups:read": "the same in private channels it was invited to",
    "channels:join": "incident channels",
    "pins:write": "pinning a triage",
    "files:write": "output that is longer than a card, as a file in its thread",
}
"""Each scope, and what would not work without it."""

EVENTS = ("app_mention", "message.im", "app_home_opened", "channel_created", "channel_rename")
NOWHERE = "https://your-host.example"
"""Stands where Slack must be told an address and none is configured."""
PATH = "/slack/events"


def manifest(config: Config) -> dict[str, Any]:
    """The manifest for `config`, as api.slack.com/apps takes it: Socket Mode when there is an app token."""
    http = {} if config.socket_mode else {"url": (config.public_url or NOWHERE) + PATH}
    request_url = {"request_url": http["url"]} if http else {}
    return {
        "display_information": {
            "name": "Assent",
            "description": "Runs a skill after the people who must say yes said yes to exactly that.",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Assent", "always_online": True},
            "slash_commands": [
                {
                    "command": config.command,
                    **http,
                    "description": "Ask for a skill to be run",
                    "usage_hint": "<skill> key=value … [to <environment>] | help | status | costs",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request_url, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": config.socket_mode,
            "token_rotation_enabled": False,
        },
    }
