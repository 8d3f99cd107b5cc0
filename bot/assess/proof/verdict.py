"""What a proof says, and whether one decision is as an invariant wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from bot.assess.decision import Decision
from bot.assess.policy_table import people_needed
from bot.assess.promises import Invariant

Word = Literal["PROVED", "REFUTED", "UNKNOWN", "VACUOUS", "TOO LARGE"]


@dataclass(frozen=True, slots=True)
class Example:
    """A concrete request and what was really decided; `told_apart` are the facts that conditions look at."""

    facts: Mapping[str, Any]
    decision: Decision
    told_apart: tuple[str, ...]

    @property
    def people(self) -> int | None:
        return people_needed(self.decision)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`requests`: how many different ones were looked at; `said`: the reason, when it is not proved."""

    policy: str
    invariant: str
    word: Word
    requests: int = 0
    said: str = ""
    example: Example | None = None


class Silence(NamedTuple):
    """A request that these policies apply to and none of their gates mentions, and so is denied."""

    policies: tuple[str, ...]
    example: Example


@dataclass(frozen=True, slots=True)
class Report:
    """`dead`: gates that match no request at all. `shadowed`: gates without which every request would be
    decided the same, by the same people. `unsaid`: what could not be looked at, and why."""

    verdicts: tuple[Verdict, ...]
    dead: tuple[str, ...]
    shadowed: tuple[str, ...]
    silent: tuple[Silence, ...]
    unsaid: tuple[str, ...]

    @property
    def proved(self) -> bool:
        return all(one.word == "PROVED" for one in self.verdicts)


def kept(invariant: Invariant, decision: Decision) -> bool:
    """Whether a decision is as the invariant wants it."""
    if decision.effect not in invariant.may_be:
        return False
    people = people_needed(decision)
    return invariant.min_people is None or people is None or people >= invariant.min_people


def objection(invariant: Invariant, example: Example) -> str:
    decision = example.decision
    rules = ", ".join(one.rule for one in decision.because)
    if decision.effect == "require" and "require" in invariant.may_be:
        people = "1 person is" if example.people == 1 else f"{example.people} people are"
        return f"{people} asked by {rules}, and it takes {invariant.min_people}"
    return f"it is {_SAID[decision.effect]} by {rules}"


_SAID = {"allow": "allowed", "require": "sent for approval", "deny": "denied"}
