"""Private words to one person, by whatever way still reaches them."""

from __future__ import annotations

import logging

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.web_api import FAILURES, failure

log = logging.getLogger(__name__)


class SlackVoice:
    """In the channel where only they see it, else to the command's own address, else in a direct message."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client, self._session = client, session

    async def tell(
        self, *, channel: str, slack_user: str, text: str, response_url: str | None = None
    ) -> None:
        """Never raises for a deaf ear: what is said here is also on the card or in the audit."""
        text = text[:3500]
        if channel and await self._whispered(channel, slack_user, text):
            return
        if response_url and await self._answered(response_url, text):
            return
        await self._written(slack_user, text)

    async def _whispered(self, channel: str, slack_user: str, text: str) -> bool:
        try:
            await self._client.chat_postEphemeral(channel=channel, user=slack_user, text=text)
        except FAILURES as raised:
            log.info("could not whisper in %s: %s", channel, failure(raised).error)
            return False
        return True

    async def _answered(self, response_url: str, text: str) -> bool:
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self._session.post(response_url, json=body) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, ValueError) as raised:
            log.info("could not answer a command's address: %s", type(raised).__name__)
            return False

    async def _written(self, slack_user: str, text: str) -> None:
        try:
            opened = await self._client.conversations_open(users=[slack_user])
            await self._client.chat_postMessage(channel=opened["channel"]["id"], text=text)
        except FAILURES as raised:
            log.warning("could not reach %s at all: %s", slack_user, failure(raised).error)
