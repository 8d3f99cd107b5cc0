"""JSON Schemas of the files in `policies/`, for the editors of whoever writes them.

Read from the very shapes that load the files, so that a new key is in both. They may be looser than the
loader, which also checks conditions, people and stages; they are never stricter. Draft 7, which editors know.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bot.assess.asking import Place
from bot.assess.connected import Connectors
from bot.assess.facts import Facts
from bot.assess.groups import Calendar
from bot.assess.mcp_servers import Servers
from bot.assess.models import Models
from bot.assess.prices import PriceCard
from bot.assess.roster import Roster
from bot.assess.runbook import Gate, Runbook

Document = Literal["policy", "people", "prices", "connectors", "models", "mcp"]
DIALECT = "http://json-schema.org/draft-07/schema#"
_SHAPES: Mapping[Document, tuple[type[BaseModel], str]] = {
    "policy": (Runbook, "A policy of Assent"),
    "people": (Roster, "Who is who for Assent"),
    "prices": (PriceCard, "What a unit costs Assent"),
    "connectors": (Connectors, "Which services Assent asks, and by whose credential"),
    "models": (Models, "Which models Assent may ask"),
    "mcp": (Servers, "Which MCP servers Assent uses, and which of their tools"),
}
_ONE_OF: Mapping[type, tuple[str, ...]] = {
    Gate: ("allow", "deny", "require"),
    Place: ("group", "person"),
    Calendar: ("path", "url"),
}
"""Keys of which there is exactly one: what the shapes check by themselves and their fields do not say."""
_WALL_CLOCK = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt _][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?$"
"""The format `date-time` wants an offset, and these have none: the zone stands beside them."""
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def schema(document: Document) -> dict[str, Any]:
    """The schema of one of the kinds of file."""
    model, title = _SHAPES[document]
    found = of(model, title)
    if document == "policy":
        _with_facts(found["definitions"])
    return found


def of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The schema of any file that is read as `model`."""
    found = _of(model)
    return {"$schema": DIALECT, "title": title, **{key: found[key] for key in found if key != "title"}}


def text(document: Document) -> str:
    """As it is printed and kept, byte for byte."""
    return written(schema(document))


def written(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class _ForEditors(GenerateJsonSchema):
    """What pydantic writes, in Draft 7 and as YAML has it: a default of 4h and not of 14400."""

    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        for name, said in _said(schema["cls"]).items():
            key = schema["cls"].model_fields[name].alias or name
            found["properties"][key] = {"description": said} | found["properties"][key]
        if keys := _ONE_OF.get(schema["cls"]):
            found["oneOf"] = [
                {"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in keys
            ]
        return found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        default = found.get("default")
        if default is None or isinstance(default, dict):
            found.pop("default", None)  # there is nothing to write out
        elif isinstance(default, int | float) and found.get("type") == "string":
            found["default"] = _spelled(int(default))
        return found

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": _WALL_CLOCK}

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        found = super().str_schema(schema)
        if "pattern" in found:
            found["pattern"] = re.sub(r"^\\A", "^", re.sub(r"\\z$", "$", found["pattern"]))
        return found

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        found = super().tuple_schema(schema)
        if "prefixItems" in found:
            found["items"], found["additionalItems"] = found.pop("prefixItems"), False
        return found

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return found | {"additionalProperties": False} if "patternProperties" in found else found


def _of(model: type[BaseModel]) -> dict[str, Any]:
    found = model.model_json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_ForEditors
    )
    return {"definitions" if key == "$defs" else key: value for key, value in found.items()}


def _with_facts(definitions: dict[str, Any]) -> None:
    """Tables know every fact and what it can be. Only `base` must name those that have no worst value."""
    parts = _of(Facts)
    facts: dict[str, Any] = {}
    needed: list[str] = []
    for part, reference in parts["properties"].items():
        whole = parts["definitions"][_reference(reference).rpartition("/")[2]]
        needed += [f"{part}.{fact}" for fact in whole.get("required", ())]
        for fact, one in whole["properties"].items():
            facts[f"{part}.{fact}"] = {key: value for key, value in one.items() if key != "default"}
    definitions["Facts"] = {"type": "object", "properties": facts, "additionalProperties": False}
    known = {"$ref": "#/definitions/Facts"}
    table = definitions["Table"]["properties"]
    table["base"] = {"allOf": [known], "required": needed}
    table["rows"]["items"]["items"][1] = known
    definitions.pop("JsonValue", None)


def _reference(node: Mapping[str, Any]) -> str:
    return str(node["$ref"] if "$ref" in node else node["allOf"][0]["$ref"])


def _spelled(seconds: int) -> str:
    """A duration in the largest unit that leaves no rest."""
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS if seconds % size == 0)


def _said(model: type[BaseModel]) -> dict[str, str]:
    """What stands under each field in the source. Python keeps no docstrings of attributes."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not issubclass(one, BaseModel) or one is BaseModel:
            continue
        [written] = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        for field, below in pairwise(getattr(written, "body", ())):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(said))),
                ):
                    found[name] = inspect.cleandoc(said)
    return found
