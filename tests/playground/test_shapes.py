"""What the local Slack sends has the shape Slack was seen to send: every key is known, with its type."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import APP_TOKEN, Door, manifest, open_door, running

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "slack"
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="Slack's sample payloads are not beside this clone"
)

# What Slack documents, or its SDKs' test payloads show, and the samples (a union of what was seen) lack.
DOCUMENTED = {
    "command": {"is_enterprise_install is str, not bool"},  # a form: everything is text
    "message_action": {"user.username", "message.metadata"},
    "view_submission": {"view.blocks", "response_urls"},
    "view_closed": {"view.blocks"},
    "block_actions": {"view.blocks"},
    "app_home_opened": {"event.view.blocks"},
    "message": {"event.app_id"},
    "message_changed": {"event.message.app_id", "event.previous_message.app_id"},
    "message_deleted": {"event.previous_message.app_id"},
}
OPAQUE = {"blocks", "state", "event_payload", "reactions", "actions", "files"}
CARD = [
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
    }
]
MODAL = {
    "type": "modal",
    "callback_id": "form",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Form"},
    "blocks": [{"type": "divider"}],
}


def sample(path: str) -> Any:
    return json.loads((SAMPLES / path).read_text())


def strange(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """Keys of ours that theirs does not have, and values of another type; None stands for any."""
    if ours is None or at.rpartition(".")[2] in OPAQUE:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            where = f"{at}.{name}" if at else name
            if name not in theirs:
                yield where
            else:
                yield from strange(value, theirs[name], where)
    elif isinstance(ours, list) and isinstance(theirs, list):
        for each in ours:
            yield from strange(each, theirs[0], at) if theirs else ()
    elif type(ours) is not type(theirs):
        yield f"{at} is {type(ours).__name__}, not {type(theirs).__name__}"


def unseen(name: str, ours: Any, theirs: Any) -> list[str]:
    return sorted(set(strange(ours, theirs)) - DOCUMENTED.get(name, set()))


METHODS: dict[str, dict[str, Any]] = {
    "auth.test": {},
    "bots.info": {"bot": "B0ASSENT"},
    "team.info": {},
    "chat.getPermalink": {"channel": "C0DEPLOYS", "message_ts": "TS"},
    "chat.postEphemeral": {"channel": "C0DEPLOYS", "user": "U0ALICE", "text": "x"},
    "conversations.info": {"channel": "C0DEPLOYS", "include_num_members": True},
    "conversations.join": {"channel": "C0RANDOM"},
    "conversations.list": {"types": "public_channel,im"},
    "conversations.members": {"channel": "C0DEPLOYS"},
    "conversations.setTopic": {"channel": "C0DEPLOYS", "topic": "x"},
    "files.getUploadURLExternal": {"filename": "x.txt", "length": 1},
    "pins.add": {"channel": "C0DEPLOYS", "timestamp": "TS"},
    "reactions.add": {"channel": "C0DEPLOYS", "timestamp": "TS", "name": "eyes"},
    "usergroups.list": {"include_users": True},
    "usergroups.users.list": {"usergroup": "S0SRE"},
    "users.conversations": {"types": "public_channel,im"},
    "users.info": {"user": "U0ALICE"},
    "users.list": {},
    "views.publish": {"user_id": "U0ALICE", "view": {"type": "home", "blocks": [{"type": "divider"}]}},
    "chat.delete": {"channel": "C0DEPLOYS", "ts": "TS"},
}


@pytest.mark.parametrize(("method", "args"), METHODS.items(), ids=METHODS.keys())
async def test_an_answer_has_slacks_shape(api: AsyncWebClient, method: str, args: dict[str, Any]) -> None:
    ts = (await api.chat_postMessage(channel="C0DEPLOYS", text="x"))["ts"]
    answer = await api.api_call(
        method, json={key: ts if each == "TS" else each for key, each in args.items()}
    )
    assert unseen(method, answer.data, sample(f"api/{method}.json")) == []


async def test_the_door_to_socket_mode_has_slacks_shape() -> None:
    async with running(manifest=manifest(socket_mode=True)) as slack:
        api = AsyncWebClient(token=APP_TOKEN, base_url=slack.api_url)
        answer = await api.apps_connections_open(app_token=APP_TOKEN)
    assert set(answer.data) == {"ok", "url"}


@pytest.fixture
async def overheard(slack: LocalSlack, people: SlackClient, api: AsyncWebClient) -> dict[str, dict[str, Any]]:
    """The first of each kind of thing that reaches an app."""
    async with open_door(slack, Door()) as door:
        for leave in (people.close_view, people.submit):
            await people.command("alice", "deploys", "/assent x")
            trigger = next(each["trigger_id"] for each in reversed(door.payloads()) if "command" in each)
            view = (await api.views_open(trigger_id=trigger, view=MODAL))["view"]
            await leave("alice", view, *([{}] if leave == people.submit else []))
        sent = await api.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=CARD)
        await people.click("bob", (await people.messages("deploys", "bob"))[-1], "go")
        await people.post("shortcut", "bob", channel="C0DEPLOYS", message_ts=sent["ts"], callback_id="ask")
        await people.say("alice", "deploys", "@assent hello")
        await api.chat_update(channel="C0DEPLOYS", ts=sent["ts"], text="changed")
        await api.chat_delete(channel="C0DEPLOYS", ts=sent["ts"])
        made = await people.post("channel", "alice", name="inc-1")
        await people.post("rename", "alice", channel=made["channel"]["id"], name="inc-2")
        await people.post("invite", "alice", channel=made["channel"]["id"], user="U0ASSENTBOT")
        await people.open_home("alice")
        found: dict[str, dict[str, Any]] = {}
        for count in range(1, 100):
            await door.until(count)
            body = door.payloads()[count - 1]
            event = body.get("event", body)
            found.setdefault(str(event.get("subtype") or event.get("type") or "command"), body)
            if set(PAYLOADS) <= set(found):
                break
        return found


PAYLOADS = {
    "command": "app-backend/slash-commands__SlashCommandPayload.json",
    "block_actions": "app-backend/interactive-components__BlockActionPayload.json",
    "message_action": "app-backend/interactive-components__MessageShortcutPayload.json",
    "view_submission": "app-backend/views__ViewSubmissionPayload.json",
    "view_closed": "app-backend/views__ViewClosedPayload.json",
    "app_mention": "events/AppMentionPayload.json",
    "message": "events/MessagePayload.json",
    "message_changed": "events/MessageChangedPayload.json",
    "message_deleted": "events/MessageDeletedPayload.json",
    "app_home_opened": "events/AppHomeOpenedPayload.json",
    "channel_created": "events/ChannelCreatedPayload.json",
    "channel_rename": "events/ChannelRenamePayload.json",
    "member_joined_channel": "events/MemberJoinedChannelPayload.json",
}


async def test_what_the_app_hears_has_slacks_shape(overheard: dict[str, dict[str, Any]]) -> None:
    found = {name: unseen(name, overheard[name], sample(path)) for name, path in PAYLOADS.items()}
    assert {name: strangers for name, strangers in found.items() if strangers} == {}
