"""Who could say yes now, and what that would leave."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.assess.decision import RequireApproval, Requirement
from bot.authorize.approval import Vote
from bot.authorize.click import ClickRefused
from bot.authorize.reach import held_back, reach_of, reaches, unknown
from bot.terms import Digest, Group, Principal

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DIGEST = Digest("sha256:" + "1" * 64)
MEMBERS = {
    Group("owners"): frozenset({Principal("alice"), Principal("bob")}),
    Group("release"): frozenset({Principal("bob"), Principal("carol")}),
}


def asks(*requirements: dict[str, Any]) -> RequireApproval:
    made = tuple(Requirement.model_validate({"rule": "p/g", **one}) for one in requirements)
    return RequireApproval(because=(), requirements=made)


def yes(person: str, stage: str = "review") -> Vote:
    return Vote(
        principal=Principal(person), slack_user="U", answer="approve", at=NOON, digest=DIGEST, stage=stage
    )


def reach(decision: RequireApproval, *votes: Vote) -> list[tuple[str, tuple[str, ...]]]:
    found = reaches(decision, votes, digest=DIGEST, members=MEMBERS, requester=Principal("alice"))
    return [(one.principal, one.missing) for one in found]


TWO = asks({"all_of": [{"group": "owners"}, {"group": "release"}]})


def test_everybody_whose_yes_would_count_is_named_and_the_requester_is_not() -> None:
    assert [name for name, _ in reach(TWO)] == ["bob", "carol"]


def test_the_last_yes_leaves_nothing() -> None:
    assert reach(TWO, yes("bob")) == [("carol", ())]


def test_a_yes_that_would_fill_no_seat_is_not_offered() -> None:
    """Carol has taken the release seat, and bob alone can take the other."""
    assert reach(TWO, yes("carol")) == [("bob", ())]


def test_a_later_stage_is_nobodys_yet() -> None:
    staged = asks(
        {"all_of": [{"group": "owners"}]},
        {"stage": "late", "after": "review", "all_of": [{"group": "release"}]},
    )
    assert reach(staged) == [("bob", ("@release",))]
    assert reach(staged, yes("bob")) == [("carol", ())]


def test_groups_that_nobody_knows_are_said() -> None:
    decision = asks({"all_of": [{"group": "owners"}, {"group": "sre"}]})
    assert unknown(decision, MEMBERS) == ("sre",)


def kept(decision: RequireApproval, *votes: Vote, **members: str) -> dict[str, str]:
    known = {Group(name): frozenset(map(Principal, who.split())) for name, who in members.items()}
    found = held_back(decision, votes, digest=DIGEST, members=known or MEMBERS, requester=Principal("alice"))
    return {one.principal: one.why for one in found}


STAGES = asks(
    {"all_of": [{"group": "sre"}]},
    {"stage": "late", "after": "review", "all_of": [{"group": "sre"}], "barred": ["dave"]},
)


def test_who_sits_in_another_stage_is_named_with_the_reason() -> None:
    """Bob's yes for the review is what nobody else can give for what comes later."""
    assert kept(STAGES, yes("bob"), sre="alice bob dave") == {
        "alice": "asked for it",
        "bob": "said yes for review, and one person fills one seat",
        "dave": "is left out by p/g, for whose work or benefit it is",
    }


def test_who_has_one_of_two_seats_is_named_and_who_said_no_may_change_their_mind() -> None:
    two = asks({"all_of": [{"group": "sre", "count": 2}]}).model_copy(update={"denials": 2})
    no = yes("carol").model_copy(update={"answer": "deny"})
    assert kept(two, yes("bob"), no, sre="bob carol") == {
        "bob": "said yes already, and one person fills one seat"
    }


def test_who_can_still_answer_is_not_held_back() -> None:
    assert kept(TWO) == {"alice": "asked for it"}


def test_who_sits_already_is_told_that_somebody_else_must_answer() -> None:
    found = reach_of(
        Principal("bob"), STAGES, (yes("bob"),), digest=DIGEST, requester=Principal("alice"), facts={},
        members={Group("sre"): frozenset({Principal("bob")})},
    )  # fmt: skip
    assert isinstance(found, ClickRefused)
    assert str(found) == (
        "Your answer to this is already counted. "
        "One person fills one seat, so somebody else must answer for late."
    )
