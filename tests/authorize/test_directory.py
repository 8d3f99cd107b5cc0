"""Whose account it is: one human, whichever of their accounts they use, and nobody by a borrowed name."""

from __future__ import annotations

import pytest

from bot.assess.roster import Human, Roster
from bot.authorize.directory import Directory
from bot.terms import Group, Principal

ALICE, BOB = Principal("alice"), Principal("bob")
ROSTER = Roster(
    people={
        ALICE: Human(slack=("U0ALICE", "U0ALICE2"), email="alice@acme.example"),
        BOB: Human(slack=("U0BOB",)),
    },
    groups={Group("finops"): (ALICE,), Group("sre"): "slack"},
)


@pytest.mark.parametrize(
    ("slack_user", "email", "principal"),
    [
        ("U0ALICE", None, "alice"),
        ("U0ALICE2", "other@acme.example", "alice"),
        ("U0NEW", "Alice@Acme.Example", "alice"),
        ("U0BOB", "alice@acme.example", "bob"),
        ("U0ZOE", "zoe@acme.example", "zoe"),
        ("U0ZOE", "zoe@elsewhere.example", "zoe@elsewhere.example"),
        ("U0EVIL", "alice@elsewhere.example", "alice@elsewhere.example"),
        ("U0EVIL", "bob@acme.example", "bob@acme.example"),
        ("U0ZOE", None, "U0ZOE"),
    ],
)
def test_an_account_belongs_to(slack_user: str, email: str | None, principal: str) -> None:
    assert Directory(ROSTER).principal(slack_user=slack_user, email=email) == principal


def test_only_listed_people_are_known_when_the_file_says_so() -> None:
    strict = Directory(ROSTER.model_copy(update={"unlisted": "unknown"}))
    assert strict.principal(slack_user="U0ZOE", email="zoe@acme.example") is None
    assert strict.principal(slack_user="U0BOB", email=None) == "bob"


def test_groups_of_the_file_are_answered_and_slacks_are_not() -> None:
    directory = Directory(ROSTER)
    assert directory.members(Group("finops")) == {"alice"}
    assert directory.members(Group("sre")) is None
    assert directory.members(Group("nobody-wrote-this")) is None
    assert directory.groups(ALICE) == {"finops"}
    assert directory.groups(BOB) == frozenset()
