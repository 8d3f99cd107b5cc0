"""Whatever happens to workers, Redis and the queue, in any order: every promise of execution holds."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.chaos.world import Monkey, World

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "36"))
STORM_S = float(os.environ.get("CHAOS_SECONDS", "35"))
WORKERS = 3


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
async def test_nothing_is_lost_doubled_or_done_by_two(tmp_path: Path, seed: int) -> None:
    print(f"chaos: CHAOS_SEED={seed} plays this round again")
    async with World(tmp_path) as world:
        for _ in range(WORKERS):
            world.spawn()
        monkey = Monkey(world, seed)

        async def people() -> None:
            chosen = random.Random(seed)
            for number in range(REQUESTS):
                await world.ask(f"p{number % 12}")
                await asyncio.sleep(chosen.uniform(0, STORM_S / REQUESTS))

        harm = asyncio.create_task(monkey.rampage(STORM_S))
        await people()
        given = await world.answer_everybody()
        await harm
        given += await world.answer_everybody()
        states = sorted({str(request.state) for request in await world.all()})
        print(f"chaos: {dict(monkey.did)}; answered: {dict(given)}; ended: {states}")
        assert await world.broken() == []
