"""Whom a policy asks, as it is written: seats, what an override takes, what a record changes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from bot.assess.decision import Relation, Seat
from bot.assess.scalars import Duration, Word
from bot.terms import Group, Principal, Record


class Place(Record):
    """A seat as a policy writes it: so many people of a group, or one person."""

    group: Group | None = None
    person: Principal | None = None
    count: int = Field(default=1, ge=1, le=100)

    @model_validator(mode="after")
    def _a_seat(self) -> Place:
        self.seat()
        return self

    def seat(self) -> Seat:
        return Seat(group=self.group, person=self.person, count=self.count)


class Require(Record):
    """Who must say yes when the gate matches. Leaving `exclude` out excludes the requester.

    `deny` is how many people's no ends it, `veto` names groups of whom one no does. With `reason: required`
    whoever says yes says why, with `confirm: typed` they type what it is about.
    """

    stage: Word = "review"
    all_of: tuple[Place, ...] = ()
    any_of: tuple[Place, ...] = ()
    distinct: bool = True
    exclude: tuple[Relation, ...] = ("requester",)
    after: Word | None = None
    deny: int = Field(default=1, ge=1, le=100)
    veto: tuple[Group, ...] = ()
    reason: Literal["optional", "required"] = "optional"
    confirm: Literal["press", "typed"] = "press"


LONGEST_OVERRIDE_S = 3600
"""Broken glass is for now: what could not begin within an hour is asked for anew."""


def _an_hour_at_most(seconds: int) -> int:
    if seconds > LONGEST_OVERRIDE_S:
        raise ValueError("an override lasts an hour at most: 1h")
    return seconds


class Override(Record):
    """Who may say yes to what the gate denies, when the requester breaks the glass: never by themselves.

    A request breaks the glass with a reason and an incident. Every other gate still holds: an override takes
    the place of its own deny and of nothing else.
    """

    all_of: tuple[Place, ...] = ()
    any_of: tuple[Place, ...] = ()
    exclude: tuple[Relation, ...] = ("requester",)
    notify: tuple[Group, ...] = Field(min_length=1)
    ttl: Annotated[Duration, AfterValidator(_an_hour_at_most)] = LONGEST_OVERRIDE_S
    review_by: tuple[Group, ...] = Field(min_length=1)
    review_within: Duration = 3 * 86_400


class Earned(Record):
    """What a verified record changes about a `require`: others are asked `instead`, or nobody.

    The record is that of the skill's major version in this environment and risk band. Destructive effects
    earn nothing, a share of `sample` is asked for all the same, a failure takes it away for `cool_down_days`.
    """

    runs: int = Field(ge=5, le=1_000_000)
    success_lb: float = Field(ge=0.5, lt=1.0)
    probation: int = Field(default=3, ge=1, le=1000)
    failures_30d: int = Field(default=0, ge=0, le=1000)
    cool_down_days: int = Field(default=14, ge=1, le=365)
    sample: float = Field(default=0.1, gt=0.0, le=1.0)
    instead: Require | None = None
