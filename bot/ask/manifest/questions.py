"""A question to people in the middle of a run: what is asked, of whom, and which answers end the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from bot.ask.manifest.words import Text
from bot.terms import Group, Principal, Record

REQUESTER = "requester"
"""In the place of a group: whoever asked for the run."""
LONGEST_QUESTION, LONGEST_CHOICE = 1000, 75
"""Characters, also with values filled in: a card shows a question whole, and Slack's buttons take 75."""

_NAME = re.compile(r"[^@\s]+")
_SHAPE = "whoever may answer is a group by its name, {person: alice}, or requester"


class Person(Record):
    """One person, as policies name them."""

    person: Principal


class InGroup(Record):
    group: Group


def _whom(found: object) -> object:
    """A group stands as its bare name, as in all lists of groups; `{group: sre}` says the same."""
    if isinstance(found, str):
        if not _NAME.fullmatch(found):
            plain = found.lstrip("@")
            raise ValueError(f"write {plain}, without the @" if _NAME.fullmatch(plain) else _SHAPE)
        return found
    if isinstance(found, Mapping) and found.keys() == {"group"}:
        return _whom(found["group"])
    if isinstance(found, Mapping) and found.keys() == {"person"} and isinstance(found["person"], str):
        if not _NAME.fullmatch(found["person"]):
            raise ValueError("a person is named as in policies/people.yaml, without @")
        return Person(person=Principal(found["person"]))
    if isinstance(found, Person):
        return found
    raise ValueError(_SHAPE)


Whom = Annotated[
    Group | Person,
    BeforeValidator(_whom, json_schema_input_type=Text | InGroup | Person),
]

Choice = Annotated[str, Field(min_length=1, max_length=LONGEST_CHOICE)]


class Question(Record):
    """Asked of people on the card; the run waits, and holds no worker.

    `who` may answer: groups, people and the requester, who is left out where `exclude` says so although in a
    group. An answer in `stop_on` stops the run as a person's Stop does.
    """

    question: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=5)
    stop_on: tuple[Choice, ...] = ()
    who: tuple[Whom, ...] = Field(min_length=1)
    exclude: tuple[Literal["requester"], ...] = ()

    @model_validator(mode="after")
    def _can_be_answered(self) -> Question:
        if len(set(self.choices)) < len(self.choices):
            raise ValueError("two choices are the same: nobody could tell their buttons apart")
        if any(choice.startswith("-") for choice in self.choices):
            raise ValueError("a choice may not start with a dash: in a command it would be an option")
        if stranger := next((choice for choice in self.stop_on if choice not in self.choices), None):
            raise ValueError(f"stop_on has {stranger!r}, which is not one of the choices")
        if set(self.choices) <= set(self.stop_on):
            raise ValueError("every choice is in stop_on: no answer would let the run go on")
        if REQUESTER in self.who and REQUESTER in self.exclude:
            raise ValueError("the requester is in who and in exclude")
        return self
