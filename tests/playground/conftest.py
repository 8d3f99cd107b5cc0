"""A started local Slack, its people, and the app's own Web API client."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import SlackClient
from bot.playground.server import LocalSlack
from tests.playground.local import BOT_TOKEN, running


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running() as started:
        yield started


@pytest.fixture
async def people(slack: LocalSlack) -> AsyncIterator[SlackClient]:
    async with SlackClient(slack.url) as client:
        yield client


@pytest.fixture
def api(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
