"""Which of two decisions asks for more: a table, and that looking from the other side turns it around."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assess.decision import (
    Allow,
    BrokenGlass,
    Decision,
    Deny,
    Escalation,
    RequireApproval,
    Requirement,
    Seat,
)
from bot.assess.policy import Policies
from bot.assess.policy_shifts import shifts
from bot.assess.strictness import Direction, direction
from bot.terms import Group

from .writing import policies

SAME, STRICTER, LOOSER, BOTH = Direction.SAME, Direction.STRICTER, Direction.LOOSER, Direction.BOTH
OWNER, RELEASE, SRE = {"group": "owners"}, {"group": "release"}, {"group": "sre"}
BOB = {"person": "bob"}


def asks(*requirements: dict[str, Any], **more: Any) -> RequireApproval:
    made = tuple(Requirement.model_validate({"rule": "p/g", **one}) for one in requirements)
    return RequireApproval(because=(), requirements=made, **more)


def add(after_s: int, *, stage: str | None = None) -> Escalation:
    return Escalation(after_s=after_s, add=(Group("leads"),), stage=stage)


PAGED = Escalation(after_s=60, page=(Group("sre"),), remind=True)
GLASS = BrokenGlass(rule="p/f", notify=(Group("sre"),), review_by=(Group("leads"),), review_within_s=60)
LATE = {"stage": "late", "after": "review", "all_of": [RELEASE]}
ALLOW, DENY = Allow(because=()), Deny(because=())
ONE = asks({"all_of": [OWNER]})
TWO = asks({"all_of": [OWNER, RELEASE]})
TWO_OF_CHOICE = asks({"any_of": [OWNER, SRE]}, {"any_of": [OWNER, RELEASE]})
MANY = asks(*({"rule": f"p/{n}", "any_of": [OWNER, RELEASE, SRE]} for n in range(9)))


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
        pytest.param(ONE, asks({"all_of": [OWNER]}, veto=("sre",)), STRICTER, id="a veto"),
        pytest.param(
            asks({"all_of": [OWNER]}, veto=("sre",)),
            asks({"all_of": [OWNER]}, veto=("leads",)),
            BOTH,
            id="another veto",
        ),
        pytest.param(ONE, asks({"all_of": [OWNER], "reason": True}), STRICTER, id="a reason"),
        pytest.param(ONE, asks({"all_of": [OWNER], "typed": True}), STRICTER, id="typing"),
        pytest.param(
            asks({"all_of": [OWNER]}, {"all_of": [RELEASE], "reason": True}),
            asks({"all_of": [OWNER], "reason": True}, {"all_of": [RELEASE]}),
            SAME,
            id="a reason is asked of a whole stage",
        ),
        pytest.param(ONE, asks({"all_of": [OWNER], "barred": ["eve"]}), STRICTER, id="somebody left out"),
        pytest.param(
            asks({"all_of": [OWNER], "barred": ["eve"]}),
            asks({"all_of": [OWNER], "barred": ["bob"]}),
            BOTH,
            id="somebody else left out",
        ),
        pytest.param(
            ONE, asks({"all_of": [OWNER], "exclude": ["requester", "author"]}), STRICTER, id="the author too"
        ),
        pytest.param(ONE, asks({"all_of": [{**OWNER, "also": ["sre"]}]}), LOOSER, id="others may sit there"),
        pytest.param(
            asks({"all_of": [{**OWNER, "also": ["sre"]}]}), asks({"all_of": [SRE]}), STRICTER, id="only they"
        ),
        pytest.param(ONE, asks({"all_of": [OWNER]}, escalation=(add(60),)), LOOSER, id="added later"),
        pytest.param(
            asks({"all_of": [OWNER]}, escalation=(add(60),)),
            asks({"all_of": [OWNER]}, escalation=(add(30),)),
            LOOSER,
            id="added sooner",
        ),
        pytest.param(
            asks({"all_of": [OWNER]}, escalation=(add(60),)),
            asks({"all_of": [OWNER]}, escalation=(add(60, stage="review"), add(90))),
            SAME,
            id="added for every stage there is",
        ),
        pytest.param(
            ONE,
            asks({"all_of": [OWNER]}, escalation=(add(60, stage="money"),)),
            SAME,
            id="for a stage unasked",
        ),
        pytest.param(
            ONE, asks({"all_of": [OWNER]}, escalation=(PAGED,)), SAME, id="who is paged may do no more"
        ),
        pytest.param(TWO_OF_CHOICE, asks({"all_of": [OWNER, OWNER]}), STRICTER, id="a choice less of two"),
        pytest.param(ONE, asks({"all_of": [OWNER]}, burst=5), STRICTER, id="who is quick must read"),
        pytest.param(
            asks({"all_of": [OWNER]}, burst=5),
            asks({"all_of": [OWNER]}, burst=4, burst_within_s=60),
            BOTH,
            id="sooner, within less time",
        ),
        pytest.param(ONE, asks({"all_of": [OWNER]}, coalesce=True), SAME, id="the same asked twice is one"),
        pytest.param(ONE, asks({"all_of": [OWNER]}, expires_after_s=60), STRICTER, id="a shorter wait"),
        pytest.param(
            ONE, asks({"all_of": [OWNER]}, grant_expires_after_s=60), STRICTER, id="a shorter permission"
        ),
        pytest.param(
            ALLOW, Allow(because=(), grant_expires_after_s=60), STRICTER, id="allowed, for less long"
        ),
        pytest.param(ONE, asks({"all_of": [OWNER]}, broken_glass=(GLASS,)), STRICTER, id="looked at after"),
        pytest.param(
            asks({"all_of": [OWNER]}, broken_glass=(GLASS,)),
            asks({"all_of": [OWNER]}, broken_glass=(GLASS.model_copy(update={"review_within_s": 99}),)),
            LOOSER,
            id="looked at later",
        ),
        pytest.param(
            asks({"all_of": [OWNER]}, {"all_of": [OWNER], "exclude": []}),
            asks({"all_of": [OWNER, SRE]}),
            BOTH,
            id="one seat does not stand for two",
        ),
        pytest.param(
            asks({"all_of": [OWNER]}, LATE, {"stage": "money", "all_of": [SRE]}),
            asks({"all_of": [OWNER]}, {**LATE, "after": "money"}, {"stage": "money", "all_of": [SRE]}),
            BOTH,
            id="after another stage",
        ),
        pytest.param(
            asks({"all_of": [OWNER]}, LATE, {"stage": "late", "all_of": [SRE]}),
            asks({"all_of": [OWNER]}, LATE, {"stage": "late", "after": "review", "all_of": [SRE]}),
            STRICTER,
            id="an early answer counts no more",
        ),
        pytest.param(MANY, MANY, SAME, id="the same, with more choices than are looked at"),
        pytest.param(
            MANY,
            MANY.model_copy(update={"escalation": (add(60),)}),
            LOOSER,
            id="people added to as many choices",
        ),
    ],
)
def test_direction(then: Decision, now: Decision, how: Direction) -> None:
    assert direction(then, now) is how
    back = {STRICTER: LOOSER, LOOSER: STRICTER}.get(how, how)
    assert direction(now, then) is back


def test_whatever_a_decision_comes_to_say_is_compared_or_left_out_knowingly() -> None:
    left_out = {"effect", "because", "coalesce"}
    compared = {
        "requirements", "denials", "veto", "expires_after_s", "grant_expires_after_s", "escalation",
        "broken_glass", "burst", "burst_within_s",
    }  # fmt: skip
    assert set(RequireApproval.model_fields) == left_out | compared
    seats = {"all_of", "any_of", "distinct", "exclude", "barred", "stage", "after", "reason", "typed"}
    assert set(Requirement.model_fields) == {"rule"} | seats
    assert set(Seat.model_fields) == {"group", "person", "count", "also"}


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
            "escalation: [{after: 1h, page: [sre]}]\n", "", [("p/escalation", SAME)], id="who is paged"
        ),
        pytest.param(
            "",
            "done: {deploy: [{name: health, observed: health, equals: ok}]}\n",
            [("p/done", STRICTER)],
            id="something more is measured",
        ),
        pytest.param(
            "done: {deploy: [{name: delay, observed: ms, at_most: 5}]}\n",
            "done: {deploy: [{name: delay, observed: ms, at_most: 9}]}\n",
            [("p/done", BOTH)],
            id="something is measured otherwise",
        ),
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


def gate(effect: str) -> Policies:
    return policies(p=f"gates: [{{id: g, why: w, when: '!request.destructive', {effect}}}]\n")


DENIES = "deny: no"
BROKEN = "deny: no, override: {{all_of: [{{group: sre}}], notify: [sre], review_by: [{}]{}}}"
REQUIRES = "require: {all_of: [{group: sre, count: 2}]}"
EARNED = REQUIRES.replace("{", "{{").replace("}", "}}") + ", earned: {{runs: {}, success_lb: 0.9{}}}"
FEWER = ", instead: {all_of: [{group: sre}]}"


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        pytest.param(DENIES, BROKEN.format("sre", ""), LOOSER, id="it may be overridden"),
        pytest.param(
            BROKEN.format("sre", ""), BROKEN.format("sre", ", ttl: 30m"), STRICTER, id="for less long"
        ),
        pytest.param(BROKEN.format("sre", ""), BROKEN.format("leads", ""), BOTH, id="looked at by others"),
        pytest.param(
            BROKEN.format("sre", ""),
            BROKEN.format("sre", ", exclude: [requester, author]"),
            STRICTER,
            id="not by whoever wrote it",
        ),
        pytest.param(REQUIRES, EARNED.format(20, ""), LOOSER, id="a record asks nobody"),
        pytest.param(EARNED.format(20, ""), EARNED.format(20, FEWER), STRICTER, id="it asks fewer"),
        pytest.param(EARNED.format(20, ""), EARNED.format(30, ""), STRICTER, id="a longer record"),
        pytest.param(EARNED.format(20, ""), EARNED.format(30, ", sample: 0.01"), BOTH, id="fewer sampled"),
        pytest.param(EARNED.format(20, FEWER), EARNED.format(30, ""), BOTH, id="longer, and asks nobody"),
        pytest.param(
            EARNED.format(20, ""), EARNED.format(20, ", failures_30d: 1"), LOOSER, id="a failure is nothing"
        ),
        pytest.param(REQUIRES, REQUIRES.replace("}]", "}], veto: [leads]"), STRICTER, id="somebody may veto"),
        pytest.param(REQUIRES, REQUIRES.replace("}]", "}], deny: 2"), LOOSER, id="two must say no"),
        pytest.param(REQUIRES, REQUIRES.replace("}]", "}], confirm: typed"), STRICTER, id="it is typed"),
        pytest.param(
            REQUIRES,
            REQUIRES.replace("}]", "}], exclude: [requester, author]"),
            STRICTER,
            id="not by authors",
        ),
        pytest.param(DENIES, "allow: true", LOOSER, id="it allows what it denied"),
    ],
)
def test_who_a_gate_asks_is_compared_though_no_example_shows_it(old: str, new: str, how: Direction) -> None:
    assert [(one.part, one.direction) for one in shifts(gate(old), gate(new))] == [("p/g", how)]
    back = {STRICTER: LOOSER, LOOSER: STRICTER}.get(how, how)
    assert [one.direction for one in shifts(gate(new), gate(old))] == [back]
