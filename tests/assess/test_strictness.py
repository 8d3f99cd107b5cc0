"""Which of two decisions asks for more: a table, and that looking from the other side turns it around."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assess.decision import Allow, Decision, Deny, RequireApproval, Requirement
from bot.assess.policy_shifts import shifts
from bot.assess.strictness import Direction, direction

from .writing import policies

SAME, STRICTER, LOOSER, BOTH = Direction.SAME, Direction.STRICTER, Direction.LOOSER, Direction.BOTH
OWNER, RELEASE, SRE = {"group": "owners"}, {"group": "release"}, {"group": "sre"}
BOB = {"person": "bob"}


def asks(*requirements: dict[str, Any], **more: Any) -> Decision:
    made = tuple(Requirement.model_validate({"rule": "p/g", **one}) for one in requirements)
    return RequireApproval(because=(), requirements=made, **more)


ALLOW, DENY = Allow(because=()), Deny(because=())
ONE = asks({"all_of": [OWNER]})
TWO = asks({"all_of": [OWNER, RELEASE]})


@pytest.mark.parametrize(
    ("then", "now", "how"),
    [
        pytest.param(ALLOW, ALLOW, SAME, id="allowed as before"),
        pytest.param(ALLOW, ONE, STRICTER, id="allowed, now asked"),
        pytest.param(TWO, ALLOW, LOOSER, id="asked, now allowed"),
        pytest.param(TWO, DENY, STRICTER, id="asked, now denied"),
        pytest.param(ONE, TWO, STRICTER, id="a seat more"),
        pytest.param(ONE, asks({"all_of": [{"group": "owners", "count": 2}]}), STRICTER, id="two of them"),
        pytest.param(ONE, asks({"all_of": [RELEASE]}), BOTH, id="somebody else"),
        pytest.param(asks({"all_of": [BOB]}), asks({"all_of": [{"group": "bob"}]}), BOTH, id="no name twice"),
        pytest.param(TWO, asks({"all_of": [OWNER]}, {"all_of": [RELEASE]}), SAME, id="said in two gates"),
        pytest.param(ONE, asks({"all_of": [OWNER], "exclude": []}), LOOSER, id="the requester too"),
        pytest.param(TWO, asks({"all_of": [OWNER, RELEASE], "distinct": False}), LOOSER, id="one for both"),
        pytest.param(ONE, asks({"any_of": [OWNER, SRE]}), LOOSER, id="a choice"),
        pytest.param(
            asks({"any_of": [OWNER, SRE]}), asks({"any_of": [OWNER, SRE, RELEASE]}), LOOSER, id="wider"
        ),
        pytest.param(asks({"any_of": [OWNER, SRE]}), ONE, STRICTER, id="no choice any more"),
        pytest.param(
            TWO,
            asks({"all_of": [OWNER]}, {"stage": "late", "after": "review", "all_of": [RELEASE]}),
            STRICTER,
            id="one after the other",
        ),
        pytest.param(ONE, asks({"all_of": [OWNER]}, denials=2), LOOSER, id="two must say no"),
    ],
)
def test_direction(then: Decision, now: Decision, how: Direction) -> None:
    assert direction(then, now) is how
    back = {STRICTER: LOOSER, LOOSER: STRICTER}.get(how, how)
    assert direction(now, then) is back


GATES = """
gates:
  - {id: free, why: it is free, when: request.risk < 10, allow: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("", "", [], id="nothing"),
        pytest.param(
            "",
            'budgets: [{scope: team, period: month, limit_usd: "5"}]\n',
            [("p/budgets", STRICTER)],
            id="a budget",
        ),
        pytest.param(
            'budgets: [{scope: team, period: day, limit_usd: "5"}]\n',
            'budgets: [{scope: team, period: day, limit_usd: "6"}]\n',
            [("p/budgets", LOOSER)],
            id="a larger budget",
        ),
        pytest.param(
            "freeze_windows: [{id: w, tz: UTC, weekly: Fri 15:00 - Mon 07:00}]\n",
            "",
            [("p/freeze_windows", LOOSER)],
            id="a freeze gone",
        ),
        pytest.param("expires_after: 1h\n", "expires_after: 2h\n", [("p/expires_after", LOOSER)], id="time"),
        pytest.param(
            "let: {small: request.risk < 10}\n",
            "let: {small: request.risk < 20}\n",
            [],
            id="a name that no gate uses",
        ),
    ],
)
def test_what_no_decision_shows_is_told(old: str, new: str, told: list[tuple[str, Direction]]) -> None:
    found = shifts(policies(p=GATES + old), policies(p=GATES + new))
    assert [(one.part, one.direction) for one in found] == told


def test_a_gate_that_decides_otherwise_is_told_and_its_words_are_not() -> None:
    other = policies(p=GATES.replace("< 10", "< 20"))
    assert [one.part for one in shifts(policies(p=GATES), other)] == ["p/free"]
    reworded = policies(p=GATES.replace("it is free", "nothing can go wrong"))
    assert list(shifts(policies(p=GATES), reworded)) == []
