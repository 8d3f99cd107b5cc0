"""Who must hear of a request besides its card: in its thread, and what cannot wait also to each directly."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize.people import Undetermined
from bot.authorize.seating import groups_of
from bot.flow.notice import Kind, Notice
from bot.flow.ports import StoreAway
from bot.flow.request import Request
from bot.lifecycle import ENDED, State
from bot.slack.afterwards import Afterwards
from bot.slack.escape import words
from bot.slack.patience import TRIES, Later, Never, Patience
from bot.slack.ports import NoticeEntry, Notices, Outputs, Reaches, Records, Telling
from bot.slack.precedence import Precedence
from bot.slack.sharing import Sharing
from bot.terms import Principal

log = logging.getLogger(__name__)

READ_MS = 2000
HOLD_MS = 9000
"""Held anew before every call; shorter than an entry is left alone, so that a crash costs one wait."""
MENTIONED = 20
THREAD = "thread"

_LEADS: dict[Kind, str] = {
    "remind": "⏳",
    "added": "➕",
    "page": "📟",
    "glass": "🚨",
    "review": "🔎",
    "reassessed": "⚖️",
    "output": "📄",
    "question": "💬",
}
_DIRECT = frozenset({"page", "glass", "review"})
_ASKING = frozenset({"remind", "added", "page"})


class Bell:
    """Reads notices and says each at least once; one is finished only when everybody in it was told.

    How far it came is kept, so that after a crash the next process says what is left and nothing twice but
    what was said in the very moment of the crash.
    """

    def __init__(
        self,
        *,
        notices: Notices,
        telling: Telling,
        records: Records,
        people: Reaches,
        client: AsyncWebClient,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        precedence: Precedence | None = None,
        outputs: Outputs,
    ) -> None:
        self._notices, self._telling, self._records, self._people = notices, telling, records, people
        self._client, self._name = client, name
        self._precedence = precedence or Precedence()
        self._work = Afterwards()
        self._under_way: set[str] = set()
        self._failed: dict[str, int] = {}
        self._patiently = Patience(clock)
        self._sharing = Sharing(client=client, outputs=outputs, telling=telling, patiently=self._patiently)

    async def ring(self) -> None:
        """Until cancelled."""
        while True:
            try:
                entries = await self._notices.notices(self._name, block_ms=READ_MS)
            except StoreAway as away:
                log.warning("%s", away)
                await asyncio.sleep(1)
                continue
            for entry in entries:
                if entry.id not in self._under_way and not self._patiently.quiet:
                    self._under_way.add(entry.id)
                    self._work.start(self._handled(entry), failed=partial(self._broke, entry))

    async def close(self, within_s: float = 3.0) -> None:
        await self._work.close(within_s)

    async def _handled(self, entry: NoticeEntry) -> None:
        try:
            await self._precedence.give_way()
            if not await self._telling.telling(entry.id, holder=self._name, ms=HOLD_MS):
                return
            try:
                if self._failed.get(entry.id, 0) < TRIES:
                    await self._say(entry.id, entry.notice)
                await self._notices.notices_done([entry.id])
                self._failed.pop(entry.id, None)
            finally:
                await self._telling.telling_free(entry.id, self._name)
        except (Later, StoreAway, Undetermined) as later:
            log.warning("a notice about %s must wait: %s", entry.notice.request, later)
        finally:
            self._under_way.discard(entry.id)

    def _broke(self, entry: NoticeEntry, error: BaseException) -> None:
        self._failed[entry.id] = self._failed.get(entry.id, 0) + 1
        log.error("saying a notice about %s failed", entry.notice.request, exc_info=error)

    async def _say(self, entry: str, notice: Notice) -> None:
        request = await self._records.get(notice.request)
        if request is None or not still(request, notice):
            return
        if request.card is None and request.state not in ENDED:
            raise Later("its card is not there yet")
        if notice.kind == "output":
            hold = partial(self._telling.telling, entry, holder=self._name, ms=HOLD_MS)
            await self._sharing.share(entry, request, notice, hold=hold)
            return
        people = await self._people_of(request, notice)
        heard = await self._telling.heard(entry)
        everywhere = notice.kind in _DIRECT
        if THREAD not in heard:
            try:
                nobody = "" if people else " I could not find anybody to tell."
                await self._in_thread(request, written(notice, list(people.values())) + nobody)
            except Never as never:
                log.warning("the thread of %s cannot be written to: %s", request.id, never)
                everywhere = True
            else:
                await self._telling.hears(entry, THREAD)
        if everywhere:
            left = [account for account in people.values() if account not in heard]
            await self._directly(entry, request, notice, left)

    async def _people_of(self, request: Request, notice: Notice) -> dict[Principal, str]:
        """Who is told, with their accounts. Who asked for the run neither approves nor reviews it."""
        people = set(notice.people)
        for group in notice.groups:
            people |= await self._people.members(group)
        asks = request.question[1].exclude if request.question is not None else ()
        if notice.kind in _ASKING | {"review"} or (notice.kind == "question" and "requester" in asks):
            people.discard(request.requester or Principal(""))
        among = {*notice.groups, *(groups_of(request.asked) if request.asked else ())}
        return dict(await self._people.told(people, among=sorted(among)))

    async def _in_thread(self, request: Request, text: str) -> None:
        if request.card is None:
            raise Never("there is no card")
        await self._patiently(
            self._client.chat_postMessage,
            channel=request.card.channel,
            thread_ts=request.place.thread_ts or request.card.ts,
            text=text,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _directly(self, entry: str, request: Request, notice: Notice, accounts: Sequence[str]) -> None:
        link = await self._link(request) if accounts else ""
        for account in accounts:
            if not await self._telling.telling(entry, holder=self._name, ms=HOLD_MS):
                raise Later("another process says the rest")
            try:
                opened = await self._patiently(self._client.conversations_open, users=[account])
                channel = opened["channel"]["id"]
                text = written(notice, []) + link
                await self._patiently(self._client.chat_postMessage, channel=channel, text=text)
            except Never as never:
                log.warning("%s cannot be told about %s: %s", account, request.id, never)
            await self._telling.hears(entry, account)

    async def _link(self, request: Request) -> str:
        if request.card is None:
            return ""
        try:
            found = await self._patiently(
                self._client.chat_getPermalink, channel=request.card.channel, message_ts=request.card.ts
            )
        except Never:
            return ""
        return f"\n<{found['permalink']}|Its card>"


def still(request: Request, notice: Notice) -> bool:
    """Whether it is still true: nobody is asked for what has been answered meanwhile."""
    if notice.kind in _ASKING:
        return request.state is State.WAITING
    if notice.kind == "question":
        return request.question is not None
    if notice.kind == "review":
        return request.review is None or request.review.closed_by is None
    return True


def written(notice: Notice, accounts: Sequence[str]) -> str:
    """The words, with everybody who is told mentioned, or the first of them and how many more there are."""
    who = " ".join(f"<@{account}>" for account in accounts[:MENTIONED])
    more = f" and {len(accounts) - MENTIONED} more" if len(accounts) > MENTIONED else ""
    return " ".join(part for part in (_LEADS[notice.kind], who + more, words(notice.text, 2500)) if part)
