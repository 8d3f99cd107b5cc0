"""What a run may do next: one thing at a time, each with a name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.ask.manifest import AskStep, Precondition, Step

Ending = Literal["done", "not_done", "failed", "rolled_back", "unknown", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunStep:
    """Begin this step, after a wait when it is tried again."""

    step: Step
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LookFirst:
    """See whether this holds before anything begins."""

    precondition: Precondition


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """Nobody knows whether it happened; its probe asks the target."""

    step: Step


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Nobody knows whether it happened and nothing can tell: a person must say."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True)
class PutQuestion:
    """Ask people on the card; nothing runs until one has answered."""

    step: AskStep


@dataclass(frozen=True, slots=True)
class Measure:
    """Everything ran: look whether it is done."""


@dataclass(frozen=True, slots=True)
class UndoStep:
    step: Step


@dataclass(frozen=True, slots=True)
class Finish:
    ending: Ending
    sentence: str


Move = LookFirst | RunStep | ProbeStep | AskPerson | PutQuestion | Measure | UndoStep | Finish
