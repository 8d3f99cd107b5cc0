"""Response URLs: five answers in thirty minutes, where the interaction was."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from bot.playground.tickets import RESPONSE_URL_SECONDS, SlackError, Tickets
from tests.playground.local import bolt, over_http

CARD = [
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
    }
]


@pytest.fixture
async def urls(slack: LocalSlack) -> AsyncIterator[list[str]]:
    """The response URLs an app was given, in order."""
    app, given = bolt(slack), list[str]()

    @app.command("/assent")
    async def command(ack: Any, body: Any) -> None:
        given.append(body["response_url"])
        await ack()

    @app.action("go")
    async def go(ack: Any, body: Any) -> None:
        given.append(body["response_url"])
        await ack()

    async with over_http(slack, app):
        yield given


async def test_a_command_is_answered_five_times(people: SlackClient, urls: list[str]) -> None:
    await people.command("alice", "random", "/assent")
    answer = AsyncWebhookClient(urls[0])
    for number in range(5):
        said = await answer.send(text=f"{number}", response_type="in_channel" if number == 4 else "ephemeral")
        assert (said.status_code, said.body) == (200, "ok")
    late = await answer.send(text="6")
    assert late.status_code == 404
    assert "used_url" in late.body
    assert [each["text"] for each in await people.messages("random", "alice")] == ["0", "1", "2", "3", "4"]
    assert [each["text"] for each in await people.messages("random", "bob")] == ["4"]


async def test_a_click_can_replace_or_remove_its_message(
    api: AsyncWebClient, people: SlackClient, urls: list[str]
) -> None:
    await api.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=CARD)
    card = (await people.messages("deploys", "bob"))[-1]
    await people.click("bob", card, "go")
    answer = AsyncWebhookClient(urls[0])
    await answer.send(text="replaced", replace_original=True)
    shown = (await people.messages("deploys", "bob"))[-1]
    assert (shown["ts"], shown["text"], shown.get("blocks")) == (card["ts"], "replaced", None)
    await answer.send(delete_original=True)
    assert await people.messages("deploys", "bob") == []


async def test_a_whisper_can_be_replaced_from_its_own_button(
    api: AsyncWebClient, people: SlackClient, urls: list[str]
) -> None:
    await api.chat_postEphemeral(channel="C0DEPLOYS", user="U0BOB", text="psst", blocks=CARD)
    await people.click("bob", (await people.ephemerals("deploys", "bob"))[-1], "go")
    await AsyncWebhookClient(urls[0]).send(text="done", replace_original=True)
    assert [each["text"] for each in await people.ephemerals("deploys", "bob")] == ["done"]


async def test_blocks_are_checked_here_too(people: SlackClient, urls: list[str]) -> None:
    await people.command("alice", "deploys", "/assent")
    answer = await AsyncWebhookClient(urls[0]).send(text="x", blocks=[{"type": "sparkles"}])
    assert answer.status_code == 400
    assert "invalid_blocks" in answer.body


def test_a_response_url_lives_half_an_hour() -> None:
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    path = tickets.response_url("commands", "U0ALICE", "C0DEPLOYS")
    now[0] = RESPONSE_URL_SECONDS
    assert tickets.use(path).user == "U0ALICE"
    now[0] += 1
    with pytest.raises(SlackError, match="expired_url"):
        tickets.use(path)
