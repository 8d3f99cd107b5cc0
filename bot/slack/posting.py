"""Putting one card where it belongs, and what to do when it has no place."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.flow.ports import Voice
from bot.flow.request import CardRef, Request
from bot.lifecycle import ENDED
from bot.slack.cards import Card
from bot.slack.ports import Flow
from bot.slack.web_api import failure
from bot.terms import Environment

log = logging.getLogger(__name__)


NO_PLACE = {
    "not_in_channel": "I am not in this channel. Invite me, then ask again.",
    "channel_not_found": "I cannot see this channel. Invite me, or ask in one where I am.",
    "is_archived": "this channel is archived. Ask in one that is open.",
    "restricted_action": "only some people may post in this channel. Ask in another one.",
    "msg_too_long": "it is too long for Slack. Ask for less at once.",
    "msg_blocks_too_long": "it is too long for Slack. Ask for less at once.",
    "invalid_blocks": "Slack does not accept what it would show.",
    "thread_not_found": "the thread is gone. Ask in the channel.",
    "ext_shared": "this channel is shared with another organisation, and production is not shown there.",
}
"""What Slack says when a card can have no place, in words for the person who asked."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class Lost(Exception):
    """There is no place for this card, and waiting will not make one."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error

    @property
    def words(self) -> str:
        return NO_PLACE.get(self.error, f"Slack says {self.error}.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card is or will be; `bucket` is what Slack counts its calls by."""

    channel: str
    ts: str | None

    @classmethod
    def of(cls, request: Request, card: CardRef | None) -> Place:
        return cls(card.channel, card.ts) if card else cls(request.place.channel, None)

    @property
    def bucket(self) -> str:
        return "update" if self.ts else f"post {self.channel}"


class Posting:
    def __init__(self, client: AsyncWebClient, flow: Flow, voice: Voice) -> None:
        self._client, self._flow, self._voice = client, flow, voice

    async def put(self, request: Request, card: Card, where: CardRef | None, *, again: bool) -> CardRef:
        """Post or update; a card that somebody deleted is posted anew. Raises Lost, or one of FAILURES.

        `again`: an earlier try may have been heard without our hearing so; then look before posting twice.
        """
        if where is None and again:
            where = await self._find(request)
        try:
            if where is not None:
                return await self._update(card, where)
            return await self._post(request, card)
        except SlackApiError as raised:
            error = failure(raised).error
            if where is not None and error in GONE:
                return await self._post(request, card)
            if error in NO_PLACE:
                raise Lost(error) from raised
            raise

    async def lost(self, request: Request, lost: Lost) -> None:
        """Nothing waits for an approval nobody can see; how something ended is said one way or another."""
        log.warning("the card of %s has no place: %s", request.id, lost.error)
        if request.state not in ENDED:
            await self._flow.unpostable(request.id, lost.words)
        elif request.outcome and request.card:
            await self._voice.tell(
                channel=request.place.channel,
                slack_user=request.asked_by,
                text=f"{request.id}: {request.outcome.sentence}",
                response_url=request.place.response_url,
            )

    async def _post(self, request: Request, card: Card) -> CardRef:
        place = request.place
        if request.invocation.environment is Environment.PRODUCTION:
            await self._kept_inside(place.channel)
        sent = await self._client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread_ts,
            text=card.text,
            blocks=card.blocks,
            metadata=card.metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        return CardRef(channel=str(sent["channel"]), ts=str(sent["ts"]))

    async def _update(self, card: Card, where: CardRef) -> CardRef:
        await self._client.chat_update(
            channel=where.channel, ts=where.ts, text=card.text, blocks=card.blocks, metadata=card.metadata
        )
        return where

    async def _kept_inside(self, channel: str) -> None:
        """Production detail is not for other organisations."""
        answer = await self._client.conversations_info(channel=channel)
        found: dict[str, Any] = answer.get("channel") or {}
        if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
            raise Lost("ext_shared")

    async def _find(self, request: Request) -> CardRef | None:
        """The card among the channel's latest messages, by its metadata; None too when we may not look."""
        try:
            return await self._among(request)
        except SlackApiError as raised:
            if failure(raised).later:
                raise
            return None

    async def _among(self, request: Request) -> CardRef | None:
        place = request.place
        if place.thread_ts:
            answer = await self._client.conversations_replies(
                channel=place.channel, ts=place.thread_ts, limit=100, include_all_metadata=True
            )
        else:
            answer = await self._client.conversations_history(
                channel=place.channel, limit=100, include_all_metadata=True
            )
        for message in answer.get("messages") or []:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("request_id") == request.id and message.get("bot_id"):
                return CardRef(channel=place.channel, ts=str(message["ts"]))
        return None
