"""The page about policies has the whole language, and its examples are policies."""

from __future__ import annotations

import re

import pytest

from bot.assess.asking import Earned, Override, Require
from bot.assess.runbook import Fatigue, Gate, Runbook, Step
from bot.terms import Record
from tests.assess.writing import ROOT, problems

PAGE = (ROOT / "docs" / "gate.md").read_text()
HEAD, *EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PEOPLE = (ROOT / "policies" / "people.yaml").read_text()


@pytest.mark.parametrize(
    "shape", [Runbook, Gate, Require, Override, Earned, Step, Fatigue], ids=lambda one: one.__name__
)
def test_every_key_is_in_a_table(shape: type[Record]) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    documented = set(re.findall(r"`([a-z_0-9]+)(?::[^`]*)?`", "\n".join(rows)))
    # What every gate has stands in the sentence above the table of what it may have.
    documented |= set(re.findall(r"`([a-z]+)`", PAGE.partition("A gate has ")[2].partition("exactly one")[0]))
    assert set(shape.model_fields) <= documented


@pytest.mark.parametrize("shape", [Require, Override, Earned], ids=lambda one: one.__name__)
def test_a_default_that_is_a_number_or_a_word_is_the_one_in_the_table(shape: type[Record]) -> None:
    rows = dict(re.findall(r"^\| `([a-z_0-9]+)` \| `?([^|`]+)`? \|", _section(shape), re.MULTILINE))
    for name, field in shape.model_fields.items():
        if (
            isinstance(field.default, int | float | str)
            and not isinstance(field.default, bool)
            and name in rows
        ):
            assert str(_in_words(field.default, name)) == rows[name], name


def _section(shape: type[Record]) -> str:
    start = {Require: "A requirement:", Override: "### Breaking", Earned: "### A record"}[shape]
    return PAGE.partition(start)[2].partition("\n### ")[0]


def _in_words(default: float | str, name: str) -> float | str:
    return {"ttl": "1h", "review_within": "3d"}.get(name, default)


def test_the_examples_are_one_policy() -> None:
    gates = "".join(one for one in EXAMPLES if one.startswith("  - id:"))
    # The override of the freeze is told of the gate that the first example has.
    first = HEAD[: HEAD.index("  - id: freeze")]
    keys = "".join(one for one in EXAMPLES if re.match(r"(escalation|done|fatigue):", one))
    assert problems({"policies/deployments.yaml": first + gates + keys, "policies/people.yaml": PEOPLE}) == []
    assert problems({"policies/deployments.yaml": HEAD, "policies/people.yaml": PEOPLE}) == []
