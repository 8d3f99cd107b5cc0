"""The streams are hints: one that is lost is made anew, and what is true is elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.store.connection import connect
from bot.store.store import Store
from bot.store.streams import Streams, WorkEntry
from bot.terms import RequestId


@pytest.fixture
async def streams(redis: Redis, redis_url: str) -> AsyncIterator[Streams]:
    reader = connect(redis_url, blocking=True)
    streams = Streams(Store(redis, "T0TEAM"), reader)
    await streams.open()
    yield streams
    await reader.aclose()


async def read(streams: Streams) -> WorkEntry:
    while (entry := await streams.work("w1", block_ms=50)) is None:
        pass
    return entry


async def test_a_deleted_stream_is_made_anew(streams: Streams) -> None:
    await streams.store.redis.delete(streams.keys.work)
    assert await streams.work("w1", block_ms=50) is None
    await streams.store.push_work("run", RequestId("r-1"))
    assert (await read(streams)).request == "r-1"


async def test_what_came_into_a_stream_made_by_a_writer_is_read(streams: Streams) -> None:
    """The first writer after a loss makes the stream, without any group."""
    await streams.store.redis.delete(streams.keys.work)
    await streams.store.push_work("plan", RequestId("r-2"))
    assert (await read(streams)).request == "r-2"


async def test_a_stream_deleted_under_a_waiting_reader_is_made_anew(streams: Streams) -> None:
    waiting = asyncio.create_task(streams.work("w1", block_ms=4000))
    while not (await streams.store.redis.info("clients"))["blocked_clients"]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # another connection's state sets no event
    await streams.store.redis.delete(streams.keys.work)
    assert await waiting is None
    await streams.store.push_work("run", RequestId("r-3"))
    assert (await read(streams)).request == "r-3"


async def test_what_is_queued_is_known_until_it_is_finished(streams: Streams) -> None:
    await streams.store.push_work("run", RequestId("r-4"))
    await streams.store.push_work("run", RequestId("r-5"))
    entry = await read(streams)
    assert await streams.store.queued() == {"r-4", "r-5"}
    await streams.work_done(entry.id)
    assert await streams.store.queued() == {"r-5"}
