"""A question to people, with every value filled in; and what a journal says of questions and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import JsonValue

from bot.ask.manifest.questions import LONGEST_CHOICE, LONGEST_QUESTION, REQUESTER, Person, Question
from bot.assess.decision import RequireApproval, Requirement, Seat
from bot.execute.journal import Entry, Posed
from bot.terms import Principal, Refused


def ready(question: Question, fill: Callable[[str], str], *, requester: Principal) -> Posed:
    """The question as people will read it.

    Raises Refused when what was filled in makes it too long to be read whole, or two choices look alike.
    """
    text, choices = fill(question.question), {choice: fill(choice) for choice in question.choices}
    if len(text) > LONGEST_QUESTION:
        raise Refused(f"The question is longer than {LONGEST_QUESTION} characters: {text[:60]}…")
    for choice in choices.values():
        if not choice.strip() or len(choice) > LONGEST_CHOICE:
            raise Refused(f"A choice is empty or longer than {LONGEST_CHOICE} characters: {choice!r}.")
    if len(set(choices.values())) < len(choices):
        raise Refused(f"Two choices are the same once values are filled in: {', '.join(choices.values())}.")
    seats = []
    for one in question.who:
        if isinstance(one, Person):
            seats.append(Seat(person=one.person))
        elif one == REQUESTER:
            seats.append(Seat(person=requester))
        else:
            seats.append(Seat(group=one))
    return Posed(
        question=text,
        choices=tuple(choices.values()),
        stop_on=tuple(choices[choice] for choice in question.stop_on),
        who=tuple(dict.fromkeys(seats)),
        exclude=question.exclude,
    )


def decision(posed: Posed) -> RequireApproval:
    """Who may answer, in the words that the gate asks for approvers in: any one of them."""
    return RequireApproval(
        because=(), requirements=(Requirement(rule="ask", any_of=posed.who, exclude=posed.exclude),)
    )


def open_question(journal: Sequence[Entry]) -> tuple[int, Posed] | None:
    """The question that nobody has answered, and its place in the journal; None when there is none."""
    for position, entry in reversed(list(enumerate(journal))):
        if entry.posed is not None and entry.phase == "step":
            return (position, entry.posed) if entry.event == "began" else None
    return None


def answered(began: Entry, choice: str, *, by: Principal, words: str) -> Entry:
    """The answer as the step's result; `words` say it to people."""
    result: dict[str, JsonValue] = {"answer": choice, "by": by}
    return began.model_copy(
        update={"event": "ended", "ok": True, "by": by, "output": words, "result": result}
    )


def unanswered(began: Entry) -> Entry:
    """Time is over: the step has failed."""
    words = "Nobody answered the question in time."
    return began.model_copy(update={"event": "ended", "ok": False, "output": words})


def answers(journal: Sequence[Entry]) -> dict[str, str]:
    """What people answered, by the ids of the steps that asked."""
    return {
        entry.step: str(entry.result["answer"])
        for entry in journal
        if entry.posed is not None and entry.event == "ended" and entry.ok and entry.result is not None
    }
