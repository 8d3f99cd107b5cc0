"""What a step says in the thread of its request's card."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.execute.connectors.connector import Unanswerable
from bot.execute.steps.connector import Thread
from bot.slack import web_api
from bot.slack.escape import cut

LONGEST = 3800
"""Slack cuts a message's text at 4,000 characters."""


class ThreadPost:
    """Slack has no keys for posts: one whose answer was lost may have been made."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def __call__(self, thread: Thread, words: str, key: str) -> str:
        """When it was posted. What is not plain in the words is shown as it is, and mentions nobody.

        Raises Unanswerable when Slack declined; what nobody can know comes as Slack's client raises it.
        """
        try:
            said = await self._client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.ts,
                text=cut(words, LONGEST).text,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": "assent_step", "event_payload": {"operation": key}},
            )
        except web_api.FAILURES as raised:
            why = web_api.failure(raised)
            if why.happened is None:
                raise TimeoutError(f"Slack: {why.error}") from None
            raise Unanswerable(f"Slack declined: {why.error}.") from None
        return str(said["ts"])
