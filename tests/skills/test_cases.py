"""Every case that a skill for a platform says of itself, with the runner that workers use."""

from __future__ import annotations

import pytest
from hosting import EXAMPLES, ROOT

from bot.artifacts import Artifacts
from bot.artifacts.cases import Case, Cases, read
from bot.ask.catalog import Skill
from bot.cli.rehearsal import Lacking, play


def every() -> list[object]:
    found = []
    for skill in Artifacts(EXAMPLES, ROOT / "policies").skills().values():
        cases = read(skill)
        assert cases is not None, f"nothing says what {skill.name} must do"
        found += [pytest.param(skill, cases, one, id=f"{skill.name}: {one.name}") for one in cases.cases]
    return found


@pytest.mark.parametrize(("skill", "cases", "case"), every())
async def test_it_ends_as_its_case_says(skill: Skill, cases: Cases, case: Case) -> None:
    try:
        played = await play(skill, cases, case)
    except Lacking as lacking:
        pytest.skip(str(lacking))
    assert played.got == played.wanted, "\n".join(played.details)
