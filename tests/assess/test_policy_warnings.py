"""What is doubtful about policies that load: a warning has its place, and denies nothing."""

from __future__ import annotations

from datetime import date

import pytest

from bot.assess.policy import Policies
from bot.assess.policy_warnings import warnings

from .writing import HEAD, document, gates, policies

TODAY = date(2026, 11, 25)
PEOPLE = """\
people:
  alice: {email: alice@acme.example}
  bob: {email: bob@acme.example}
  carol: {email: carol@acme.example}
  dave: {email: dave@acme.example}
groups:
  sre: [dave]
  pair: [alice, bob]
  three: [alice, bob, carol]
  oncall: slack
"""


def armed(body: str, people: str = PEOPLE) -> Policies:
    files = {"policies/p.yaml": HEAD.format(name="p") + body, "policies/people.yaml": people}
    return Policies.load({file: document(text, file) for file, text in files.items()})


def doubts(body: str, people: str = PEOPLE, *, today: date = TODAY) -> list[str]:
    found = warnings(armed(body, people), today=today)
    assert all(one.level == "warning" for one in found)
    return [str(one).removeprefix("policies/p.yaml:") for one in found]


def asks(what: str) -> str:
    return gates(f"g3 | true | require: {{{what}}}")


WHO_ASKS = {
    "one who is often who asks": (
        "all_of: [{group: sre}]",
        "10:5: nobody could approve g3 when dave asks: sre has 1 member, and who asks does not count.",
    ),
    "one person by name": (
        "all_of: [{person: dave}]",
        "nobody could approve g3 when dave asks: nobody else is named.",
    ),
    "two of two": (
        "all_of: [{group: pair, count: 2}]",
        "nobody could approve g3 when alice or bob asks: pair has 2 members",
    ),
    "three of three": (
        "all_of: [{group: three, count: 3}]",
        "nobody could approve g3 when alice or bob or carol asks",
    ),
    "the same people twice": (
        "all_of: [{group: pair}, {group: three, count: 2}]",
        "nobody could approve g3 when alice or bob or carol asks",
    ),
    "an author beside who asks": (
        "all_of: [{group: pair}], exclude: [requester, author]",
        "nobody could approve g3 when alice asks and bob is left out too.",
    ),
}


@pytest.mark.parametrize(("what", "expected"), WHO_ASKS.values(), ids=WHO_ASKS.keys())
def test_who_would_be_missing_when_they_ask(what: str, expected: str) -> None:
    [doubt] = doubts(asks(what))
    assert expected in doubt
    assert doubt.endswith("Add members, or let others answer as well.")


FINE = {
    "two, of whom one is left": "all_of: [{group: pair}]",
    "members that only Slack knows": "all_of: [{group: oncall}]",
    "a choice that is left": "any_of: [{group: sre}, {group: oncall}]",
    "whoever asks may answer": "all_of: [{group: sre}], exclude: []",
    "an author and enough others": "all_of: [{group: three}], exclude: [requester, author]",
}


@pytest.mark.parametrize("what", FINE.values(), ids=FINE.keys())
def test_where_somebody_is_left_nothing_is_said(what: str) -> None:
    assert doubts(asks(what)) == []


def test_only_who_may_ask_at_all_is_thought_of() -> None:
    assert doubts("may_request: [pair]\n" + asks("all_of: [{group: sre}]")) == []
    assert len(doubts("may_request: [sre, pair]\n" + asks("all_of: [{group: sre}]"))) == 1


def test_overrides_and_records_ask_people_too() -> None:
    glass = "override: {all_of: [{group: sre}], notify: [pair], review_by: [pair]}"
    record = "earned: {runs: 40, success_lb: 0.9, instead: {all_of: [{group: sre}]}}"
    body = gates(
        f"no | request.risk > 90 | deny: No.\n    {glass}",
        f"look | !request.destructive | require: {{all_of: [{{group: three}}]}}\n    {record}",
    )
    assert [one.partition(" ")[0] for one in doubts(body)] == ["11:5:", "16:41:"]


class TestRecords:
    def of(self, earned: str) -> list[str]:
        return doubts(
            gates(
                f"g | !request.destructive | require: {{all_of: [{{group: oncall}}]}}\n    earned: {earned}"
            )
        )

    def test_runs_that_are_never_enough_for_the_bound(self) -> None:
        [doubt] = self.of("{runs: 5, success_lb: 0.9}")
        assert doubt == (
            "11:14: 5 runs are never enough for success_lb: 0.9. "
            "It takes 35 runs without a failure: write runs: 35."
        )
        assert self.of("{runs: 35, success_lb: 0.9}") == []
        assert len(self.of("{runs: 34, success_lb: 0.9}")) == 1

    def test_where_every_request_is_picked_nothing_is_earned(self) -> None:
        [doubt] = self.of("{runs: 40, success_lb: 0.9, sample: 1.0}")
        assert "every request is picked for review, so nothing is ever earned" in doubt


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("2026-12-26", None),
        ("2026-12-25", "it is to be reviewed within 30 days"),
        ("2026-11-26", "it is to be reviewed within 1 day"),
        ("2026-11-24", "its review is 1 day overdue"),
        ("2026-11-11", "its review is 14 days overdue"),
    ],
)
def test_a_review_is_due_thirty_days_before(by: str, said: str | None) -> None:
    found = doubts(f"review_by: {by}\n" + gates("ok | true | allow: true"))
    assert found == (
        [] if said is None else [f"6:1: {said}. Look at all of it with @platform, and set the next date."]
    )


def test_what_is_to_be_reviewed_today() -> None:
    [found] = doubts("review_by: 2026-11-25\n" + gates("ok | true | allow: true"))
    assert "it is to be reviewed within 0 days" in found


class TestRows:
    TABLE = """\
tests:
  base: {request.skill: deploy, actor.principal: alice, request.destructive: false}
  rows:
    - [both, {request.risk: 90}, require, [a, b], 2]
    - [one, {request.risk: 10}, require, [a], 1]
"""

    def test_gates_that_together_ask_more_people_than_there_are(self) -> None:
        body = gates(
            "a | true | require: {all_of: [{group: three}]}",
            "b | request.risk > 50 | require: {stage: late, any_of: [{group: pair, count: 2}]}",
        )
        table = self.TABLE.replace("[a, b], 2", "[a, b], 3")
        found = [one for one in doubts(body + table) if "grant" in one]
        assert found == [
            '18:7: nobody could grant "both": p/a and p/b together take 3 people, and only 2 of these seats '
            "can be filled. Add members, or ask fewer at once."
        ]

    def test_gates_for_which_there_are_enough(self) -> None:
        body = gates(
            "a | true | require: {all_of: [{group: three}]}",
            "b | request.risk > 50 | require: {stage: late, all_of: [{group: pair}]}",
        )
        assert doubts(body + self.TABLE) == []


def test_what_does_not_load_has_no_warnings_and_what_has_them_is_armed() -> None:
    assert warnings(Policies(), today=TODAY) == ()
    assert armed(asks("all_of: [{group: sre}]")).problems == ()
    assert warnings(policies(p=gates("ok | true | allow: true")), today=TODAY) == ()
