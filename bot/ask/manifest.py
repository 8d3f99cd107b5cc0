"""What a skill declares in `skill.yaml`: everything that may run, and nothing else."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Literal

from jsonschema import Draft202012Validator
from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from bot.terms import Environment, Micros, Record

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: object) -> object:
    """`30s`, `5m`, `1h`, `250ms` as seconds; numbers are already seconds when code builds a manifest."""
    if isinstance(text, float):
        return text
    if not isinstance(text, str) or not (found := _DURATION.fullmatch(text)):
        raise ValueError("a duration is a number and a unit, such as 30s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]


def micros(text: object) -> object:
    """Dollars written as text, exactly: a float would have lost the cent before we see it."""
    if not isinstance(text, str):
        raise ValueError('money is dollars in quotes, such as "0.10"')
    try:
        amount = Decimal(text) * 1_000_000
    except InvalidOperation:
        raise ValueError('money is dollars in quotes, such as "0.10"') from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise ValueError("money is zero or more dollars with at most six decimals")
    return int(amount)


def _shaped(pattern: re.Pattern[str], saying: str) -> BeforeValidator:
    def check(text: object) -> object:
        if isinstance(text, str) and not pattern.fullmatch(text):
            raise ValueError(saying)
        return text

    return BeforeValidator(check)


Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
Money = Annotated[Micros, BeforeValidator(micros)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[
    str, Field(max_length=64), _shaped(_NAME, "a name is lower-case words joined by dashes: restart-service")
]
Word = Annotated[
    str, Field(max_length=64), _shaped(_WORD, "an id is lower-case letters, digits and _: start_new")
]
Version = Annotated[str, _shaped(_VERSION, "a version has three numbers, such as 1.4.2")]
Argv = Annotated[tuple[str, ...], Field(min_length=1)]
Scalar = str | bool | int | float

Repeat = Literal["pure", "idempotent", "reconcilable", "at_most_once"]
"""How a step may be repeated when nobody knows whether it happened; the journal's words."""


class Input(Record):
    """One property of the closed JSON Schema. Only keywords we check are accepted: ignored ones mislead."""

    model_config = ConfigDict(populate_by_name=True)

    type: Literal["string", "integer", "number", "boolean"]
    description: Text
    enum: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    pattern: str | None = None
    default: Scalar | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = Field(default=None, alias="minLength", ge=0)
    max_length: int | None = Field(default=None, alias="maxLength", ge=1)
    examples: tuple[Scalar, ...] = ()

    def as_json_schema(self) -> dict[str, JsonValue]:
        """This property as JSON Schema, its pattern meaning the whole value and ASCII classes."""
        schema: dict[str, JsonValue] = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"examples", "pattern"}
        )
        if self.pattern is not None:
            schema["pattern"] = whole(self.pattern)
        return schema

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Made once: it costs more than what it is made for."""
        return Draft202012Validator(self.as_json_schema())


def whole(pattern: str) -> str:
    r"""A pattern that must match all of a value.

    `^…$` would let a trailing newline pass in Python, and `\z` is unknown to it before 3.14.
    """
    translated = re.sub(r"\\(.)", lambda m: r"\Z" if m[1] == "z" else m[0], pattern, flags=re.DOTALL)
    return rf"\A(?a:{translated})\Z"


class Inputs(Record):
    """The order of `properties` is the order of positional words."""

    model_config = ConfigDict(populate_by_name=True)

    type: Literal["object"] = "object"
    closed: Literal[False] = Field(alias="additionalProperties")
    required: tuple[str, ...] = ()
    properties: dict[Word, Input] = Field(default_factory=dict)

    def optional(self) -> frozenset[str]:
        """The inputs that may have no value at all."""
        return frozenset(
            name for name, one in self.properties.items() if one.default is None and name not in self.required
        )

    def as_json_schema(self) -> dict[str, JsonValue]:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": list(self.required),
            "properties": {name: one.as_json_schema() for name, one in self.properties.items()},
        }


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


class Permissions(Record):
    """Deny by default: programs a step may start, names of the environment it may see."""

    exec: tuple[str, ...] = ()
    env: tuple[str, ...] = ()


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


class Command(Record):
    """An argv list, never a shell string; each item is a template."""

    run: Argv
    timeout: Seconds


class PlanStep(Command):
    """Reads only; runs before the gate, and what it prints is shown and approved."""

    id: Word


class Step(Command):
    """One effect. `probe` asks whether it happened (0 yes, 1 no, else unknown); `undo` takes it back.

    `probe` and `undo` have the same time limit as the step.
    """

    id: Word
    title: Text
    repeat: Repeat
    probe: Argv | None = None
    undo: Argv | None = None


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

    measure: Command
    no_data: Literal["fail", "unknown"] = "fail"
    checks: tuple[Check, ...] = Field(min_length=1)


class Limits(Record):
    wall: Seconds
    output_kb: int = Field(default=64, ge=1, le=1024)


class Manifest(Record):
    """`skill.yaml`, read strictly."""

    name: Name
    version: Version
    owners: tuple[Text, ...] = Field(min_length=1)
    lifecycle: Literal["draft", "stable", "deprecated"]
    summary: Text
    examples: tuple[Text, ...] = Field(min_length=1)
    inputs: Inputs
    environments: tuple[Environment, ...] = Field(min_length=1)
    effects: Effects
    permissions: Permissions = Permissions()
    cost: Cost
    plan: tuple[PlanStep, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)
    done_when: DoneWhen
    on_fail: Literal["undo", "stop"] = "stop"
    limits: Limits
