"""Every case that a skill for a platform says of itself, with the runner that workers use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hosting import EXAMPLES, ROOT

from bot.artifacts import Artifacts
from bot.artifacts.cases import Case, Cases, read
from bot.ask.catalog import Skill
from bot.cli.case_targets import Lacking
from bot.cli.rehearsal import Played, play
from bot.connectors.walls.choosing import choose


def every() -> dict[str, tuple[Skill, Cases, Case]]:
    found = {}
    for skill in Artifacts(EXAMPLES, ROOT / "policies").skills().values():
        cases = read(skill)
        assert cases is not None, f"nothing says what {skill.name} must do"
        found |= {f"{skill.name}: {case.name}": (skill, cases, case) for case in cases.cases}
    return found


CASES = every()


@pytest.fixture(scope="module")
def playing() -> Iterator[dict[str, Future[Played]]]:
    """All of them at once: each has a target of its own, and mostly waits for it.

    Behind the best walls there are, but for Landlock's: HAProxy and supervisor speak over unix sockets.
    """
    held_by = asyncio.run(choose("any"))
    wall = None if held_by.tier == "landlock" else held_by.wall
    with ThreadPoolExecutor(len(CASES)) as threads:
        yield {
            name: threads.submit(lambda one: asyncio.run(play(*one, wall=wall)), one)
            for name, one in CASES.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_its_case_says(playing: dict[str, Future[Played]], name: str) -> None:
    try:
        played = playing[name].result()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    assert played.got == played.wanted, "\n".join(played.details)
