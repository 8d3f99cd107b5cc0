"""What reaches the app and how: signed, in time, again after a failure, and visibly not at all."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import SECRET, Door, open_door, running


@asynccontextmanager
async def quick(**changes: object) -> AsyncIterator[tuple[LocalSlack, SlackClient]]:
    """A local Slack that retries at once."""
    given = {"retry_delays": (0.0, 0.0, 0.0), **changes}
    async with running(**given) as slack, SlackClient(slack.url) as people:
        yield slack, people


async def notices(people: SlackClient, count: int) -> list[str]:
    state = await people.until("alice", lambda state: state if len(state["log"]) >= count else None)
    return [each["text"] for each in state["log"]]


async def test_what_reaches_the_app_is_signed_by_slack(slack: LocalSlack, people: SlackClient) -> None:
    async with open_door(slack, Door()) as door:
        await people.command("alice", "deploys", "/assent deploy <checkout> & more")
        await people.say("alice", "@app", "hello")
        await door.until(2)
    for headers, body in door.came:
        assert SignatureVerifier(SECRET).is_valid_request(body, headers)
        assert "X-Slack-Retry-Num" not in headers
    command = {name: each[0] for name, each in parse_qs(door.came[0][1]).items()}
    assert command["text"] == "deploy <checkout> & more"
    assert (command["user_id"], command["channel_name"]) == ("U0ALICE", "deploys")


async def test_an_event_that_fails_comes_again_three_times_and_says_so() -> None:
    async with quick() as (slack, people), open_door(slack, Door(statuses=[500, 404, 500, 500])) as door:
        await people.say("alice", "@app", "hello")
        await door.until(4)
        told = await notices(people, 4)
    retries = [
        (headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason")) for headers, _ in door.came
    ]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({json.loads(body)["event_id"] for _, body in door.came}) == 1
    assert told[-1] == "The app missed the event message: the app answered with HTTP 500."


async def test_an_event_taken_late_comes_again_with_the_reason() -> None:
    async with quick(deadline_s=0.1) as (slack, people), open_door(slack, Door(delay_s=0.5)) as door:
        await people.say("alice", "@app", "hello")
        await door.until(2)
        assert door.came[1][0]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_an_app_may_ask_for_no_retry() -> None:
    door = Door(statuses=[500], headers={"X-Slack-No-Retry": "1"})
    async with quick() as (slack, people), open_door(slack, door):
        await people.say("alice", "@app", "hello")
        assert await notices(people, 1) == [
            "The app missed the event message: the app answered with HTTP 500."
        ]
    assert len(door.came) == 1


@pytest.mark.parametrize(
    ("door", "why"),
    [
        (Door(statuses=[404]), "the app answered with HTTP 404"),
        (Door(statuses=[500]), "the app answered with HTTP 500"),
        (Door(body='{"blocks": [{"type": "sparkles"}]}'), "its answer was refused (invalid_blocks"),
    ],
)
async def test_a_command_that_fails_is_said_to_the_person(door: Door, why: str) -> None:
    async with quick() as (slack, people), open_door(slack, door):
        assert not (await people.command("alice", "deploys", "/assent help"))["acknowledged"]
        assert (await notices(people, 1))[-1].startswith(f"/assent failed because {why}")
    assert len(door.came) == 1, "a command is never delivered twice"


async def test_a_command_acknowledged_late_is_said_to_the_person() -> None:
    async with quick(deadline_s=0.1) as (slack, people), open_door(slack, Door(delay_s=1)):
        assert not (await people.command("alice", "deploys", "/assent help"))["acknowledged"]
        assert await notices(people, 1) == ["/assent failed because the app did not respond."]


async def test_an_app_that_is_down_is_said_to_the_person() -> None:
    async with quick() as (_, people):
        assert not (await people.command("alice", "deploys", "/assent help"))["acknowledged"]
        assert await notices(people, 1) == ["/assent failed because the app is not running."]
        assert not (await people.state("alice"))["app"]["connected"]


async def test_an_answer_in_the_channel_is_for_everybody(slack: LocalSlack, people: SlackClient) -> None:
    async with open_door(slack, Door(body='{"response_type": "in_channel", "text": "Hello all"}')):
        await people.command("alice", "deploys", "/assent help")
    assert [each["text"] for each in await people.messages("deploys", "bob")] == ["Hello all"]


async def test_the_app_hears_only_what_it_subscribed_to_and_may_read(
    slack: LocalSlack, people: SlackClient
) -> None:
    async with open_door(slack, Door()) as door:
        await people.say("alice", "random", "@assent are you there")
        await people.post("channel", "alice", name="hidden", is_private=True)
        await people.post("channel", "alice", name="inc-7")
        await people.post("rename", "alice", channel="C0DEPLOYS", name="shipping")
        await people.say("alice", "C0DEPLOYS", "hello @assent")
        await door.until(4)
    assert sorted(each["type"] for each in door.events()) == [
        "app_mention",
        "channel_created",
        "channel_rename",
        "message",
    ]


async def test_a_stranger_is_shown_as_one(slack: LocalSlack, people: SlackClient) -> None:
    async with open_door(slack, Door()) as door:
        await people.say("sam", "partners", "@assent deploy")
        await door.until(2)
    body = json.loads(door.came[0][1])
    assert body["is_ext_shared_channel"]
    assert body["event"]["user_team"] == "T0GLOBEX" != body["team_id"]
