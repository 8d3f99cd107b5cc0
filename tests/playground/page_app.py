"""A small Bolt app with one of everything the page can show: the app the page's tests talk to."""

import asyncio
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.server import LocalSlack
from tests.playground.local import bolt, manifest

DEPLOYS = "C0DEPLOYS"

FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "ask",
    "title": {"type": "plain_text", "text": "Deploy"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": {"type": "plain_text", "text": "Version"},
            "hint": {"type": "plain_text", "text": "A tag, for example 1.4.2"},
            "element": {"type": "plain_text_input", "action_id": "it"},
        },
        {
            "type": "input",
            "block_id": "where",
            "label": {"type": "plain_text", "text": "Environment"},
            "element": {
                "type": "static_select",
                "action_id": "it",
                "options": [
                    {"text": {"type": "plain_text", "text": each}, "value": each}
                    for each in ("staging", "prod")
                ],
            },
        },
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "regions", "text": {"type": "plain_text", "text": "Regions…"}}
            ],
        },
    ],
}


def _options(*values: str) -> list[dict[str, Any]]:
    return [{"text": {"type": "plain_text", "text": each.title()}, "value": each} for each in values]


def _input(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label},
        "element": {"action_id": "it", **element},
        **more,
    }


MORE: dict[str, Any] = {
    "type": "modal",
    "callback_id": "more",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Regions"},
    "close": {"type": "plain_text", "text": "Back"},
    "submit": {"type": "plain_text", "text": "Take these"},
    "blocks": [
        _input("owner", "Owner", {"type": "external_select", "min_query_length": 1}),
        _input("regions", "Regions", {"type": "multi_static_select", "options": _options("eu", "us", "ap")}),
        _input("checks", "Checks", {"type": "checkboxes", "options": _options("latency", "errors")}),
        _input("pace", "Pace", {"type": "radio_buttons", "options": _options("slow", "fast")}),
        _input("day", "Day", {"type": "datepicker"}),
        _input("who", "Who", {"type": "users_select"}),
        _input("why", "Why", {"type": "plain_text_input", "multiline": True}, optional=True),
    ],
}


def _button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


def card(title: str, status: str, *buttons: dict[str, Any]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title}},
        {"type": "section", "text": {"type": "mrkdwn", "text": status}},
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": f"*{name}*\nsomething long enough"} for name in ("Risk", "Cost")
            ],
        },
    ]
    return blocks + ([{"type": "actions", "elements": list(buttons)}] if buttons else [])


APPROVE = _button(
    "approve",
    "Approve",
    style="primary",
    confirm={
        "title": {"type": "plain_text", "text": "Approve this?"},
        "text": {"type": "mrkdwn", "text": "It runs *at once*."},
        "confirm": {"type": "plain_text", "text": "Approve it"},
        "deny": {"type": "plain_text", "text": "Not now"},
    },
)
STOP = _button("stop", "Stop", style="danger")


def offering_commands() -> dict[str, Any]:
    """The manifest with two commands, so that typing has something to choose from."""
    changed = manifest()
    changed["features"]["slash_commands"] = [
        {"command": "/assent", "description": "Ask for a skill", "usage_hint": "<skill> key=value …"},
        {"command": "/deploy", "description": "Deploy a service"},
    ]
    return changed


def _said(state: dict[str, Any]) -> Any:
    """What an input holds, whatever its kind, in one word."""
    held = next((each for name, each in state.items() if name != "type"), None)
    if isinstance(held, list):
        return "+".join(each["value"] for each in held)
    return held["value"] if isinstance(held, dict) else held


def little_app(slack: LocalSlack) -> AsyncApp:
    """`/assent` alone opens a form; with words it whispers how it read them and posts a card."""
    app = bolt(slack)

    @app.command("/assent")
    async def command(ack: Any, body: Any, client: AsyncWebClient) -> None:
        asked = body.get("text") or ""
        if asked == "sleep":
            await asyncio.sleep(1.5)  # longer than the deadline these tests set: Slack stops waiting
        if not asked:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=FORM)
            return
        await ack(text=f"I read this as `{asked}`.")
        waiting = card(
            asked.title(), "*Waiting* for one of <!subteam^S0SRE>", APPROVE, _button("broken", "Details")
        )
        await client.chat_postMessage(channel=body["channel_id"], text=f"{asked} waits", blocks=waiting)

    @app.action("approve")
    async def approve(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack()
        running = card("Deploy", f"*Running.* Approved by <@{body['user']['id']}>", STOP)
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="running", blocks=running
        )

    @app.view("ask")
    async def submitted(ack: Any, view: Any, body: Any, client: AsyncWebClient) -> None:
        version = view["state"]["values"]["version"]["it"]["value"]
        if version != "1.4.2":
            await ack(response_action="errors", errors={"version": f"There is no {version}. Known: 1.4.2."})
            return
        await ack()
        where = view["state"]["values"]["where"]["it"]["selected_option"]["value"]
        await client.chat_postMessage(
            channel=DEPLOYS, text=f"<@{body['user']['id']}> asked for {version} to {where}"
        )

    @app.action("regions")
    async def regions(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=MORE)

    @app.options("it")
    async def owners(ack: Any, payload: Any) -> None:
        await ack(
            options=[each for each in _options("payments", "platform") if payload["value"] in each["value"]]
        )

    @app.view("more")
    async def taken(ack: Any, view: Any, client: AsyncWebClient) -> None:
        await ack(response_action="clear")
        held = {name: _said(next(iter(each.values()))) for name, each in view["state"]["values"].items()}
        text = " ".join(f"{name}={each}" for name, each in held.items() if name not in ("version", "where"))
        await client.chat_postMessage(channel=DEPLOYS, text=text)

    @app.view_closed("more")
    async def closed(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel=DEPLOYS, text=f"<@{body['user']['id']}> went back")

    @app.shortcut("ask")
    async def asked_about(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text=f"About: {body['message']['text']}"
        )

    @app.event("app_mention")
    async def mentioned(event: Any, client: AsyncWebClient) -> None:
        await client.chat_postMessage(
            channel=event["channel"], thread_ts=event.get("thread_ts", event["ts"]), text="I am listening."
        )

    @app.event("app_home_opened")
    async def home(event: Any, client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": card("Waiting for you", f"Hello <@{event['user']}>")}
        await client.views_publish(user_id=event["user"], view=view)

    @app.event("message")
    async def heard() -> None:
        """Everything else that is said."""

    return app
