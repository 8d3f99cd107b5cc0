"""A yes that takes more than a press: who is asked for what, and what the form does about a slip."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.assess.decision import Because, RequireApproval, Requirement, Seat
from bot.playground.blocks import view_faults
from bot.slack.buttons import Buttons
from bot.slack.cards import card
from bot.slack.clicks import Press, press
from bot.slack.confirming import Confirming, confirming, confirming_of
from bot.slack.modals.approve import approve, said, wrong
from bot.slack.modals.details import details
from bot.terms import Group, Principal

BUTTONS = Buttons(secret="signing secret", team="T1")
WANTED = "deploy checkout 1.4.2 staging"
MEMBERS = {Group("release"): frozenset({Principal("bob")}), Group("sre"): frozenset({Principal("dave")})}


def asks(*requirements: Requirement) -> RequireApproval:
    return RequireApproval(because=(Because(rule="p/g", why="it matters"),), requirements=requirements)


def seat(group: str, *, stage: str = "review", count: int = 1, **more: Any) -> Requirement:
    return Requirement(
        rule=f"p/{stage}", stage=stage, all_of=(Seat(group=Group(group), count=count),), **more
    )


@pytest.mark.parametrize(
    ("requirements", "asked"),
    [
        pytest.param([seat("release")], Confirming(), id="a press is enough"),
        pytest.param([seat("release", reason=True)], Confirming(reason=True), id="a reason"),
        pytest.param([seat("release", typed=True)], Confirming(typed=WANTED), id="typing"),
        pytest.param(
            [seat("release", reason=True), seat("sre", typed=True)],
            Confirming(True, WANTED),
            id="side by side, all that is asked",
        ),
        pytest.param(
            [seat("release"), seat("sre", stage="safety", after="review", typed=True)],
            Confirming(),
            id="a later stage is not asked for yet",
        ),
    ],
)
def test_what_is_asked_of_everybody(
    requirements: list[Requirement], asked: Confirming, a_request: Any, an_assessment: Any
) -> None:
    assert confirming(a_request(assessment=an_assessment(decision=asks(*requirements)))) == asked


def test_a_later_stage_is_asked_for_once_the_first_may_be_full(
    a_request: Any, an_assessment: Any, a_vote: Any
) -> None:
    later = [seat("release", count=2), seat("sre", stage="safety", after="review", typed=True)]
    judged = an_assessment(decision=asks(*later))
    votes = tuple(a_vote(name).model_copy(update={"digest": judged.digest}) for name in ("bob", "erin"))
    assert not confirming(a_request(assessment=judged, votes=votes[:1]))
    assert confirming(a_request(assessment=judged, votes=votes)) == Confirming(typed=WANTED)


def test_each_is_asked_for_what_their_own_stage_takes(a_request: Any, an_assessment: Any) -> None:
    both = [seat("release", reason=True), seat("sre", stage="safety", typed=True)]
    request = a_request(assessment=an_assessment(decision=asks(*both)))
    assert confirming_of(request, Principal("bob"), MEMBERS) == Confirming(reason=True)
    assert confirming_of(request, Principal("dave"), MEMBERS) == Confirming(typed=WANTED)
    assert confirming_of(request, Principal("gus"), MEMBERS) == Confirming(True, WANTED)


def test_the_button_asks_first_and_carries_the_value_of_a_yes(a_request: Any, an_assessment: Any) -> None:
    request = a_request(assessment=an_assessment(decision=asks(seat("release", typed=True))))
    button = card(request, buttons=BUTTONS).blocks[-2]["elements"][0]
    assert (button["action_id"], button["text"]["text"]) == ("approve:ask", "Approve…")
    assert BUTTONS.read("approve", button["value"]).genuine
    view = details(request, press=_made(button), buttons=BUTTONS, command="/assent")
    [inside] = [
        one for b in view["blocks"] for one in b.get("elements", ()) if "approve" in one.get("action_id", "")
    ]
    assert inside["action_id"] == "approve:ask"


def test_the_form_says_what_to_type_and_carries_the_button(a_request: Any) -> None:
    view = approve(_made({"value": "v"}), "deploy checkout 1.4.2 to staging", Confirming(True, WANTED))
    assert view_faults(view, "modal") == []
    labels = [block["label"]["text"] for block in view["blocks"] if block["type"] == "input"]
    assert labels == [f"Type: {WANTED}", "Why do you approve?"]
    assert json.loads(view["private_metadata"])["value"] == "v"


def test_what_is_too_long_for_a_label_stands_above_its_field() -> None:
    long = "deploy " + "x" * 2000
    view = approve(_made({"value": "v"}), long, Confirming(typed=long))
    assert view_faults(view, "modal") == []
    assert long in json.dumps(view["blocks"])


@pytest.mark.parametrize(
    ("entered", "fields"),
    [
        ({"reason": "it is urgent", "typed": f" {WANTED} "}, []),
        ({"reason": "  ", "typed": WANTED}, ["reason"]),
        ({"reason": "why", "typed": WANTED.upper()}, ["typed"]),
        ({}, ["reason", "typed"]),
    ],
)
def test_a_slip_keeps_the_form_open(entered: dict[str, str], fields: list[str]) -> None:
    assert list(wrong(["typed", "reason"], said(entered), WANTED)) == fields


def test_an_accent_counts_however_it_is_typed() -> None:
    assert said({"typed": "cafe\u0301"})["typed"] == "caf\u00e9"


def _made(button: dict[str, Any]) -> Press:
    body = {
        "team": {"id": "T1"},
        "user": {"id": "UBOB"},
        "container": {"type": "message", "channel_id": "C1", "message_ts": "1.2"},
    }
    return press(body, {"action_id": "approve:ask", "value": "r-42.1.x"} | button, BUTTONS)
