"""The tutorial about policies, followed to the letter."""

from __future__ import annotations

import re

import pytest

from bot.assess.policy import Policies
from bot.assess.policy_table import run_table
from bot.assess.proof.proof import prove
from tests.assess.writing import ROOT, document, problems

TUTORIAL = (ROOT / "docs" / "first-policy.md").read_text()
PEOPLE, WRITTEN, TABLE, INVARIANTS, WEAKER, STRICTER = re.findall(
    r"^```yaml\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE
)
MENDED = WRITTEN.replace('"prod"', '"production"').replace("group: engineer}", "group: engineers}")
WHOLE = "\n".join([MENDED, TABLE, INVARIANTS])


def files(policy: str) -> dict[str, str]:
    return {"policies/people.yaml": PEOPLE, "policies/looking.yaml": policy}


def armed(policy: str) -> Policies:
    return Policies.load({file: document(text, file) for file, text in files(policy).items()})


def test_the_mistakes_are_found_as_the_tutorial_says() -> None:
    found = problems(files(WRITTEN))
    assert len(found) == 2
    assert "\n".join([*found, "2 findings: no policy is armed."]) in TUTORIAL


def test_the_table_comes_out_as_the_tutorial_says() -> None:
    rows = run_table(armed(WHOLE).armed["looking"])
    assert all(row.passed for row in rows)
    assert all(re.search(rf"looking +{row.name} +good +{row.got}\n", TUTORIAL) for row in rows)


def test_both_promises_are_proved() -> None:
    for one in prove(armed(WHOLE)).verdicts:
        said = f"for all {one.requests} kinds of request"
        assert re.search(rf"looking +{one.invariant} +{one.word} +{said}\n", TUTORIAL), one


def test_the_change_is_seen_by_the_proof_alone() -> None:
    [gate] = [line for line in MENDED.splitlines(keepends=True) if '== "production"' in line]
    changed = armed(WHOLE.replace(gate, WEAKER))
    assert all(row.passed for row in run_table(changed.armed["looking"]))
    [refuted] = [one for one in prove(changed).verdicts if one.word == "REFUTED"]
    assert re.search(rf"looking +{refuted.invariant} +REFUTED +{refuted.said}\n", TUTORIAL)
    assert refuted.example is not None
    for name in refuted.example.told_apart:
        assert name in TUTORIAL


@pytest.mark.parametrize("people", [1, 2])
def test_with_two_groups_two_people_are_asked(people: int) -> None:
    [require] = [line for line in MENDED.splitlines(keepends=True) if "require:" in line]
    changed = WHOLE.replace(require, STRICTER).replace(
        "[look-at-production], 1]", f"[look-at-production], {people}]"
    )
    assert [row.passed for row in run_table(armed(changed).armed["looking"])] == [True, people == 2]
