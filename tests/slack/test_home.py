"""What waits for me: a hint, never a right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.assess.decision import Escalation
from bot.authorize.people import Person, Standing
from bot.flow.request import Review
from bot.lifecycle import State
from bot.slack.home import waits_for
from bot.terms import Digest, Group, Principal
from tests.slack.conftest import NOON


def person(name: str, *groups: str) -> Person:
    return Person(
        slack_user=f"U{name.upper()}",
        standing=Standing.MEMBER,
        principal=Principal(name),
        groups=frozenset(map(Group, groups)),
    )


@pytest.mark.parametrize(
    ("who", "waits"),
    [
        pytest.param(person("carol", "release"), True, id="in a group that is asked"),
        pytest.param(person("dave", "leads"), False, id="in a group that may be added later"),
        pytest.param(person("alice", "release"), False, id="whoever asked"),
        pytest.param(person("bob", "engineers"), False, id="somebody else"),
    ],
)
def test_an_answer_waits_for_those_who_are_asked(
    who: Person, waits: bool, a_request: Any, an_assessment: Any
) -> None:
    assert waits_for(a_request(assessment=_escalating(an_assessment)), who) is waits


def test_it_waits_for_the_added_once_they_are(a_request: Any, an_assessment: Any) -> None:
    request = a_request(assessment=_escalating(an_assessment), escalated=1)
    assert waits_for(request, person("dave", "leads"))


def test_nothing_waits_for_whoever_is_left_out(a_request: Any, an_assessment: Any) -> None:
    decision = an_assessment().decision
    [one] = decision.requirements
    barred = one.model_copy(update={"barred": (Principal("carol"),)})
    judged = an_assessment(decision=decision.model_copy(update={"requirements": (barred,)}))
    assert not waits_for(a_request(assessment=judged), person("carol", "release"))


def test_it_waits_again_for_whoever_answered_before_it_was_judged_anew(a_request: Any, a_vote: Any) -> None:
    answered = a_request(votes=(a_vote("carol"),))
    assert not waits_for(answered, person("carol", "release"))
    before = a_vote("carol").model_copy(update={"digest": Digest("sha256:" + "0" * 64)})
    assert waits_for(a_request(votes=(before,)), person("carol", "release"))


@pytest.mark.parametrize(
    ("who", "waits"),
    [
        pytest.param(person("mia", "mgmt"), True, id="a reviewer"),
        pytest.param(person("bob", "mgmt"), False, id="who said yes"),
        pytest.param(person("alice", "mgmt"), False, id="who asked"),
        pytest.param(person("dave", "sre"), False, id="somebody else"),
    ],
)
def test_a_review_waits_for_who_may_write_it(who: Person, waits: bool, a_request: Any, a_vote: Any) -> None:
    review = Review(by=(Group("mgmt"),), due=NOON + timedelta(days=3))
    request = a_request(State.DONE, review=review, votes=(a_vote("bob"),))
    assert waits_for(request, who) is waits
    done = review.model_copy(update={"closed_by": Principal("mia"), "closed_at": NOON})
    assert not waits_for(request.model_copy(update={"review": done}), who)


def _escalating(an_assessment: Any) -> Any:
    added = Escalation(after_s=60, add=(Group("leads"),))
    return an_assessment(decision=an_assessment().decision.model_copy(update={"escalation": (added,)}))
