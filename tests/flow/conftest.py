from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.store.connection import connect
from tests.flow.town import Town


@pytest.fixture
async def town(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    reader = connect(redis_url, blocking=True)
    town = Town(redis, reader, tmp_path)
    town.write()
    await town.streams.open()
    yield town
    await reader.aclose()
