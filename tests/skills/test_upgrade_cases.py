"""Cases of the upgrade skill, played by the runner that workers use, on a demo host of their own."""

from __future__ import annotations

import asyncio

import pytest
from hosting import ROOT

from bot.artifacts import Artifacts
from bot.artifacts.cases import Case, Cases, read
from bot.cli.rehearsal import Played, play
from bot.connectors.walls.choosing import choose

SKILL = Artifacts(ROOT / "skills", ROOT / "policies").skills()["dependency-upgrade"]


async def in_walls(cases: Cases, case: Case) -> Played:
    """The best there are: git, uv and the tests of a stranger's repository are what walls are for."""
    return await play(SKILL, cases, case, wall=(await choose("any")).wall)


@pytest.mark.parametrize(
    "name",
    [
        "a push whose end nobody saw is asked about, not repeated",
        "an upgrade that the tests do not survive is not pushed",
    ],
)
def test_it_ends_as_its_case_says(name: str) -> None:
    cases = read(SKILL)
    assert cases is not None
    [case] = [one for one in cases.cases if one.name == name]
    played = asyncio.run(in_walls(cases, case))
    assert played.got == played.wanted, "\n".join(played.details)
