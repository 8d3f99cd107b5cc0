"""The shape of `policies/*.yaml`: one runbook a file, read strictly."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    NaiveDatetime,
    model_validator,
)

from bot.ask.manifest import Check, Money, Name
from bot.ask.manifest.words import written
from bot.assess.decision import Relation, Seat
from bot.terms import Environment, Group, Principal, Record

_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(text: object) -> object:
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a duration is a whole number and a unit, such as 30m, 4h or 2d")
    return int(found[1]) * _SECONDS[found[2]]


Duration = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=written(_DURATION))]
Id = Annotated[str, Field(pattern=r"\A[A-Za-z0-9]+(-[A-Za-z0-9]+)*\z", max_length=64)]
Word = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9_]*\z", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Condition = Annotated[str, Field(min_length=1, max_length=4000)]


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


class Gate(Record):
    """A decision point: when `when` is true, exactly one of allow, deny, require applies."""

    id: Id
    why: Text
    when: Condition
    allow: Literal[True] | None = None
    deny: Text | None = None
    require: Require | None = None
    override: Override | None = None
    earned: Earned | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Gate:
        if sum(effect is not None for effect in (self.allow, self.deny, self.require)) != 1:
            raise ValueError("a gate has exactly one of allow: true, deny: text, require: {…}")
        if self.override is not None and self.deny is None:
            raise ValueError("override: belongs to a gate that denies")
        if self.earned is not None and self.require is None:
            raise ValueError("earned: belongs to a gate that requires")
        return self


class Step(Record):
    """One step of the escalation: after so long without a grant, remind, add approvers, page."""

    after: Duration
    remind: Literal["needed"] | None = None
    add: tuple[Group, ...] = ()
    to: Word | None = None
    page: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Step:
        if not (self.remind or self.add or self.page):
            raise ValueError("a step of the escalation has remind: needed, add: [group] or page: [group]")
        if self.to is not None and not self.add:
            raise ValueError("to: says for which stage people are added, so it goes with add:")
        return self


class Fatigue(Record):
    """What is asked of people who are asked too much.

    Who has approved `burst` requests `within` so long approves the next one only where all of it is written,
    behind Details. With `coalesce`, the same thing asked again by the same person, while it waits, is not
    another card.
    """

    burst: int | None = Field(default=None, ge=2, le=10_000)
    within: Duration = 600
    coalesce: bool = False


class FreezeWindow(Record):
    """Times in the wall clock of `tz`: every week (`Fri 15:00 - Mon 07:00`) or once (`from`, `to`)."""

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    tz: Text
    why: Text | None = None
    weekly: Text | None = None
    start: NaiveDatetime | None = Field(default=None, alias="from")
    end: NaiveDatetime | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _weekly_or_once(self) -> FreezeWindow:
        once = self.start is not None and self.end is not None
        if (self.weekly is not None) == once or (self.start is None) != (self.end is None):
            raise ValueError("a freeze window has weekly: Fri 15:00 - Mon 07:00, or both from: and to:")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("a freeze window ends after it starts")
        return self


class Budget(Record):
    """A limit that runs draw on; without a name, each environment or skill has one of its own."""

    model_config = ConfigDict(populate_by_name=True)

    scope: Literal["team", "environment", "skill"]
    period: Literal["day", "month"]
    limit: Money = Field(alias="limit_usd")
    environment: Environment | None = None
    skill: str | None = None

    @model_validator(mode="after")
    def _named_by_its_scope(self) -> Budget:
        if self.environment is not None and self.scope != "environment":
            raise ValueError("environment: belongs to scope: environment")
        if self.skill is not None and self.scope != "skill":
            raise ValueError("skill: belongs to scope: skill")
        return self


class RiskRow(Record):
    """Points on top of what the skill declares for the environment; negative ones take away."""

    add: int = Field(ge=-100, le=100)
    when: Condition
    why: Text


class Table(Record):
    """The policy's own decision table: each row is `base` with some facts changed, and what must come out."""

    base: dict[str, JsonValue]
    columns: tuple[
        Literal["name"], Literal["given"], Literal["decision"], Literal["gates"], Literal["people"]
    ] = ("name", "given", "decision", "gates", "people")
    rows: tuple[
        tuple[
            Text,
            dict[str, JsonValue],
            Literal["allow", "require", "deny"],
            tuple[str, ...],
            int | None,
        ],
        ...,
    ] = ()


NO_DEAD_GATES = "no-dead-gates"
Effect = Literal["allow", "require", "deny"]
Effects = Annotated[
    tuple[Effect, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda said: (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else said,
        json_schema_input_type=Effect | Annotated[tuple[Effect, ...], Field(min_length=1)],
    ),
]


class Invariant(Record):
    """What must hold for every request that `given` is true of; the id `no-dead-gates` claims itself.

    `min_people` is how many different people must say yes at least, and nobody at all where it is denied.
    """

    id: Id
    why: Text | None = None
    given: Condition | None = None
    never: Effects | None = None
    only: Effects | None = None
    min_people: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _claims(self) -> Invariant:
        claims = [self.never, self.only, self.min_people]
        said = any(claim is not None for claim in claims)
        if self.id == NO_DEAD_GATES:
            if said or self.given is not None:
                raise ValueError("no-dead-gates stands alone: leave out given, never, only and min_people")
        elif self.given is None:
            raise ValueError('an invariant has given: a condition ("true" for every request)')
        elif not said:
            raise ValueError("an invariant has at least one of never: allow, only: deny, min_people: 2")
        elif not self.may_be:
            raise ValueError("never and only leave no decision that would be right")
        return self

    @property
    def may_be(self) -> frozenset[Effect]:
        """The decisions that keep it, people aside."""
        every: tuple[Effect, ...] = ("allow", "require", "deny")
        return frozenset(self.only or every) - frozenset(self.never or ())


class Runbook(Record):
    """One policy file. `policy` is the file's own name, so that a reason leads to its file."""

    policy: Id
    """As the file is called, without .yaml."""
    version: int = Field(ge=1)
    """Every decision records it: raise it with each change."""
    owner: Text
    """Whom a denied person is told to ask."""
    purpose: Text
    applies_to: tuple[str, ...] = Field(min_length=1)
    """Skills, major versions of them (deploy@2), or "*" for every one."""
    may_request: tuple[Group, ...] | None = Field(default=None, min_length=1)
    """Only these groups may ask; every full member may when it is left out."""
    let: dict[Word, Condition] = Field(default_factory=dict)
    """Conditions over facts, named once for gates and risk rows."""
    gates: tuple[Gate, ...] = Field(min_length=1)
    """Every one that matches applies: deny > require > allow, and no match denies."""
    risk: tuple[RiskRow, ...] = ()
    """Rows that are true add up; the sum is kept within 0 to 100 and is request.risk."""
    freeze_windows: tuple[FreezeWindow, ...] = ()
    """Their ids are freeze.active while they are open; a gate has to look at it."""
    budgets: tuple[Budget, ...] = ()
    expires_after: Duration = 4 * 3600
    """How long it waits for answers; silence then denies."""
    grant_expires_after: Duration = 3600
    """How long a permission waits for its run to begin."""
    escalation: tuple[Step, ...] = ()
    """What happens while nobody answers, before it expires."""
    fatigue: Fatigue = Fatigue()
    done: dict[Name, Annotated[tuple[Check, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """By skill: what must be measured besides the skill's own definition of done."""
    on_silence: Literal["deny"] = "deny"
    invariants: tuple[Invariant, ...] = ()
    """Proved for every request by `assent policy prove`."""
    tests: Table | None = None
