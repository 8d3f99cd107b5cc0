"""A signed slash command over HTTP, until its answer: as many as there can be, and one after the other."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from statistics import median

from redis.asyncio import Redis

from benchmarks.findings import Effort, Finding
from benchmarks.load import Answers, Order, ordered
from benchmarks.town import BARE, SECRET, WEB, Broken, Program, Town
from bot.playground.people import TEAM_ID
from bot.store.connection import connect
from bot.store.keys import Keys

BASELINE = "bare Bolt on aiohttp, one listener, process_before_response"


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """One web process with all that it does: it admits what it took and posts the cards meanwhile.

    Raises Broken when a command was acknowledged and is not in Redis.
    """
    ours: list[list[Answers]] = [[], []]
    bare: list[list[Answers]] = [[], []]
    writes: list[float] = []
    labels = count()
    redis = connect(town.redis_url)
    stored = Keys(TEAM_ID).index
    try:
        async with town.serving(BARE) as plain, town.serving(WEB) as web:
            town.slack.request_url = None
            for _ in range(effort.rounds):
                for kind, size, at_once in (
                    (0, effort.sequential, 1),
                    (1, effort.concurrent, effort.at_once),
                ):
                    bare[kind].append(await _send(plain, size, at_once, next(labels)))
                    before = await redis.zcard(stored)
                    answers = await _send(web, size, at_once, next(labels))
                    ours[kind].append(answers)
                    kept = await redis.zcard(stored) - before
                    if kept != answers.acknowledged or kept != size:
                        words = f"{size} sent, {answers.acknowledged} acknowledged, {kept} in Redis"
                        raise Broken(f"{words}. {web.child.last_words()}")
                    await _forget(redis, Keys(TEAM_ID))
                writes += await _writes(redis, effort.calls)
    finally:
        await redis.aclose()
    per_s = [[len(run.taken) / run.whole for run in runs[1]] for runs in (ours, bare)]
    p50 = [median(taken for run in runs[0] for taken in run.taken) * 1000 for runs in (ours, bare)]
    write = median(writes) * 1000
    slowest = max(taken for run in ours[1] for taken in run.taken)
    return [
        Finding(
            name="ack-throughput",
            what=f"slash commands acknowledged and kept, {effort.at_once} at once",
            against=BASELINE,
            target="≥ 0.8 × baseline",
            unit="/s",
            measured=median(per_s[0]),
            baseline=median(per_s[1]),
            limit=0.8 * median(per_s[1]),
            better="more",
            note=f"slowest answer {slowest * 1000:.0f} ms; every acknowledged one was in Redis",
        ),
        Finding(
            name="ack-latency",
            what="the same one after the other, p50",
            against=BASELINE,
            target="≤ baseline + 2 writes",
            unit="ms",
            measured=p50[0],
            baseline=p50[1],
            limit=p50[1] + 2 * write,
            note=f"one XADD to the same Redis: {write:.2f} ms",
        ),
    ]


async def _send(program: Program, size: int, at_once: int, label: int) -> Answers:
    order = Order(
        port=program.port, secret=SECRET, team=TEAM_ID, label=str(label), count=size, at_once=at_once
    )
    return await ordered(order)


async def _forget(redis: Redis, keys: Keys) -> None:
    """Take away the cards still to be posted, so that the baseline has the machine for itself."""
    await redis.xtrim(keys.inbox, maxlen=0)
    await redis.xtrim(keys.outbox, maxlen=0)
    if requests := [key async for key in redis.scan_iter(f"{keys.requests}*", count=1000)]:
        await redis.delete(*requests)
    await asyncio.sleep(0.5)


async def _writes(redis: Redis, times: int) -> list[float]:
    taken = []
    for number in range(times):
        began = time.perf_counter()
        await redis.xadd("benchmarks:written", {"n": number}, maxlen=1000)
        taken.append(time.perf_counter() - began)
    return taken
