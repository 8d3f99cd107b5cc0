"""The Web API refuses what Slack refuses, with Slack's names for it."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import APP_TOKEN, BOT_TOKEN, manifest, running


async def refusal(api: AsyncWebClient, method: str, **args: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await api.api_call(method, json=args)
    answer: dict[str, Any] = caught.value.response.data
    return answer


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("no.such", {}, "unknown_method"),
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0RANDOM", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "C0ARCHIVE", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "C0DEPLOYS"}, "no_text"),
        ("chat.postMessage", {"channel": "C0DEPLOYS", "blocks": "{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "C0DEPLOYS", "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
        (
            "chat.postMessage",
            {"channel": "C0DEPLOYS", "text": "x", "metadata": []},
            "invalid_metadata_format",
        ),
        (
            "chat.postMessage",
            {"channel": "C0DEPLOYS", "text": "x", "metadata": {"a": 1}},
            "invalid_metadata_schema",
        ),
        ("chat.update", {"channel": "C0DEPLOYS", "ts": "1.2", "text": "x"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": "C0DEPLOYS", "user": "U0SAM", "text": "x"}, "user_not_in_channel"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.info", {}, "invalid_arguments"),
        ("users.lookupByEmail", {"email": "nobody@acme.example"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("conversations.history", {"channel": "C0RANDOM"}, "not_in_channel"),
        ("conversations.info", {"channel": "C0NOWHERE"}, "channel_not_found"),
        ("conversations.open", {"users": "U0DAN"}, "user_disabled"),
        ("conversations.create", {"name": "With Spaces"}, "invalid_name_specials"),
        ("conversations.create", {"name": "deploys"}, "name_taken"),
        ("conversations.join", {"channel": "C0ARCHIVE"}, "is_archived"),
        ("conversations.rename", {"channel": "C0DEPLOYS", "name": "other"}, "not_authorized"),
        ("conversations.archive", {"channel": "C0GENERAL"}, "cant_archive_general"),
        ("views.open", {"trigger_id": "1.2.x", "view": {}}, "invalid_trigger_id"),
        ("views.update", {"view_id": "V0", "view": {}}, "not_found"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
    ],
)
async def test_a_wrong_call_gets_slacks_error(
    api: AsyncWebClient, method: str, args: Any, error: str
) -> None:
    assert (await refusal(api, method, **args))["error"] == error


async def test_tokens_are_checked_first(slack: LocalSlack) -> None:
    nobody = AsyncWebClient(base_url=slack.api_url)
    assert (await refusal(nobody, "auth.test"))["error"] == "not_authed"
    wrong = AsyncWebClient(token="xoxb-other", base_url=slack.api_url)
    assert (await refusal(wrong, "auth.test"))["error"] == "invalid_auth"
    app_level = AsyncWebClient(token=APP_TOKEN, base_url=slack.api_url)
    assert (await refusal(app_level, "auth.test"))["error"] == "not_allowed_token_type"


async def test_a_form_with_its_token_in_a_field_is_understood(slack: LocalSlack) -> None:
    form = {"token": BOT_TOKEN, "channel": "C0DEPLOYS", "text": "hi", "blocks": '[{"type": "divider"}]'}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.api_url}chat.postMessage", data=form) as answer,
    ):
        said = await answer.json()
    assert said["ok"]
    assert said["message"]["blocks"][0]["type"] == "divider"


async def test_what_the_manifest_does_not_grant_is_missing_scope() -> None:
    async with running(manifest=manifest(without=("pins:write", "users:read.email", "chat:write"))) as slack:
        api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        answer = await refusal(api, "pins.add", channel="C0DEPLOYS", timestamp="1.2")
        assert (answer["error"], answer["needed"]) == ("missing_scope", "pins:write")
        assert "channels:read" in answer["provided"].split(",")
        assert (await refusal(api, "chat.postMessage", channel="C0DEPLOYS", text="x"))[
            "needed"
        ] == "chat:write"
        assert (await refusal(api, "conversations.list", types="private_channel"))["needed"] == "groups:read"
        user = (await api.users_info(user="U0ALICE"))["user"]
        assert "email" not in user["profile"]


async def test_people_are_told_apart_as_slack_tells_them(api: AsyncWebClient) -> None:
    users = {
        name: (await api.users_info(user=f"U0{name.upper()}"))["user"]
        for name in ("alice", "gus", "sam", "rita")
    }
    assert users["alice"]["profile"]["email"] == "alice@acme.example"
    assert users["gus"]["is_restricted"]
    assert users["sam"]["is_stranger"]
    assert users["sam"]["team_id"] != users["alice"]["team_id"]
    assert users["rita"]["is_bot"]
    assert (await api.users_info(user="U0DAN"))["user"]["deleted"]
    listed = [each["id"] for each in (await api.users_list())["members"]]
    assert "U0SAM" not in listed
    assert (await api.usergroups_users_list(usergroup="S0SRE"))["users"] == ["U0DAVE", "U0MIA"]


async def test_lists_come_in_pages(api: AsyncWebClient) -> None:
    first = await api.conversations_members(channel="C0DEPLOYS", limit=5)
    cursor = first["response_metadata"]["next_cursor"]
    second = await api.conversations_members(channel="C0DEPLOYS", limit=5, cursor=cursor)
    assert len(first["members"]) == 5
    assert not set(first["members"]) & set(second["members"])
    assert second["response_metadata"]["next_cursor"] == ""


async def test_a_message_keeps_its_metadata_and_shows_it_when_asked(api: AsyncWebClient) -> None:
    metadata = {"event_type": "assent_request", "event_payload": {"request_id": "r-1"}}
    sent = await api.chat_postMessage(channel="C0DEPLOYS", text="x", metadata=metadata)
    assert sent["message"]["metadata"] == metadata
    assert "metadata" not in (await api.conversations_history(channel="C0DEPLOYS"))["messages"][0]
    asked = await api.conversations_history(channel="C0DEPLOYS", include_all_metadata=True)
    assert asked["messages"][0]["metadata"] == metadata


async def test_an_update_keeps_what_it_does_not_name(api: AsyncWebClient) -> None:
    sent = await api.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[{"type": "divider"}])
    kept = await api.chat_update(channel="C0DEPLOYS", ts=sent["ts"], text="y")
    assert kept["message"]["blocks"][0]["type"] == "divider"
    assert kept["message"]["edited"]["user"] == "U0ASSENTBOT"
    emptied = await api.chat_update(channel="C0DEPLOYS", ts=sent["ts"], text="z", blocks=[])
    assert "blocks" not in emptied["message"]


async def test_long_words_are_cut_when_posted_and_refused_when_updated(api: AsyncWebClient) -> None:
    sent = await api.chat_postMessage(channel="C0DEPLOYS", text="x" * 40_001)
    assert len(sent["message"]["text"]) == 40_000
    answer = await refusal(api, "chat.update", channel="C0DEPLOYS", ts=sent["ts"], text="x" * 4_001)
    assert answer["error"] == "msg_too_long"


async def test_only_its_own_messages_can_be_changed(api: AsyncWebClient, people: SlackClient) -> None:
    said = await people.say("alice", "deploys", "mine")
    for method, error in (("chat.update", "cant_update_message"), ("chat.delete", "cant_delete_message")):
        answer = await refusal(api, method, channel="C0DEPLOYS", ts=said["ts"], text="yours")
        assert answer["error"] == error
    assert (await people.messages("deploys", "alice"))[-1]["text"] == "mine"


async def test_a_whisper_cannot_be_found_again(api: AsyncWebClient, people: SlackClient) -> None:
    sent = await api.chat_postEphemeral(channel="C0DEPLOYS", user="U0ALICE", text="psst")
    answer = await refusal(api, "chat.update", channel="C0DEPLOYS", ts=sent["message_ts"], text="louder")
    assert answer["error"] == "message_not_found"
    assert (await api.conversations_history(channel="C0DEPLOYS"))["messages"] == []
    assert [each["text"] for each in await people.ephemerals("deploys", "alice")] == ["psst"]
    assert await people.messages("deploys", "bob") == []


async def test_threads_pins_reactions_and_files(api: AsyncWebClient, people: SlackClient) -> None:
    root = await api.chat_postMessage(channel="C0DEPLOYS", text="root")
    reply = await api.chat_postMessage(channel="C0DEPLOYS", text="reply", thread_ts=root["ts"])
    deeper = await api.chat_postMessage(channel="C0DEPLOYS", text="deeper", thread_ts=reply["ts"])
    assert deeper["message"]["thread_ts"] == root["ts"]
    thread = (await api.conversations_replies(channel="C0DEPLOYS", ts=root["ts"]))["messages"]
    assert [each["text"] for each in thread] == ["root", "reply", "deeper"]
    assert thread[0]["reply_count"] == 2
    await api.pins_add(channel="C0DEPLOYS", timestamp=root["ts"])
    again = await refusal(api, "pins.add", channel="C0DEPLOYS", timestamp=root["ts"])
    assert again["error"] == "already_pinned"
    await api.reactions_add(channel="C0DEPLOYS", timestamp=root["ts"], name="eyes")
    await api.files_upload_v2(channel="C0DEPLOYS", content="diff", filename="plan.txt", thread_ts=root["ts"])
    state = await people.state("alice")
    assert state["pins"]["C0DEPLOYS"] == [root["ts"]]
    shown = state["messages"]["C0DEPLOYS"]
    assert shown[0]["reactions"] == [{"name": "eyes", "users": ["U0ASSENTBOT"], "count": 1}]
    assert shown[-1]["files"][0]["size"] == 4


async def test_a_channel_of_its_own_can_be_led(api: AsyncWebClient, people: SlackClient) -> None:
    made = (await api.conversations_create(name="inc-1"))["channel"]
    await api.conversations_invite(channel=made["id"], users=["U0ALICE", "U0DAVE"])
    assert (await refusal(api, "conversations.invite", channel=made["id"], users="U0DAVE"))["error"] == (
        "already_in_channel"
    )
    renamed = (await api.conversations_rename(channel=made["id"], name="inc-1-checkout"))["channel"]
    assert (renamed["name"], renamed["previous_names"]) == ("inc-1-checkout", ["inc-1"])
    await api.conversations_setTopic(channel=made["id"], topic="checkout is slow")
    await api.conversations_archive(channel=made["id"])
    channel = next(each for each in (await people.state("alice"))["channels"] if each["id"] == made["id"])
    assert (channel["is_archived"], channel["topic"]) == (True, "checkout is slow")


async def test_posting_faster_than_slack_allows_is_429_with_the_seconds_to_wait() -> None:
    async with running(rate_limits=True) as slack:
        api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        posts = [api.chat_postMessage(channel="C0DEPLOYS", text="x") for _ in range(10)]
        with pytest.raises(SlackApiError) as caught:
            await asyncio.gather(*posts)
        assert caught.value.response.status_code == 429
        assert caught.value.response["error"] == "ratelimited"
        assert int(caught.value.response.headers["Retry-After"]) >= 1
        await api.chat_postMessage(channel="C0GENERAL", text="another channel has its own second")


async def test_ordered_faults_happen_as_often_as_ordered(slack: LocalSlack) -> None:
    api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url, retry_handlers=[])
    limited = {"method": "chat.postMessage", "status": 429, "retry_after": 7}
    async with aiohttp.ClientSession() as session:
        for fault in (limited, {"status": 503}, {"method": "auth.test", "error": "boom", "times": 2}):
            await session.post(f"{slack.url}/ui/fault", json=fault)
        with pytest.raises(SlackApiError) as caught:
            await api.chat_postMessage(channel="C0DEPLOYS", text="x")
        assert caught.value.response.headers["Retry-After"] == "7"
        broken = await session.get(f"{slack.api_url}auth.test")
        assert broken.status == 503
        assert [(await refusal(api, "auth.test"))["error"] for _ in range(2)] == ["boom", "boom"]
        assert (await api.auth_test())["user_id"] == "U0ASSENTBOT"
        calls = await (await session.get(f"{slack.url}/ui/requests")).json()
    assert [(each["method"], each["ok"], each.get("error")) for each in calls] == [
        ("chat.postMessage", False, "ratelimited"),
        ("auth.test", False, "http_503"),
        ("auth.test", False, "boom"),
        ("auth.test", False, "boom"),
        ("auth.test", True, None),
    ]
