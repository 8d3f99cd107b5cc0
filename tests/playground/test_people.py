"""What people may see and do, and what their browser hears."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import NotShown, SlackClient
from bot.playground.commands import translated
from bot.playground.server import LocalSlack
from tests.playground.local import BOT_TOKEN, manifest, running


async def names(people: SlackClient, user: str) -> set[str]:
    return {each["name"] for each in (await people.state(user))["channels"] if not each["is_im"]}


async def test_people_see_the_channels_slack_would_show_them(people: SlackClient) -> None:
    everything = {"deploys", "general", "random", "incidents-archive", "partners"}
    assert await names(people, "alice") == everything
    assert await names(people, "gus") == {"deploys"}
    assert await names(people, "sam") == {"partners"}
    secret = await people.post("channel", "bob", name="secret", is_private=True)
    assert await names(people, "alice") == everything
    await people.post("invite", "bob", channel=secret["channel"]["id"], user="U0ALICE")
    assert await names(people, "alice") == everything | {"secret"}


@pytest.mark.parametrize(
    ("user", "path", "given", "why"),
    [
        ("dan", "send", {"channel": "C0DEPLOYS", "text": "x"}, "Dan Dubois's account is deactivated."),
        ("nobody", "send", {"channel": "C0DEPLOYS", "text": "x"}, "There is no such person."),
        ("assentbot", "send", {"channel": "C0DEPLOYS", "text": "x"}, "The app speaks for itself."),
        ("alice", "send", {"channel": "C0ARCHIVE", "text": "x"}, "#incidents-archive is archived."),
        ("sam", "send", {"channel": "C0DEPLOYS", "text": "x"}, "There is no such channel."),
        ("rita", "send", {"channel": "C0RANDOM", "text": "x"}, "Join #random first."),
        ("alice", "send", {"channel": "C0DEPLOYS", "text": " "}, "Write something first."),
        (
            "alice",
            "rename",
            {"channel": "C0DEPLOYS", "name": "random"},
            "There is already a channel #random.",
        ),
        ("rita", "join", {"channel": "C0ARCHIVE"}, "#incidents-archive is archived."),
        ("gus", "channel", {"name": "mine"}, "Guests cannot create channels."),
        ("alice", "view/close", {"view_id": "V0"}, "That view is not open."),
    ],
)
async def test_what_slack_would_not_let_them_do(
    people: SlackClient, user: str, path: str, given: dict[str, Any], why: str
) -> None:
    assert await people.post(path, user, **given) == {"ok": False, "error": why}


async def test_commands_do_not_work_in_threads_nor_for_strangers(people: SlackClient) -> None:
    said = await people.say("alice", "deploys", "root")
    answer = await people.say("alice", "deploys", "/assent help", thread_ts=said["ts"])
    assert answer["error"] == "/assent is not supported in threads. Sorry!"
    assert not (await people.command("sam", "partners", "/assent help"))["acknowledged"]
    assert (await people.state("sam"))["log"][-1]["text"] == "/assent is not a valid command."


@pytest.mark.parametrize(
    ("typed", "passed_on"),
    [
        ("hi @bob and @sre", "hi <@U0BOB> and <!subteam^S0SRE>"),
        ("@assent a < b && c > d", "<@U0ASSENTBOT> a &lt; b &amp;&amp; c &gt; d"),
        ("<@U0BOB> in #deploys", "<@U0BOB> in <#C0DEPLOYS|deploys>"),
        ("see https://x.example/a?b=1&c=2 now", "see <https://x.example/a?b=1&amp;c=2> now"),
        ("<!channel> is only text, @channel is not", "&lt;!channel&gt; is only text, <!channel> is not"),
        ("mail a@bob and @nobody", "mail a@bob and @nobody"),
    ],
)
def test_what_is_typed_is_passed_on_as_slack_does(slack: LocalSlack, typed: str, passed_on: str) -> None:
    assert translated(typed, slack.workspace) == passed_on


async def until_deleted(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    """What a browser hears of messages, up to a deletion."""
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["type"] != "message_deleted":
        said = await socket.receive_json()
        heard += [said] if "message" in said else []
    return heard


async def test_the_browser_hears_what_its_person_may_see(slack: LocalSlack, people: SlackClient) -> None:
    api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{slack.url}/ui/live?as=U0ALICE") as alice,
        session.ws_connect(f"{slack.url}/ui/live?as=U0GUS") as gus,
    ):
        await api.chat_postEphemeral(channel="C0DEPLOYS", user="U0ALICE", text="psst")
        await people.say("bob", "random", "not for guests")
        sent = await api.chat_postMessage(channel="C0DEPLOYS", text="for all")
        await api.chat_update(channel="C0DEPLOYS", ts=sent["ts"], text="changed")
        await api.chat_delete(channel="C0DEPLOYS", ts=sent["ts"])
        heard = await until_deleted(alice)
        seen = await until_deleted(gus)
    assert [each["type"] for each in heard] == [
        "ephemeral",
        "message",
        "message",
        "message_changed",
        "message_deleted",
    ]
    assert [each["message"]["text"] for each in seen] == ["for all", "changed", "changed"]


async def test_the_page_answers_only_this_machines_own_pages(slack: LocalSlack) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            answer = await session.get(f"{slack.url}/ui/state?as=U0ALICE", headers=headers)
            assert answer.status == 403
        outside = await session.get(f"{slack.url}/page/..%2fserver.py")
        assert outside.status == 404
    with pytest.raises(ValueError, match="this machine only"):
        LocalSlack(manifest={}, signing_secret="s", bot_token="t", host="0.0.0.0")  # noqa: S104


async def test_direct_messages_need_the_messages_tab() -> None:
    silent = manifest()
    silent["features"]["app_home"]["messages_tab_enabled"] = False
    async with running(manifest=silent) as slack, SlackClient(slack.url) as people:
        answer = await people.say("alice", "@app", "hello")
    assert answer["error"] == "Sending messages to this app has been turned off."


async def test_what_was_said_is_still_there_after_a_restart(tmp_path: Path) -> None:
    kept = tmp_path / "slack.json"
    async with running(state_path=kept) as slack, SlackClient(slack.url) as people:
        api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        await people.post("channel", "alice", name="inc-1")
        before = await people.say("alice", "deploys", "remember me")
        await api.chat_postEphemeral(channel="C0DEPLOYS", user="U0ALICE", text="psst")
        await api.views_publish(user_id="U0ALICE", view={"type": "home", "blocks": [{"type": "divider"}]})
    async with running(state_path=kept) as slack, SlackClient(slack.url) as people:
        assert [each["text"] for each in await people.messages("deploys", "alice")] == ["remember me"]
        assert "inc-1" in await names(people, "bob")
        assert (await people.state("alice"))["home"]["type"] == "home"
        after = await people.say("alice", "deploys", "and me")
    assert float(after["ts"]) > float(before["ts"])


async def test_waiting_in_vain_says_what_was_there(people: SlackClient) -> None:
    await people.say("alice", "deploys", "something else")
    with pytest.raises(NotShown, match="something else"):
        await people.wait_for("alice", "deploys", lambda each: each["text"] == "a card", timeout=0.1)


async def test_what_was_read_is_no_longer_unread(people: SlackClient) -> None:
    async def unread(user: str) -> int:
        channels = (await people.state(user))["channels"]
        return next(int(each["unread"]) for each in channels if each["id"] == "C0DEPLOYS")

    await people.say("alice", "deploys", "one")
    await people.say("alice", "deploys", "two")
    assert (await unread("alice"), await unread("bob")) == (0, 2)
    await people.post("read", "bob", channel="C0DEPLOYS")
    await people.say("alice", "deploys", "three")
    assert await unread("bob") == 1
