"""What a skill asks for: a closed JSON Schema of which every accepted keyword is checked."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from bot.ask.manifest.words import Scalar, Text, Word, shaped
from bot.terms import Record

_SOURCE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
Source = Annotated[str, Field(max_length=128), shaped(_SOURCE, "a source has dots: catalog.services")]


class Input(Record):
    """One property of the closed JSON Schema. Only keywords we check are accepted: ignored ones mislead.

    `source` says where values come from, for pickers; it is a hint and allows nothing.
    """

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
    source: Source | None = Field(default=None, alias="x-source")

    def as_json_schema(self) -> dict[str, JsonValue]:
        """This property as JSON Schema, its pattern meaning the whole value and ASCII classes."""
        schema: dict[str, JsonValue] = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"examples", "pattern", "source"}
        )
        if self.pattern is not None:
            schema["pattern"] = whole(self.pattern)
        return schema

    def broken_by(self, found: Scalar) -> str | None:
        """The keyword that a value does not keep to, or None: what JSON Schema says of the same property.

        Of every command each value is checked. A validator of all of JSON Schema takes twenty times as long.
        """
        if not _is_a(self.type, found):
            return "type"
        if self.enum is not None and not any(_same(found, one) for one in self.enum):
            return "enum"
        if isinstance(found, str):
            if self.min_length is not None and len(found) < self.min_length:
                return "minLength"
            if self.max_length is not None and len(found) > self.max_length:
                return "maxLength"
            if self._whole is not None and self._whole.search(found) is None:
                return "pattern"
        elif not isinstance(found, bool):
            if self.minimum is not None and found < self.minimum:
                return "minimum"
            if self.maximum is not None and found > self.maximum:
                return "maximum"
        return None

    @cached_property
    def _whole(self) -> re.Pattern[str] | None:
        return None if self.pattern is None else re.compile(whole(self.pattern))


def _is_a(kind: Literal["string", "integer", "number", "boolean"], found: Scalar) -> bool:
    """As JSON has it: true is no number, and 1.0 is a whole one."""
    if isinstance(found, bool):
        return kind == "boolean"
    match kind:
        case "string":
            return isinstance(found, str)
        case "integer":
            return isinstance(found, int) or (isinstance(found, float) and found.is_integer())
        case "number":
            return isinstance(found, int | float)
        case "boolean":
            return False


def _same(one: Scalar, other: Scalar) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


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
