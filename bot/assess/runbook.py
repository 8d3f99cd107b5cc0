"""The shape of `policies/*.yaml`: one runbook a file, read strictly."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, NaiveDatetime, model_validator

from bot.ask.manifest import Money
from bot.assess.decision import Seat
from bot.terms import Environment, Group, Record

_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(text: object) -> object:
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a duration is a whole number and a unit, such as 30m, 4h or 2d")
    return int(found[1]) * _SECONDS[found[2]]


Duration = Annotated[int, BeforeValidator(_seconds)]
Id = Annotated[str, Field(pattern=r"\A[A-Za-z0-9]+(-[A-Za-z0-9]+)*\z", max_length=64)]
Word = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9_]*\z", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Condition = Annotated[str, Field(min_length=1, max_length=4000)]
Relation = Literal["requester"]


class Require(Record):
    """Who must say yes when the gate matches. Leaving `exclude` out excludes the requester."""

    stage: Word = "review"
    all_of: tuple[Seat, ...] = ()
    any_of: tuple[Seat, ...] = ()
    distinct: bool = True
    exclude: tuple[Relation, ...] = ("requester",)
    after: Word | None = None


class Gate(Record):
    """A decision point: when `when` is true, exactly one of allow, deny, require applies."""

    id: Id
    why: Text
    when: Condition
    allow: Literal[True] | None = None
    deny: Text | None = None
    require: Require | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Gate:
        if sum(effect is not None for effect in (self.allow, self.deny, self.require)) != 1:
            raise ValueError("a gate has exactly one of allow: true, deny: text, require: {…}")
        return self


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
        lambda said: (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else said
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
    version: int = Field(ge=1)
    owner: Text
    purpose: Text
    applies_to: tuple[str, ...] = Field(min_length=1)
    may_request: tuple[Group, ...] | None = Field(default=None, min_length=1)
    let: dict[Word, Condition] = Field(default_factory=dict)
    gates: tuple[Gate, ...] = Field(min_length=1)
    risk: tuple[RiskRow, ...] = ()
    freeze_windows: tuple[FreezeWindow, ...] = ()
    budgets: tuple[Budget, ...] = ()
    expires_after: Duration = 4 * 3600
    grant_expires_after: Duration = 3600
    on_silence: Literal["deny"] = "deny"
    invariants: tuple[Invariant, ...] = ()
    tests: Table | None = None
