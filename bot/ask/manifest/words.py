"""The words a manifest is written in: durations, money, names, versions, argv lists."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.terms import Micros

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
DOLLARS = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
"""Plain digits. To Python `1_000`, ` 1 ` and a gigabyte of zeros, `1e999999999`, are numbers too."""
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
    if not isinstance(text, str) or not DOLLARS.fullmatch(text.removeprefix("-")):
        raise ValueError('money is dollars in quotes, such as "0.10"')
    amount = Decimal(text) * 1_000_000
    if text.startswith("-") or amount != amount.to_integral_value():
        raise ValueError("money is zero or more dollars with at most six decimals")
    if amount >= 2**53:
        raise ValueError("money is at most 9000000000 dollars: larger amounts are not exact everywhere")
    return int(amount)


def written(pattern: re.Pattern[str]) -> object:
    """How the published schema says it: text that matches from its first character to its last."""
    return Annotated[str, Field(pattern=f"^({pattern.pattern})$")]


def shaped(pattern: re.Pattern[str], saying: str) -> BeforeValidator:
    """Text that matches as a whole, else `saying`."""

    def check(text: object) -> object:
        if isinstance(text, str) and not pattern.fullmatch(text):
            raise ValueError(saying)
        return text

    return BeforeValidator(check, json_schema_input_type=written(pattern))


Seconds = Annotated[float, Field(gt=0), BeforeValidator(seconds, json_schema_input_type=written(_DURATION))]
Money = Annotated[Micros, BeforeValidator(micros, json_schema_input_type=written(DOLLARS))]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[
    str, Field(max_length=64), shaped(NAME, "a name is lower-case words joined by dashes: restart-service")
]
Word = Annotated[
    str, Field(max_length=64), shaped(_WORD, "an id is lower-case letters, digits and _: start_new")
]
Variable = Annotated[
    str, Field(max_length=128), shaped(_VARIABLE, "a variable is letters, digits and _: ASSENT_TARGET")
]
Version = Annotated[str, shaped(_VERSION, "a version has three numbers, such as 1.4.2")]
Argv = Annotated[tuple[str, ...], Field(min_length=1)]
Scalar = str | bool | int | float

Repeat = Literal["pure", "idempotent", "reconcilable", "at_most_once"]
"""How a step may be repeated when nobody knows whether it happened; the journal's words."""
