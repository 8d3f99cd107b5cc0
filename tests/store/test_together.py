"""Scripts that are run at the same moment share their way to Redis, and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from bot.store.connection import connect
from bot.store.together import Together

COUNT = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


async def _trips(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_reads_processed"])


async def test_each_runs_once_and_hears_its_own_answer(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    answers = await asyncio.gather(*(together.run(count, [f"k{i}"], [i + 1]) for i in range(50)))
    assert answers == list(range(1, 51))


async def test_what_comes_while_a_trip_is_under_way_travels_together(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    await together.run(count, ["n"], [1])
    before = await _trips(redis)
    await asyncio.gather(*(together.run(count, ["n"], [1]) for _ in range(50)))
    assert await _trips(redis) - before < 10
    assert await redis.get("n") == "51"


async def test_one_that_fails_fails_alone(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    calls = [together.run(count, ["n"], [value]) for value in (1, "much", 2)]
    first, second, third = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, third) == (1, 3)
    assert isinstance(second, ResponseError)


async def test_one_that_cannot_be_written_down_fails_alone(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    calls = [together.run(count, [key], [1]) for key in ("n", "half of a pair: \ud800", "n")]
    first, second, third = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, third) == (1, 2)
    assert isinstance(second, UnicodeEncodeError)


async def test_every_letter_arrives_as_it_was_sent(redis: Redis) -> None:
    together, same = Together(redis), redis.register_script("return {KEYS[1], ARGV[1], ARGV[2]}")
    assert await together.run(same, ["ключ"], ["a\r\n$5\r\n☂\0", -7]) == ["ключ", "a\r\n$5\r\n☂\0", "-7"]


async def test_a_restarted_server_is_told_the_scripts_again(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    await together.run(count, ["n"], [1])
    await redis.script_flush()
    answers = await asyncio.gather(*(together.run(count, ["n"], [1]) for _ in range(3)))
    assert sorted(answers) == [2, 3, 4]


@pytest.mark.parametrize("waits", [True, False], ids=["for the trip", "on the way"])
async def test_one_who_stops_waiting_does_not_stop_the_others(redis: Redis, waits: bool) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    calls = [asyncio.create_task(together.run(count, ["n"], [1])) for _ in range(4)]
    await asyncio.sleep(0)
    *others, gone = calls[1:] if waits else [*calls[1:3], calls[0]]
    gone.cancel()
    first, second, *_ = await asyncio.gather(*others)
    assert second == first + 1


async def test_everybody_on_a_trip_hears_that_the_server_is_away() -> None:
    async with connect("redis://127.0.0.1:1") as away:
        together, count = Together(away), away.register_script(COUNT)
        calls = [together.run(count, ["n"], [1]) for _ in range(3)]
        failures = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, RedisConnectionError | OSError) for each in failures)


async def test_a_connection_that_was_cut_is_made_anew(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    await together.run(count, ["n"], [1])
    await redis.client_kill_filter(_type="normal", skipme=True)
    await asyncio.sleep(0.05)
    assert await together.run(count, ["n"], [1]) == 2


async def test_an_answer_nobody_waited_for_is_not_taken_for_the_next(redis: Redis) -> None:
    together, count = Together(redis), redis.register_script(COUNT)
    await together.run(count, ["n"], [1])
    gone = asyncio.create_task(together.run(count, ["n"], [10]))
    for _ in range(3):
        await asyncio.sleep(0)  # it is on its way
    gone.cancel()
    await asyncio.wait((gone,))
    assert await together.run(count, ["other"], [5]) == 5
