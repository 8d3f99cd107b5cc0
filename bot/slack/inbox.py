"""Works off what Slack was told we heard: whoever reads it first does it, and after a crash the next does."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import cast

from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize.click import Click
from bot.authorize.people import Undetermined
from bot.flow.ports import StoreAway, Voice
from bot.slack.afterwards import Afterwards
from bot.slack.fatigue import Fatigue
from bot.slack.modals.notice import notice
from bot.slack.ports import Flow, Inbox, InboxEntry, Records
from bot.slack.precedence import Precedence
from bot.slack.spoken import Spoken
from bot.slack.web_api import FAILURES, failure
from bot.terms import RequestId

log = logging.getLogger(__name__)

READ_MS, AT_ONCE, TRIES = 2000, 32, 5


class Desk:
    """Reads entries and handles each to its end; an entry is finished only when it was handled.

    What cannot be handled now (the store or Slack away) stays and comes again after the store's own delay.
    What fails again and again is a bug: it is logged, the person is told, and it is out of the way.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        flow: Flow,
        voice: Voice,
        spoken: Spoken,
        client: AsyncWebClient,
        name: str,
        records: Records,
        fatigue: Fatigue,
        precedence: Precedence | None = None,
    ) -> None:
        self._records, self._fatigue = records, fatigue
        self._inbox, self._flow, self._voice, self._spoken = inbox, flow, voice, spoken
        self._client, self._name = client, name
        self._precedence = precedence or Precedence()
        self._work = Afterwards()
        self._under_way: set[str] = set()
        self._failed: dict[str, int] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def read(self) -> None:
        """Until cancelled."""
        while True:
            try:
                entries = await self._inbox.inbox(self._name, block_ms=READ_MS)
            except StoreAway as away:
                log.warning("%s", away)
                await asyncio.sleep(1)
                continue
            for entry in entries:
                if entry.id in self._under_way:
                    continue
                await self._room.acquire()
                self._under_way.add(entry.id)
                self._work.start(self._handled(entry), failed=partial(self._broke, entry))

    async def close(self, within_s: float = 3.0) -> None:
        await self._work.close(within_s)

    async def _handled(self, entry: InboxEntry) -> None:
        try:
            await self._precedence.give_way()
            if self._failed.get(entry.id, 0) >= TRIES:
                await self._given_up(entry)
            else:
                await self._handle(entry)
            await self._inbox.inbox_done(entry.id)
            self._failed.pop(entry.id, None)
        except (StoreAway, Undetermined) as later:
            log.warning("%s must wait: %s", entry.kind, later)
        finally:
            self._under_way.discard(entry.id)
            self._room.release()

    async def _handle(self, entry: InboxEntry) -> None:
        match entry.kind:
            case "admit":
                await self._flow.admit(RequestId(str(entry.item["request"])))
            case "click":
                await self._click(entry)
            case "message":
                await self._spoken.heard(entry.item)

    async def _click(self, entry: InboxEntry) -> None:
        click = Click.model_validate(entry.item["click"])
        answered = await self._flow.answer(click)
        if view := cast(str | None, entry.item.get("view")):
            await self._in_modal(view, answered.text, counted=answered.counted)
        await self._say(entry, click, answered.text)
        with suppress(StoreAway):  # it is answered: measuring it is no reason to do so again
            self._fatigue.seen(click, answered, await self._records.get(click.request))

    async def _in_modal(self, view: str, text: str, *, counted: bool) -> None:
        try:
            await self._client.views_update(
                view_id=view, view=notice("Counted" if counted else "Not counted", text)
            )
        except FAILURES as raised:
            log.info("the modal is gone: %s", failure(raised).error)

    async def _say(self, entry: InboxEntry, click: Click, text: str) -> None:
        url = cast(str | None, entry.item.get("response_url"))
        await self._voice.tell(
            channel=click.channel, slack_user=click.slack_user, text=text, response_url=url
        )

    def _broke(self, entry: InboxEntry, error: BaseException) -> None:
        self._failed[entry.id] = self._failed.get(entry.id, 0) + 1
        log.error("handling a kept %s failed", entry.kind, exc_info=error)

    async def _given_up(self, entry: InboxEntry) -> None:
        if entry.kind == "click":
            click = Click.model_validate(entry.item["click"])
            words = f"Something went wrong, I have noted it ({click.request}). Your answer was not counted."
            await self._say(entry, click, words)
