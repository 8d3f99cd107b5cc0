"""An unmodified Bolt app lives on the local Slack: commands, clicks, forms, events, by HTTP and by socket."""

import asyncio
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import bolt, manifest, over_http, over_sockets, running

CARD = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Deploy *checkout*?"}},
    {
        "type": "actions",
        "block_id": "answer",
        "elements": [
            {
                "type": "button",
                "action_id": "approve:1",
                "value": "sealed",
                "text": {"type": "plain_text", "text": "Approve"},
            },
            {"type": "button", "action_id": "form", "text": {"type": "plain_text", "text": "Deny…"}},
        ],
    },
]
FORM = {
    "type": "modal",
    "callback_id": "deny",
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Send"},
    "private_metadata": "r-1",
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def asking(app: AsyncApp, seen: list[Any]) -> AsyncApp:
    """A small app with one of everything."""

    @app.command("/assent")
    async def command(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack(text=f"You said {body['text']}")
        await client.chat_postMessage(channel=body["channel_id"], text="Deploy checkout?", blocks=CARD)

    @app.action("approve:1")
    async def approve(ack: Any, body: Any, respond: Any, client: AsyncWebClient) -> None:
        await ack()
        seen.append(body)
        await client.chat_update(
            channel=body["channel"]["id"],
            ts=body["message"]["ts"],
            text=f"approved by {body['user']['id']}",
            blocks=[],
        )
        await respond("Thank you", replace_original=False)

    @app.action("form")
    async def form(ack: Any, body: Any, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("deny")
    async def deny(ack: Any, view: Any) -> None:
        reason = view["state"]["values"]["why"]["text"]["value"]
        if len(reason) < 5:
            await ack(response_action="errors", errors={"why": "Say a little more."})
        else:
            await ack()
            seen.append(("denied", view["private_metadata"], reason))

    @app.event("app_mention")
    async def mention(event: Any, say: Any) -> None:
        await say(text="You called?", thread_ts=event["ts"])

    @app.event("app_home_opened")
    async def home(event: Any, client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [{"type": "divider"}]}
        await client.views_publish(user_id=event["user"], view=view)

    @app.event("message")
    async def message(event: Any) -> None:
        seen.append(event)

    @app.event("channel_created")
    async def created(event: Any) -> None:
        seen.append(event)

    @app.shortcut("ask")
    async def shortcut(ack: Any, body: Any) -> None:
        await ack()
        seen.append(body)

    return app


async def whole_story(slack: LocalSlack) -> None:
    async with SlackClient(slack.url) as people:
        answer = await people.command("alice", "deploys", "/assent deploy checkout")
        assert answer == {"ok": True, "kind": "command", "acknowledged": True}
        whisper = await people.wait_for("alice", "deploys", lambda each: "You said" in each["text"])
        assert whisper["text"] == "You said deploy checkout"
        assert whisper["ephemeral"]
        assert not await people.ephemerals("deploys", "bob")

        card = await people.wait_for("bob", "deploys", lambda each: each["text"] == "Deploy checkout?")
        assert (await people.click("bob", card, "approve"))["ok"]
        done = await people.wait_for("bob", "deploys", lambda each: each["text"] == "approved by U0BOB")
        assert done["ts"] == card["ts"]
        await people.wait_for(
            "bob", "deploys", lambda each: each["text"] == "Thank you" and each["ephemeral"]
        )
        assert not (await people.click("bob", card, "approve"))["ok"]


async def test_command_click_and_update_over_http(slack: LocalSlack) -> None:
    async with over_http(slack, asking(bolt(slack), [])):
        await whole_story(slack)


async def test_command_click_and_update_over_two_sockets() -> None:
    async with running(manifest=manifest(socket_mode=True)) as slack:
        one, two = asking(bolt(slack), []), asking(bolt(slack), [])
        async with over_sockets(slack, one, two):
            await whole_story(slack)


async def test_a_click_says_what_the_button_holds(slack: LocalSlack, people: SlackClient) -> None:
    seen: list[Any] = []
    async with over_http(slack, asking(bolt(slack), seen)):
        await people.command("alice", "deploys", "/assent x")
        card = await people.wait_for("bob", "deploys", lambda each: bool(each.get("blocks")))
        action = {"type": "button", "block_id": "answer", "action_id": "approve:1", "value": "forged"}
        container = {"type": "message", "channel": "C0DEPLOYS", "message_ts": card["ts"]}
        assert (await people.post("action", "bob", container=container, action=action))["ok"]
    assert [each["actions"][0]["value"] for each in seen if isinstance(each, dict) and "actions" in each] == [
        "sealed"
    ]


async def test_a_form_is_checked_answered_and_closed(slack: LocalSlack, people: SlackClient) -> None:
    seen: list[Any] = []
    async with over_http(slack, asking(bolt(slack), seen)):
        await people.command("alice", "deploys", "/assent x")
        card = await people.wait_for("bob", "deploys", lambda each: bool(each.get("blocks")))
        await people.click("bob", card, "form")
        view = (await people.until("bob", lambda state: state if state["views"] else None))["views"][-1]
        assert (await people.submit("bob", view, {}))["errors"] == {
            "why": "Please complete this required field."
        }
        assert (await people.submit("bob", view, {"why": "no"}))["errors"] == {"why": "Say a little more."}
        assert await people.views("bob")
        assert await people.submit("bob", view, {"why": "too late today"}) == {"ok": True}
        assert await people.views("bob") == []
    assert ("denied", "r-1", "too late today") in seen


async def test_a_mention_is_answered_in_its_thread(slack: LocalSlack, people: SlackClient) -> None:
    async with over_http(slack, asking(bolt(slack), [])):
        said = await people.say("alice", "deploys", "@assent hello")
        assert said["message"]["text"] == "<@U0ASSENTBOT> hello"
        reply = await people.wait_for("alice", "deploys", lambda each: each["text"] == "You called?")
    assert reply["thread_ts"] == said["ts"]


async def test_home_direct_message_channel_and_shortcut_reach_the_app(
    slack: LocalSlack, people: SlackClient
) -> None:
    seen: list[Any] = []
    async with over_http(slack, asking(bolt(slack), seen)):
        await people.open_home("alice")
        await people.until("alice", lambda state: state["home"])
        said = await people.say("alice", "@app", "deploy please")
        await people.post("channel", "alice", name="inc-42")
        await people.post("shortcut", "alice", channel="@", message_ts=said["ts"], callback_id="ask")
        channel = "D0ALICE"
        assert (
            await people.post("shortcut", "alice", channel=channel, message_ts=said["ts"], callback_id="ask")
        )["ok"]
        for _ in range(100):
            if len(seen) >= 3:
                break
            await asyncio.sleep(0.01)
    kinds = {each.get("channel_type") or each["type"] for each in seen}
    assert kinds == {"im", "channel_created", "message_action"}
