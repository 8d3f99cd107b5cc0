"""The shape of `policies/*.yaml`: one runbook a file, read strictly."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, NaiveDatetime, model_validator

from bot.ask.manifest import Check, Money, Name
from bot.assess.asking import Earned, Override, Require
from bot.assess.promises import Invariant, Table
from bot.assess.scalars import Condition, Duration, Id, Text, Word
from bot.terms import Environment, Group, Record


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


class Runbook(Record):
    """One policy file. `policy` is the file's own name, so that a reason leads to its file."""

    policy: Id
    """As the file is called, without .yaml."""
    version: int = Field(ge=1)
    """Every decision records it: raise it with each change."""
    owner: Text
    """Whom a denied person is told to ask."""
    review_by: date | None = None
    """When somebody looks at all of it again: `assent policy check` warns 30 days before."""
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
