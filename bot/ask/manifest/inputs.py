"""What a skill asks for: a closed JSON Schema of which every accepted keyword is checked."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from jsonschema import Draft202012Validator
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
