"""`lint.yaml` of a skill: warnings that somebody looked at, with the reason, until a day.

It is one of the skill's files, so it is reviewed and signed with them. Errors cannot be suppressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.artifacts import yaml_marks
from bot.artifacts.inspection.rules import GUESSES
from bot.artifacts.yaml_marks import Marks, NotYaml, place, placed
from bot.ask.catalog import did_you_mean
from bot.ask.manifest.words import Text
from bot.ask.reading import Problem, Unreadable, read_as
from bot.terms import Record

FILE = "lint.yaml"
RULE = "suppression"


def _day(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("a day is written 2027-03-31")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None
    return text


class Suppression(Record):
    """Of one rule, in one file of the skill or in all of them."""

    rule: Text
    file: Text | None = None
    reason: Text
    until: Annotated[str, AfterValidator(_day)]

    def holds(self, found: Problem, label: str) -> bool:
        return found.rule == self.rule and self.file in (None, found.file.removeprefix(f"{label}/"))


class Suppressions(Record):
    """`lint.yaml`: warnings that somebody looked at, with the reason, until a day."""

    suppress: tuple[Suppression, ...] = Field(default=())


def suppressed(
    found: Iterable[Problem], content: bytes | None, *, label: str, today: date
) -> Iterator[Problem]:
    """What is left of `found`, and what is wrong with the suppressions themselves."""
    if content is None:
        yield from found
        return
    file = f"{label}/{FILE}"
    try:
        data, marks = yaml_marks.read(content, file=file)
        listed = read_as(Suppressions, data or {}).suppress
    except NotYaml as error:
        yield from (error.problem, *found)
        return
    except Unreadable as error:
        yield from (*(placed(finding, marks, file) for finding in error.findings), *found)
        return
    used: set[int] = set()
    for problem in found:
        holding = [n for n, one in enumerate(listed) if one.holds(problem, label)]
        good = [n for n in holding if date.fromisoformat(listed[n].until) >= today]
        used |= {*holding}
        if not good or problem.level == "error":
            yield problem
    for position, one in enumerate(listed):
        yield from _faults(position, one, marks, file, used=position in used, today=today)


def _faults(
    position: int, one: Suppression, marks: Marks, file: str, *, used: bool, today: date
) -> Iterator[Problem]:
    def at(key: str, message: str, hint: str) -> Problem:
        line, column = place(marks, ("suppress", position, key))
        return Problem(file, line, column, message, hint, rule=RULE, level="warning")

    if one.rule not in GUESSES:
        guess = did_you_mean(one.rule, GUESSES).strip()
        yield at("rule", f"no rule {one.rule} can be suppressed", guess or f"Known: {', '.join(GUESSES)}.")
    elif date.fromisoformat(one.until) < today:
        yield at("until", f"this ended on {one.until}", "Look again, then say until when.")
    elif not used:
        yield at("rule", "there is nothing left to suppress here", "Take it out.")
