"""What ships is loadable, reviewed, and can be asked for in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.artifacts import Artifacts
from bot.ask.grammar import Complete, parse
from bot.ask.help import help_text

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def shipped() -> Artifacts:
    return Artifacts(ROOT / "skills", ROOT / "policies")


def test_skills_and_policies_have_no_problem(shipped: Artifacts) -> None:
    assert [str(problem) for problem in shipped.problems] == []
    assert {"deploy", "service-status"} <= set(shipped.skills())


def test_every_skill_is_the_one_that_was_reviewed(shipped: Artifacts) -> None:
    """By the lock, which has nothing beside them; who reviewed stands there too and is nobody's to repeat."""
    assert {name: skill.unarmed for name, skill in shipped.skills().items()} == dict.fromkeys(
        shipped.skills(), ""
    )
    locked = yaml.safe_load((ROOT / "skills" / "skills.lock").read_text())
    assert list(locked) == list(shipped.skills())


def test_every_example_that_help_shows_can_be_typed(shipped: Artifacts) -> None:
    text = help_text(shipped.skills(), command="/assent", may_ask=lambda skill: True)
    examples = [line.strip().strip("`") for line in text.splitlines() if line.startswith("    `")]
    assert len(examples) == len(shipped.skills())
    for example in examples:
        assert isinstance(parse(example.removeprefix("/assent "), shipped.skills()), Complete)
