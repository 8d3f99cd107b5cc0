"""Whoever waits for an acknowledgement goes first; what can come later makes room and is never stopped."""

from __future__ import annotations

import asyncio

from bot.slack.precedence import Precedence


async def test_what_comes_later_waits_while_somebody_is_in_front() -> None:
    precedence, order = Precedence(), list[str]()

    async def later() -> None:
        await precedence.give_way()
        order.append("later")

    with precedence:
        task = asyncio.create_task(later())
        await asyncio.sleep(0.02)
        order.append("first")
    await task
    assert order == ["first", "later"]


async def test_nobody_in_front_means_no_waiting() -> None:
    alone = asyncio.create_task(Precedence().give_way())
    await asyncio.sleep(0)
    assert alone.done()


async def test_a_moment_of_quiet_lets_in_one_piece_of_work_after_the_other() -> None:
    precedence = Precedence()
    pieces = [asyncio.create_task(precedence.give_way()) for _ in range(5)]
    await asyncio.wait(pieces, return_when=asyncio.FIRST_COMPLETED)
    assert pieces[0].done()
    assert not pieces[-1].done()
    await asyncio.gather(*pieces)


async def test_a_flood_delays_and_does_not_stop() -> None:
    precedence = Precedence()
    with precedence:  # somebody is always in front
        async with asyncio.timeout(30):
            for _ in range(3):
                await precedence.give_way()


async def test_one_who_stops_waiting_lets_the_next_pass() -> None:
    precedence = Precedence()
    with precedence:
        gone, stays = (asyncio.create_task(precedence.give_way()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
    await stays
    assert gone.cancelled()
