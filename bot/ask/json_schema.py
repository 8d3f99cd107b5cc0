"""JSON Schema, for what skills and connectors say in it.

The library is loaded when something is held against a schema for the first time: 2.4 MB and 40 ms that a
process whose skills say nothing in it does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue


class Fault(NamedTuple):
    """Why a value does not keep to a schema, and where in it: `filter.0.name`, or nothing for all of it."""

    where: str
    why: str


def fault(value: JsonValue, schema: Mapping[str, Any]) -> Fault | None:
    """What is most worth saying of a value that does not keep to a schema, or None.

    Nothing is fetched for it: to a schema that points out of itself nothing keeps.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY

    try:
        found = best_match(Draft202012Validator(schema, registry=EMPTY_REGISTRY).iter_errors(value))
    except Unresolvable as error:
        return Fault("", f"its schema points to {error.ref}, which is not in it")
    except RecursionError:
        return Fault("", "its schema leads to itself without an end")
    return None if found is None else Fault(".".join(map(str, found.absolute_path)), found.message)


def no_schema(said: Mapping[str, Any]) -> str:
    """Why this is no JSON Schema itself; empty when it is one."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(said)
    except SchemaError as error:
        return error.message
    return ""
