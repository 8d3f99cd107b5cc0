"""How people answer is measured, and nobody is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot.authorize.click import Action, Answered, Click, RefusedBecause
from bot.slack.fatigue import ROW_S, Fatigue
from bot.terms import RequestId
from tests.slack.conftest import NOON


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def click(action: Action = "approve", *, by: str = "UBOB", read: bool = False) -> Click:
    return Click(
        id="c",
        team="T1",
        channel="C1",
        message_ts="1.2",
        slack_user=by,
        action=action,
        request=RequestId("r-42"),
        card_revision=1,
        genuine=True,
        read=read,
    )


def test_time_to_click_is_from_waiting_to_the_vote(
    registry: CollectorRegistry, a_request: Any, an_assessment: Any, a_vote: Any
) -> None:
    judged = an_assessment()
    votes = tuple(
        a_vote(who, minute=minute).model_copy(update={"digest": judged.digest})
        for who, minute in (("carol", 1), ("bob", 3))
    )
    request = a_request(assessment=judged, votes=votes, waits_since=NOON + timedelta(minutes=1))
    Fatigue(registry).seen(click(), Answered(True, "counts"), request)
    assert registry.get_sample_value("assent_answer_after_seconds_sum", {"answer": "approve"}) == 120
    assert registry.get_sample_value("assent_answer_after_seconds_count", {"answer": "approve"}) == 1


def test_a_refused_click_is_counted_with_its_reason_and_measures_nothing(
    registry: CollectorRegistry, a_request: Any
) -> None:
    refused = Answered(False, "no", RefusedBecause.UNCONFIRMED)
    Fatigue(registry).seen(click(), refused, a_request())
    outcome = {"action": "approve", "outcome": "unconfirmed"}
    assert registry.get_sample_value("assent_clicks_total", outcome) == 1
    assert registry.get_sample_value("assent_approvals_in_a_row_count") == 0


def test_a_row_is_one_persons_within_ten_minutes(registry: CollectorRegistry) -> None:
    now = 0.0
    fatigue = Fatigue(registry, clock=lambda: now)
    lengths = []
    for who, after in (("UBOB", 0), ("UBOB", 1), ("UCAROL", 0), ("UBOB", 1), ("UBOB", ROW_S)):
        now += after
        before = registry.get_sample_value("assent_approvals_in_a_row_sum") or 0.0
        fatigue.seen(click(by=who), Answered(True, "counts"), None)
        lengths.append((registry.get_sample_value("assent_approvals_in_a_row_sum") or 0.0) - before)
    assert lengths == [1, 2, 1, 3, 1]


def test_reading_is_counted_and_nobody_is_named(registry: CollectorRegistry) -> None:
    fatigue = Fatigue(registry)
    fatigue.seen(click(read=True), Answered(True, "counts"), None)
    fatigue.seen(click("deny", read=True), Answered(True, "counts"), None)
    assert registry.get_sample_value("assent_approvals_read_total", {"read": "yes"}) == 1
    assert "UBOB" not in generate_latest(registry).decode()
