"""A line to Redis sends each command once and never waits without end."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.store.connection import LONGEST_BLOCK_S, connect, shown


async def test_a_command_whose_answer_is_lost_is_not_sent_again(redis: Redis, redis_url: str) -> None:
    async def loses_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_unix_connection(redis_url.removeprefix("unix://"))
        while asked := await reader.read(65536):
            to_redis.write(asked)
            answer = await from_redis.read(65536)
            if b"INCR" in asked:
                break
            writer.write(answer)
        for side in (to_redis, writer):
            side.close()
            await side.wait_closed()

    server = await asyncio.start_server(loses_answers, "127.0.0.1", 0)
    client = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(RedisConnectionError):
        await client.incr("counter")
    await client.aclose()
    server.close()
    await server.wait_closed()
    assert await redis.get("counter") == "1"


async def test_answers_are_text(redis: Redis) -> None:
    await redis.set("word", "Größe")
    assert await redis.get("word") == "Größe"


async def test_a_blocking_reader_outwaits_its_block(redis_url: str) -> None:
    reader = connect(redis_url, blocking=True)
    assert reader.connection_pool.connection_kwargs["socket_timeout"] > LONGEST_BLOCK_S
    assert await reader.xread({"nothing": "$"}, block=10) == []
    await reader.aclose()


async def test_a_full_pool_waits_for_a_connection(redis_url: str) -> None:
    client = connect(redis_url, connections=1)
    assert await asyncio.gather(*(client.ping() for _ in range(8))) == [True] * 8
    await client.aclose()


async def test_nobody_there_is_an_error_at_once() -> None:
    client = connect("unix:///nowhere/redis.sock")
    with pytest.raises((RedisConnectionError, RedisTimeoutError)):
        await client.ping()
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://me:secret@host/1", "rediss://me:***@host/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://host", "redis://host"),
    ],
)
def test_a_shown_url_has_no_password(url: str, safe: str) -> None:
    assert shown(url) == safe
