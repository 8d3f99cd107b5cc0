"""Tools as a server describes them, and the digest that a reviewed one is pinned by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rfc8785
from pydantic import JsonValue

from bot.ask.json_schema import fault, no_schema
from bot.assess.assessment import digest_of
from bot.execute.mcp.messages import Unfit, Violation, part
from bot.terms import Digest

_BOUND = ("name", "description", "inputSchema", "outputSchema", "annotations")
"""What of a description people and models go by; `title`, `icons` and `_meta` are for windows of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool as it was described at this very moment; another description is another `digest`."""

    name: str
    description: str
    takes: dict[str, Any]
    gives: dict[str, Any] | None
    annotations: dict[str, JsonValue]
    digest: Digest


def tool_of(found: JsonValue) -> Tool:
    """Raises Violation for a description that is none."""
    if not isinstance(found, dict):
        raise Violation("It lists a tool that is no object.")
    name, takes = part(found, "name", str), part(found, "inputSchema", dict)
    description, gives, annotations = (
        found.get(key) for key in ("description", "outputSchema", "annotations")
    )
    if not isinstance(description, str | None):
        raise Violation(f"It describes {name} with something that is no text.")
    if not isinstance(gives, dict | None) or not isinstance(annotations, dict | None):
        raise Violation(f"It describes {name} with something that is no object.")
    try:
        digest = digest_of({key: found.get(key) for key in _BOUND})
    except rfc8785.CanonicalizationError as error:
        raise Violation(f"What it says of {name} cannot be written down exactly: {error}.") from None
    return Tool(
        name=name,
        description=description or "",
        takes=takes,
        gives=gives,
        annotations=annotations or {},
        digest=digest,
    )


def chosen(tools: tuple[Tool, ...], name: str, *, pinned: str) -> Tool:
    """The one tool of that name, as it was pinned. Raises Unfit otherwise: nothing is called then."""
    found = [tool for tool in tools if tool.name == name]
    if not found:
        raise Unfit(f"The server has no tool {name}. Nothing was called.", reason=f"found no tool {name}")
    if len(found) > 1:
        words = f"The server has {len(found)} tools of the name {name}, so none was called."
        raise Unfit(words, reason=f"found {len(found)} tools of the name {name}")
    if (tool := found[0]).digest != pinned:
        words = (
            f"The server describes {name} otherwise than when it was pinned: {tool.digest} now, {pinned}. "
            "Nothing was called. Somebody must look at it: `assent mcp pin`, and policies/mcp.yaml."
        )
        raise Unfit(words, reason=f"found another {name} than the one that is pinned")
    return tool


def misfit(arguments: dict[str, JsonValue], tool: Tool) -> str:
    """Why the arguments are not what the tool takes; empty when they are."""
    return _broken(arguments, tool.takes)


def wrong_result(result: JsonValue, tool: Tool) -> str:
    """Why a result is not what the tool said it gives; empty when it is, or nothing was said."""
    return "" if tool.gives is None else _broken(result, tool.gives)


def _broken(value: JsonValue, schema: dict[str, Any]) -> str:
    if why := no_schema(schema):
        return f"its schema is none: {why}"
    found = fault(value, schema)
    if found is None:
        return ""
    return f"{found.where}: {found.why}" if found.where else found.why
