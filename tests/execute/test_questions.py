"""What comes next of a run that asks people: by its journal alone, as of every other run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.ask.manifest import AskStep, Manifest
from bot.assess.decision import Seat
from bot.execute.journal import Entry, Posed
from bot.execute.moves import Finish, PutQuestion, RunStep, UndoStep
from bot.execute.run import asked_about, cut_off, next_move
from bot.execute.steps.ask import answered, answers, open_question, ready, unanswered
from bot.terms import Group, Principal, Refused
from tests.execute.test_run import manifest

AT = datetime(2026, 1, 1, tzinfo=UTC)
ALICE, BOB = Principal("alice"), Principal("bob")
ASK = {
    "id": "ask",
    "title": "Ask",
    "timeout": "4h",
    "repeat": "pure",
    "ask": {
        "question": "Go on with ${inputs.what}?",
        "choices": ("Go on", "Stop ${inputs.what}"),
        "stop_on": ("Stop ${inputs.what}",),
        "who": ("requester", "sre", {"person": "bob"}, "sre"),
    },
}


def asking(**more: Any) -> Manifest:
    """`a`, then a question, then `b`."""
    plain = manifest("idempotent", "idempotent", **more)
    a, b = plain.steps
    return plain.model_copy(update={"steps": (a, AskStep.model_validate(ASK), b)})


def put() -> Posed:
    step = asking().steps[1]
    assert isinstance(step, AskStep)
    return ready(step.ask, lambda text: text.replace("${inputs.what}", "it"), requester=ALICE)


def line(event: str, step: str, **more: Any) -> Entry:
    return Entry.model_validate({"event": event, "step": step, "fence": 1, "at": AT, **more})


A = (line("began", "a"), line("ended", "a", ok=True, wall_ms=10))
BEGAN = line("began", "ask", posed=put())
YES = answered(BEGAN, "Go on", by=BOB, words="bob answered “Go on”.")
NO = answered(BEGAN, "Stop it", by=BOB, words="bob answered “Stop it”.")
STOP = line("stop_asked", "", by="alice")


def test_it_is_ready_with_values_filled_in_and_the_requester_by_name() -> None:
    assert put() == Posed(
        question="Go on with it?",
        choices=("Go on", "Stop it"),
        stop_on=("Stop it",),
        who=(Seat(person=ALICE), Seat(group=Group("sre")), Seat(person=BOB)),
    )
    assert put().label() == "alice or @sre or bob"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x" * 1000, "longer than 1000 characters"),
        ("x" * 75, "longer than 75 characters"),
    ],
)
def test_what_values_make_unreadable_is_not_asked(value: str, said: str) -> None:
    step = asking().steps[1]
    assert isinstance(step, AskStep)
    with pytest.raises(Refused, match=said):
        ready(step.ask, lambda text: text.replace("${inputs.what}", value), requester=ALICE)


@pytest.mark.parametrize(
    ("journal", "expected"),
    [
        pytest.param((), "run a", id="what is before it comes first"),
        pytest.param(A, "put ask", id="then it is asked"),
        pytest.param((*A, BEGAN), "put ask", id="a question that lost its worker is asked again"),
        pytest.param((*A, *[BEGAN] * 9), "put ask", id="however often"),
        pytest.param((*A, BEGAN, YES), "run b", id="and the answer lets it go on"),
        pytest.param((*A, BEGAN, NO), "undo a", id="or stops it"),
        pytest.param((*A, BEGAN, unanswered(BEGAN)), "undo a", id="as silence does"),
        pytest.param((*A, BEGAN, STOP), "undo a", id="and a Stop"),
    ],
)
def test_next_move(journal: Sequence[Entry], expected: str) -> None:
    match next_move(asking(), journal):
        case PutQuestion(step):
            said = f"put {step.id}"
        case RunStep(step):
            said = f"run {step.id}"
        case UndoStep(step):
            said = f"undo {step.id}"
        case other:
            raise AssertionError(other)
    assert said == expected


@pytest.mark.parametrize(
    ("journal", "ending", "sentence"),
    [
        ((*A, BEGAN, NO), "cancelled", "bob answered “Stop it”. Nothing was undone."),
        (
            (*A, BEGAN, unanswered(BEGAN)),
            "failed",
            "Nobody answered the question in time. Nothing was undone.",
        ),
        ((*A, BEGAN, STOP), "cancelled", "Stopped by alice. Nothing was undone."),
    ],
)
def test_how_it_ends_where_nothing_is_undone(journal: Sequence[Entry], ending: str, sentence: str) -> None:
    assert next_move(asking(on_fail="stop"), journal) == Finish(ending, sentence)  # type: ignore[arg-type]


def test_a_question_is_no_step_that_had_begun() -> None:
    only = asking().model_copy(update={"steps": (AskStep.model_validate(ASK),)})
    assert next_move(only, (BEGAN, NO)) == Finish("cancelled", "bob answered “Stop it”. No step had begun.")
    for journal, sentence in (
        ((BEGAN,), "Revoked. No step that changes anything had begun."),
        ((*A, BEGAN), "Revoked. What it did (a) was not undone: a person must look."),
    ):
        assert cut_off(None, journal, "Revoked.").sentence == sentence


def test_nobody_is_asked_whether_a_question_happened() -> None:
    assert asked_about((*A, BEGAN)) == ""


def test_waiting_is_not_running() -> None:
    late = YES.model_copy(update={"at": AT.replace(year=2027)})
    assert isinstance(next_move(asking(), (*A, BEGAN, late)), RunStep)


def test_what_is_open_and_what_was_answered() -> None:
    assert open_question(A) is None
    assert open_question((*A, BEGAN)) == (2, BEGAN.posed)
    assert open_question((*A, BEGAN, YES)) is None
    assert answers((*A, BEGAN, YES)) == {"ask": "Go on"}
    assert answers((*A, BEGAN, unanswered(BEGAN))) == {}


def test_a_process_of_the_version_before_reads_every_entry_that_is_no_questions() -> None:
    assert "posed" not in A[0].model_dump_json()
    assert Entry.model_validate_json(BEGAN.model_dump_json()) == BEGAN
    with pytest.raises(ValidationError):
        Entry.model_validate_json(BEGAN.model_dump_json().replace('"question"', '"qustion"'))
