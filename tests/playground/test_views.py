"""Modals and homes: a trigger opens one view once, hashes guard, stacks end at three."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from bot.playground.tickets import TRIGGER_SECONDS, SlackError, Tickets
from tests.playground.local import bolt, over_http


def modal(name: str = "one", **more: Any) -> dict[str, Any]:
    label = {"type": "plain_text", "text": name}
    return {"type": "modal", "callback_id": name, "title": label, "blocks": [{"type": "divider"}], **more}


class Triggers:
    """An app that hands out the trigger of every command typed."""

    def __init__(self, people: SlackClient) -> None:
        self.people, self.last = people, ""
        self.closed: list[dict[str, Any]] = []

    async def new(self) -> str:
        await self.people.command("alice", "deploys", "/assent")
        return self.last


@pytest.fixture
async def triggers(slack: LocalSlack, people: SlackClient) -> AsyncIterator[Triggers]:
    app, triggers = bolt(slack), Triggers(people)

    @app.command("/assent")
    async def command(ack: Any, body: Any) -> None:
        triggers.last = body["trigger_id"]
        await ack()

    @app.view("again")
    async def again(ack: Any) -> None:
        await ack(response_action="update", view=modal("updated"))

    @app.view("deeper")
    async def deeper(ack: Any) -> None:
        await ack(response_action="push", view=modal("pushed"))

    @app.view("all")
    async def everything(ack: Any) -> None:
        await ack(response_action="clear")

    @app.view("broken")
    async def broken(ack: Any) -> None:
        await ack(response_action="update", view={"type": "modal"})

    @app.view_closed("one")
    async def closed(ack: Any, body: Any) -> None:
        await ack()
        triggers.closed.append(body)

    async with over_http(slack, app):
        yield triggers


async def error(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_trigger_opens_one_view(api: AsyncWebClient, triggers: Triggers, people: SlackClient) -> None:
    trigger = await triggers.new()
    view = (await api.views_open(trigger_id=trigger, view=modal()))["view"]
    assert [each["id"] for each in await people.views("alice")] == [view["id"]]
    assert await error(api.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"


def test_a_trigger_lives_three_seconds() -> None:
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    in_time, late = tickets.trigger("U0ALICE"), tickets.trigger("U0ALICE")
    now[0] = TRIGGER_SECONDS
    assert tickets.exchange(in_time) == "U0ALICE"
    now[0] += 0.1
    with pytest.raises(SlackError, match="expired_trigger_id"):
        tickets.exchange(late)


async def test_a_view_is_updated_only_by_who_saw_it_last(api: AsyncWebClient, triggers: Triggers) -> None:
    view = (await api.views_open(trigger_id=await triggers.new(), view=modal(external_id="x-1")))["view"]
    newer = (await api.views_update(external_id="x-1", hash=view["hash"], view=modal("two")))["view"]
    assert (newer["id"], newer["callback_id"]) == (view["id"], "two")
    stale = api.views_update(view_id=view["id"], hash=view["hash"], view=modal("three"))
    assert await error(stale) == "hash_conflict"


async def test_a_stack_ends_at_three(api: AsyncWebClient, triggers: Triggers, people: SlackClient) -> None:
    root = (await api.views_open(trigger_id=await triggers.new(), view=modal()))["view"]
    for name in ("two", "three"):
        top = (await api.views_push(trigger_id=await triggers.new(), view=modal(name)))["view"]
    assert top["root_view_id"] == root["id"]
    assert await error(api.views_push(trigger_id=await triggers.new(), view=modal())) == "push_limit_reached"
    await people.close_view("alice", root)
    assert await people.views("alice") == []


async def test_a_refused_view_says_where(api: AsyncWebClient, triggers: Triggers) -> None:
    with pytest.raises(SlackApiError) as caught:
        await api.views_open(trigger_id=await triggers.new(), view={"type": "modal", "blocks": []})
    assert caught.value.response["error"] == "invalid_arguments"
    messages = caught.value.response["response_metadata"]["messages"]
    assert "[ERROR] missing required field: title [json-pointer:/view]" in messages


@pytest.mark.parametrize(
    ("name", "left"),
    [("again", ["updated"]), ("deeper", ["deeper", "pushed"]), ("all", []), ("broken", ["broken"])],
)
async def test_the_answer_to_a_form_moves_the_stack(
    api: AsyncWebClient, triggers: Triggers, people: SlackClient, name: str, left: list[str]
) -> None:
    await api.views_open(trigger_id=await triggers.new(), view=modal(name))
    answer = await people.submit("alice", (await people.views("alice"))[-1], {})
    assert answer["ok"] is (name != "broken")
    assert [each["callback_id"] for each in await people.views("alice")] == left


async def test_closing_is_told_when_asked_for(
    api: AsyncWebClient, triggers: Triggers, people: SlackClient
) -> None:
    view = (await api.views_open(trigger_id=await triggers.new(), view=modal(notify_on_close=True)))["view"]
    await people.close_view("alice", view)
    await people.until("alice", lambda state: state if triggers.closed else None)
    assert triggers.closed[0]["view"]["id"] == view["id"]


async def test_nobody_submits_the_view_of_another(
    api: AsyncWebClient, triggers: Triggers, people: SlackClient
) -> None:
    view = (await api.views_open(trigger_id=await triggers.new(), view=modal("all")))["view"]
    assert not (await people.submit("bob", view, {}))["ok"]
    assert len(await people.views("alice")) == 1


async def test_a_home_is_published_and_guarded(api: AsyncWebClient, people: SlackClient) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = await api.views_publish(user_id="U0ALICE", view=home)
    assert await error(api.views_publish(user_id="U0ALICE", view=home, hash="0.old")) == "hash_conflict"
    assert (await people.state("alice"))["home"]["id"] == first["view"]["id"]
    assert (await people.state("bob"))["home"] is None
