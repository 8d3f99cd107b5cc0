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
    tests: Table | None = None
