"""What a step says with `slack:messages:post`: in the thread of its request's card, in plain text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.ask.manifest import ConnectorCall
from bot.ask.reading import read_as
from bot.assess.connected import Connectors
from bot.connectors.thread_line import over_thread
from bot.execute.connectors import SLACK
from bot.execute.sandbox import Finished
from bot.execute.steps.connector import Thread, ready
from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from bot.slack.thread import ThreadPost
from bot.terms import Refused
from tests.playground.local import BOT_TOKEN, running

KEY = "0" * 32


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running() as started:
        yield started


async def say(api: AsyncWebClient, thread: Thread | None, text: str, **more: Any) -> Finished:
    import asyncio

    call = {"name": "slack", "verb": "messages:post", "with": {"text": text, **more}}
    calling = ready(
        read_as(ConnectorCall, call),
        lambda template: template,
        permitted=["slack:messages:post"],
        connectors=read_as(Connectors, {"connectors": {"slack": {"kind": "slack"}}}),
        key=KEY,
        timeout_s=5.0,
        output_limit=1 << 14,
        thread=thread,
    )

    async def no_secrets(name: str, source: Any) -> str:
        raise AssertionError("it has no credential of its own")

    carried = await over_thread(SLACK, ThreadPost(api))(calling, no_secrets)
    return await carried(asyncio.Event())


async def test_words_stand_in_the_thread_and_mention_nobody(slack: LocalSlack) -> None:
    api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    card = await api.chat_postMessage(channel="#deploys", text="The card")
    thread = Thread(str(card["channel"]), str(card["ts"]))
    finished = await say(api, thread, "Done <!channel> <@U0ALICE> & *bold* \u202e")
    assert finished.exit_code == 0, finished.stdout
    said = await api.conversations_replies(channel=thread.channel, ts=thread.ts, include_all_metadata=True)
    reply = said["messages"][-1]
    assert (reply["thread_ts"], reply["metadata"]["event_payload"]) == (thread.ts, {"operation": KEY})
    assert "<!channel>" not in reply["text"]
    assert "&lt;!channel&gt; &lt;@U0ALICE&gt; &amp; *bold*" in reply["text"]
    async with SlackClient(slack.url) as people:
        [message] = [one for one in await people.messages("#deploys", "alice") if one["ts"] == thread.ts]
    assert message["text"] == "The card"


async def test_nobody_chooses_another_place(slack: LocalSlack) -> None:
    api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    with pytest.raises(Refused, match="it takes no channel"):
        await say(api, Thread("C1", "1.0"), "x", channel="#general")
    with pytest.raises(Refused, match="this one has no card"):
        await say(api, None, "x")


async def test_what_slack_declines_did_not_happen_and_what_it_does_not_answer_is_unknown(
    slack: LocalSlack,
) -> None:
    api = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    finished = await say(api, Thread("C0NOWHERE", "1.0"), "x")
    assert (finished.exit_code, finished.cut) == (2, False)
    assert "Slack declined: channel_not_found" in finished.stdout
    away = AsyncWebClient(token=BOT_TOKEN, base_url="http://127.0.0.1:9/")
    finished = await say(away, Thread("C1", "1.0"), "x")
    assert (finished.exit_code, finished.cut) == (None, True)
