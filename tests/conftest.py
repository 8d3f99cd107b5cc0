"""A real Redis for every test that asks for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from bot.store.connection import connect
from bot.store.embedded import EmbeddedRedis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded server for the whole run; it ends with it, however it ends."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client on an empty database. A test that leaves a connection of its own open fails."""
    async with connect(redis_url) as probe:
        await probe.flushall()
        before = await _others(probe)
        client = connect(redis_url)
        try:
            yield client
        finally:
            await client.aclose()
        for _ in range(100):  # the server takes a moment to notice a closed connection
            if not (leaked := await _others(probe) - before):
                break
            await asyncio.sleep(0.02)
        assert not leaked, f"the test left {len(leaked)} connections to Redis open"


async def _others(probe: Redis) -> set[str]:
    """Every connection to the server but the asker's."""
    own = str(await probe.client_id())
    return {str(line["id"]) for line in await probe.client_list()} - {own}
