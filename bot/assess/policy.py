"""The policies that are armed, compiled once; one that does not load arms nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from bot.ask.reading import Path
from bot.terms import Refused

Marks = Mapping[Path, tuple[int, int]]
"""Line and column, counted from 1, of each key or list item of a document."""


class Document(NamedTuple):
    """A YAML file as read: plain data (dates are still text), and where everything stands."""

    data: JsonValue
    marks: Marks


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file, where it stands, and what would be right."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}{f'. {self.hint}' if self.hint else ''}"


class PolicyError(Refused):
    """Documents that must not decide anything; `problems` has everything that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
