"""What a skill says of itself: what it does to the world, what it costs, when it is done, where it is cut."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from bot.ask.manifest.steps import Measure
from bot.ask.manifest.words import Money, Scalar, Seconds, Text, Word
from bot.terms import Environment, Group, Record


class Effects(Record):
    """What it does to the world. What is not said is assumed to be bad."""

    read_only: bool = False
    destructive: bool = True
    idempotent: bool = False
    open_world: bool = True
    risk: dict[Environment, Annotated[int, Field(ge=0, le=100)]] = Field(default_factory=dict)
    blast_radius: str = ""
    lock: str | None = None
    """One run at a time for the same filled text; a template."""


class Approval(Record):
    """The least there must be before a run: `people` in all, one of each group. Policy may only ask more."""

    people: int = Field(default=1, ge=1, le=20)
    groups: tuple[Group, ...] = ()


class CostLine(Record):
    """Units of one price for a usual and for a bad run; `policies/prices.yaml` prices them."""

    unit: Word
    p50: float = Field(ge=0)
    p95: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> CostLine:
        if self.p95 < self.p50:
            raise ValueError("p95 is what a bad run takes: it cannot be below p50")
        return self


class Cost(Record):
    """`ceiling` stops the run; `lines` are what we expect before there is history."""

    model_config = ConfigDict(populate_by_name=True)

    ceiling: dict[Environment, Money] = Field(alias="ceiling_usd", min_length=1)
    lines: tuple[CostLine, ...] = ()


class Check(Record):
    """One observation and what it must be. `equals` may be a template."""

    name: Text
    observed: Text
    at_least: float | None = None
    at_most: float | None = None
    equals: Scalar | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Check:
        bounds = self.at_least is not None or self.at_most is not None
        if bounds == (self.equals is not None):
            raise ValueError("a check has at_least, at_most (or both), or equals")
        return self


class DoneWhen(Record):
    """The definition of done: measured, not assumed."""

    measure: Measure
    no_data: Literal["fail", "unknown"] = "fail"
    checks: tuple[Check, ...] = Field(min_length=1)


class Limits(Record):
    """`memory_mb` and `processes` hold for each program started; `max_parallel_runs` for the skill."""

    wall: Seconds
    output_kb: int = Field(default=64, ge=1, le=1024)
    memory_mb: int | None = Field(default=None, ge=16, le=1024 * 1024)
    processes: int | None = Field(default=None, ge=1, le=4096)
    max_parallel_runs: int | None = Field(default=None, ge=1, le=1000)


class Audit(Record):
    """Inputs whose values the audit does not have, by their names (`bot.settle.discretion`)."""

    redact: tuple[Word, ...] = ()
