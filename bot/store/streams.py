"""Streams that say there is something to do. Each is a hint, but for notices: only they hold their words."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pydantic import JsonValue, ValidationError
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.flow.commit import Work
from bot.flow.notice import Notice
from bot.flow.ports import InboxKind
from bot.store.attempt import attempt
from bot.store.store import SEEN_FOR_MS, Store
from bot.terms import RequestId

log = logging.getLogger(__name__)

GROUP = "assent"
LEFT_BEHIND_MS = 10_000
"""An entry that its reader has not finished for so long is handed to another."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    id: str
    kind: InboxKind
    item: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    id: str
    request: RequestId


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    id: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class WorkEntry:
    id: str
    kind: Work
    request: RequestId


class Streams:
    """Reading and finishing entries. `reader` is a client of its own: its reads block as long as asked."""

    def __init__(self, store: Store, reader: Redis) -> None:
        self.store = store
        self.reader = reader
        self.keys = store.keys

    async def open(self) -> None:
        """Make the consumer groups, once for all processes."""
        for stream in (self.keys.inbox, self.keys.outbox, self.keys.work, self.keys.notices):
            try:
                await attempt(partial(self.store.redis.xgroup_create, stream, GROUP, "0", mkstream=True))
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def put_inbox(self, kind: InboxKind, item: dict[str, JsonValue], *, identity: str) -> bool:
        """Keep what Slack said before Slack is answered; False when it was said before."""
        keys = [self.keys.inbox, self.keys.seen(f"{kind}:{identity}")]
        return bool(await self.store._run("inbox", keys, [kind, json.dumps(item), SEEN_FOR_MS]))

    async def inbox(self, consumer: str, *, block_ms: int) -> list[InboxEntry]:
        found = await self._read(self.keys.inbox, consumer, block_ms)
        return [InboxEntry(i, cast(InboxKind, f["kind"]), json.loads(f["item"])) for i, f in found]

    async def outbox(self, consumer: str, *, block_ms: int) -> list[OutboxEntry]:
        found = await self._read(self.keys.outbox, consumer, block_ms)
        return [OutboxEntry(i, RequestId(f["request"])) for i, f in found]

    async def notices(self, consumer: str, *, block_ms: int) -> list[NoticeEntry]:
        found = await self._read(self.keys.notices, consumer, block_ms)
        return [entry for i, f in found if (entry := _notice(i, f["notice"]))]

    async def notices_done(self, ids: Sequence[str]) -> None:
        await self.finish(self.keys.notices, ids)

    async def work(self, consumer: str, *, block_ms: int) -> WorkEntry | None:
        """One item at a time: what another worker could do now must not wait behind this one's."""
        found = await self._read(self.keys.work, consumer, block_ms, count=1)
        if not found:
            return None
        entry, fields = found[0]
        return WorkEntry(entry, cast(Work, fields["kind"]), RequestId(fields["request"]))

    async def finish(self, stream: str, ids: Sequence[str]) -> None:
        """Done with: acknowledged and forgotten, since the truth is elsewhere."""
        if not ids:
            return

        async def both() -> list[Any]:
            async with self.store.redis.pipeline(transaction=True) as pipe:
                pipe.xack(stream, GROUP, *ids)
                pipe.xdel(stream, *ids)
                return await pipe.execute()

        await attempt(both)

    async def inbox_done(self, entry: str) -> None:
        await self.finish(self.keys.inbox, [entry])

    async def outbox_done(self, ids: Sequence[str]) -> None:
        await self.finish(self.keys.outbox, ids)

    async def work_done(self, entry: str) -> None:
        await self.finish(self.keys.work, [entry])

    async def _read(
        self, stream: str, consumer: str, block_ms: int, *, count: int = 64
    ) -> list[tuple[str, dict[str, str]]]:
        try:
            left = await attempt(
                lambda: self.store.redis.xautoclaim(stream, GROUP, consumer, LEFT_BEHIND_MS, count=count)
            )
            if found := [(entry, fields) for entry, fields in left[1] if fields]:
                return found
            answer = await attempt(
                lambda: self.reader.xreadgroup(GROUP, consumer, {stream: ">"}, count=count, block=block_ms)
            )
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                raise
            await self.open()  # a stream is only hints: one that was lost is made anew
            return []
        return [(entry, fields) for _, entries in _streams(answer) for entry, fields in entries]


def _notice(entry: str, text: str) -> NoticeEntry | None:
    """None for what another version wrote and this one cannot read: it is left to that one."""
    try:
        return NoticeEntry(entry, Notice.model_validate_json(text))
    except ValidationError as unreadable:
        log.error("a notice cannot be read: %s", unreadable)
        return None


def _streams(answer: Any) -> list[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """RESP2 says lists, RESP3 a mapping whose values are wrapped once more."""
    if isinstance(answer, dict):
        return [(name, batches[0] if batches else []) for name, batches in answer.items()]
    return answer or []
