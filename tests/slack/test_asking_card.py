"""The question of a run on its card, and what a press of one of its buttons carries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.assess.decision import Seat
from bot.authorize.people import Person, Standing
from bot.execute.journal import Posed
from bot.flow.notice import Notice
from bot.lifecycle import State
from bot.playground.blocks import message_faults, too_long, view_faults
from bot.slack.answers import listed
from bot.slack.buttons import Buttons
from bot.slack.cards import card, sentence
from bot.slack.clicks import press
from bot.slack.home import waits_for
from bot.slack.modals.details import details
from bot.slack.notices import still
from bot.terms import Group, Principal
from tests.slack.test_cards import BUTTONS, HOSTILE, UNTIL, read

QUESTION = Posed(
    question="0 errors in <10 minutes>.\nGo on?",
    choices=("Go on", "Take it back"),
    stop_on=("Take it back",),
    who=(Seat(person=Principal("alice")), Seat(group=Group("sre"))),
)


@pytest.fixture
def asking(a_request: Any, an_entry: Any) -> Any:
    def make(asked: Posed = QUESTION, **more: Any) -> Any:
        journal = (
            an_entry("began", "tenth", title="A tenth"),
            an_entry("ended", "tenth", ok=True, wall_ms=200),
            an_entry("began", "go_on", title="Ask for the rest", posed=asked),
        )
        return a_request(State.ASKING, **{"journal": journal, "missing": (asked.label(),), **more})

    return make


def test_the_card_has_the_question_whom_it_asks_and_a_button_a_choice(asking: Any) -> None:
    text = read(card(asking(), buttons=BUTTONS))
    status = "💬 *Waiting for an answer.* Nothing runs before alice or @sre answers its question"
    assert f"{status}, until {UNTIL}.\n" in text
    assert (
        "*Steps*\n✓ A tenth (0.2 s)\n💬 Ask for the rest\n"
        "*Question to alice or @sre*\n0 errors in &lt;10 minutes&gt;.\nGo on?\n"
        "[Go on] [Take it back]\n[Stop] [Details]\n"
    ) in text
    assert "expires" not in text


def test_whom_it_leaves_out_is_said_too(asking: Any) -> None:
    posed = QUESTION.model_copy(update={"exclude": ("requester",), "who": QUESTION.who[1:]})
    assert "*Question to @sre, not <@UALICE>*\n" in read(card(asking(posed), buttons=BUTTONS))


def test_what_a_notification_says_has_the_question(asking: Any) -> None:
    said = sentence(asking())
    assert said.startswith("Waiting for an answer: deploy checkout 1.4.2 to staging, asked by <@UALICE>.")
    assert "“0 errors in &lt;10 minutes&gt;. ⏎ Go on?”" in said
    assert "waiting for an answer, needs alice or @sre" in listed(asking())


def test_the_answer_stays_on_the_card(a_request: Any, an_entry: Any) -> None:
    ended = {"title": "Ask for the rest", "posed": QUESTION}
    journal = (
        an_entry("began", "go_on", **ended),
        an_entry("ended", "go_on", ok=True, output="bob, for erin, answered “Go on”.", by="bob", **ended),
    )
    assert "✓ Ask for the rest: bob, for erin, answered “Go on”." in read(
        card(a_request(State.RUNNING, journal=journal), buttons=BUTTONS)
    )
    late = (
        journal[0],
        an_entry("ended", "go_on", ok=False, output="Nobody answered the question in time.", **ended),
    )
    text = read(card(a_request(State.RUNNING, journal=late), buttons=BUTTONS))
    assert "✗ Ask for the rest: Nobody answered the question in time." in text


def test_a_run_that_was_interrupted_at_a_question_blames_no_step(asking: Any, a_request: Any) -> None:
    text = read(card(a_request(State.INTERRUPTED, journal=asking().journal), buttons=BUTTONS))
    assert "It stopped between two steps." in text
    assert "– Ask for the rest: not answered" in text
    assert "nobody can know" not in text


def test_how_it_went_on_between_two_steps_is_said_without_a_step(a_request: Any, an_entry: Any) -> None:
    journal = (an_entry("resolved", "", answer="retry_step", by="bob"),)
    assert "☝ bob: go on" in read(card(a_request(State.RUNNING, journal=journal), buttons=BUTTONS))


def test_no_value_draws_a_line_or_a_mention_and_slack_takes_it(asking: Any) -> None:
    asked = QUESTION.model_copy(
        update={
            "question": HOSTILE[:1000],
            "choices": tuple(f"{n} {HOSTILE[:70]}" for n in range(5)),
            "who": (Seat(group=Group(HOSTILE)),),
        }
    )
    shown = card(asking(asked), buttons=BUTTONS)
    assert not message_faults(shown.blocks)
    assert not too_long(shown.blocks)
    text = json.dumps(shown.blocks, ensure_ascii=False)
    [question] = [block for block in shown.blocks if block["block_id"] == "question"]
    assert "<" not in question["text"]["text"]
    assert "\u202e" not in text
    assert len(shown.blocks) == 9


def test_details_have_the_whole_question(asking: Any) -> None:
    made = press({"user": "U1", "team": "T1"}, {"action_id": "details", "value": ""}, BUTTONS)
    view = details(asking(), press=made, buttons=BUTTONS, command="/assent")
    assert not view_faults(view)
    assert "0 errors in <10 minutes>." in json.dumps(view)


# Buttons


def buttons_of(request: Any, buttons: Buttons = BUTTONS) -> dict[str, str]:
    [row] = [block for block in card(request, buttons=buttons).blocks if block["block_id"] == "answers"]
    return {one["action_id"]: one["value"] for one in row["elements"]}


def pressing(action: str, value: str) -> Any:
    return press(
        {"user": {"id": "UALICE"}, "team": {"id": "T1"}}, {"action_id": action, "value": value}, BUTTONS
    )


def test_a_press_says_which_question_and_which_choice(asking: Any) -> None:
    made = buttons_of(asking())
    assert list(made) == ["answer:2.0", "answer:2.1"]
    click = pressing("answer:2.1", made["answer:2.1"]).click()
    assert (click.action, click.choice, click.genuine) == ("answer", "2.1", True)


@pytest.mark.parametrize("action", ["answer:2.0", "answer:9.1", "answer:", "answer", "answer:2.1:0"])
def test_the_value_of_one_choice_is_forged_for_every_other(asking: Any, action: str) -> None:
    value = buttons_of(asking())["answer:2.1"]
    assert not pressing(action, value).click().genuine


@pytest.mark.parametrize("action", ["approve", "stop", "undo", "retry_step"])
def test_nor_is_it_any_other_button(asking: Any, action: str) -> None:
    assert not pressing(action, buttons_of(asking())["answer:2.1"]).click().genuine


def test_two_choices_pressed_at_one_moment_are_two_presses(asking: Any) -> None:
    made = buttons_of(asking())
    assert len({pressing(action, value).id for action, value in made.items()}) == 2


# Whom it waits for


@pytest.mark.parametrize(
    ("name", "groups", "exclude", "waits"),
    [
        ("alice", set(), (), True),
        ("bob", {"sre"}, (), True),
        ("bob", {"release"}, (), False),
        ("alice", {"sre"}, ("requester",), False),
    ],
)
def test_home_lists_it_for_those_who_may_answer(
    asking: Any, name: str, groups: set[str], exclude: tuple[str, ...], waits: bool
) -> None:
    person = Person(
        slack_user=f"U{name.upper()}",
        standing=Standing.MEMBER,
        principal=Principal(name),
        groups=frozenset(map(Group, groups)),
    )
    asked = QUESTION.model_copy(update={"exclude": exclude})
    assert waits_for(asking(asked), person) is waits


def test_nobody_is_told_of_a_question_that_is_answered(asking: Any, a_request: Any) -> None:
    notice = Notice(request=asking().id, kind="question", text="r-42 asks")
    assert still(asking(), notice)
    assert not still(a_request(State.RUNNING), notice)
