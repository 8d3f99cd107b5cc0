"""The negative control: without the rule for at-most-once steps, the invariants must be seen to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.world import CONTROL, WORKER, World


@pytest.mark.parametrize(
    ("argv", "times"),
    [pytest.param(WORKER, 1, id="with the rule"), pytest.param(CONTROL, 2, id="without the rule")],
)
async def test_a_worker_killed_between_effect_and_end(
    tmp_path: Path, argv: tuple[str, ...], times: int
) -> None:
    async with World(tmp_path, argv=argv) as world:
        there = await world.stays("send", "after")
        first = world.spawn()
        request = await world.ask("here")
        await there()
        world.bury(first)
        world.spawn()
        await world.answer_everybody()
        assert world.target.effects("send")[request] == times
        doubled = f"{request}: the at-most-once step had its effect 2 times"
        assert await world.broken() == ([doubled] if times == 2 else [])
