"""`mcp` steps: one tool of a configured MCP server, permitted and pinned, before its server is started."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from bot.ask.catalog import did_you_mean
from bot.ask.lint.places import Placed, places
from bot.ask.manifest import Manifest, McpCall
from bot.assess.mcp_servers import FILE, Pin, Reached, Servers, Started
from bot.execute.connectors.connector import Found
from bot.execute.connectors.fitting import LEFT_OUT
from bot.execute.mcp.results import kept
from bot.execute.steps.connector import held_against, number
from bot.terms import Refused

Fill = Callable[[str], str]
_ONE_MARK = re.compile(r"\$\{[^{}$]*\}")
_NUMBERS = ("integer", "number", "boolean")


class Alone(str):
    """A value that stands alone: where the tool takes a number, it is that number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Using:
    """One tool ready to be called, of a server as it was configured when it was judged.

    `asks`: it stands as a probe or a precondition. `measures`: it is held against the definition of done, so
    that a part of an answer is none. `output_limit` is in bytes. `hidden` are values that no answer may show.
    """

    name: str
    server: Started | Reached
    tool: str
    pin: Pin
    arguments: Mapping[str, JsonValue]
    timeout_s: float
    output_limit: int
    expect: Mapping[str, JsonValue]
    asks: bool = False
    measures: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @property
    def said(self) -> str:
        """As `permissions.verbs` has it."""
        return f"mcp:{self.name}:{self.tool}"

    def kept(self, found: Found) -> Found:
        return kept(found, self.output_limit)

    def judged(self, found: Found) -> tuple[int, str]:
        """0 as it should be, 1 not so, 2 cannot be told."""
        code, why = held_against(self.expect, found)
        if not code and LEFT_OUT in found and (self.asks or self.measures):
            return 2, "It is only a part of the answer, so nothing can be told."
        return code, why

    def arguments_for(self, takes: Mapping[str, Any]) -> dict[str, JsonValue]:
        """In the types that the tool's own schema has."""
        return {name: _typed(value, _below(takes, name)) for name, value in self.arguments.items()}


def ready(
    call: McpCall,
    fill: Fill,
    *,
    permitted: Collection[str],
    servers: Servers,
    timeout_s: float,
    output_limit: int,
    asks: bool = False,
    measures: bool = False,
    hidden: tuple[str, ...] = (),
) -> Using:
    """Raises Refused for everything that must not be called: then no server was even started."""
    if call.permission not in permitted:
        guess = did_you_mean(call.permission, list(permitted)) if permitted else ""
        raise Refused(f"{call.permission} is not in permissions.verbs. {guess}Nothing was called.".strip())
    server = servers.servers.get(call.server)
    if server is None:
        raise Refused(f"{call.permission} cannot be called: {servers.how_to_add(call.server)}")
    pin = server.tools.get(call.tool)
    if pin is None:
        raise Refused(f"{call.permission} cannot be called: {servers.how_to_pin(call.server, call.tool)}")
    return Using(
        name=call.server,
        server=server,
        tool=call.tool,
        pin=pin,
        arguments={name: _filled(value, fill) for name, value in call.arguments.items()},
        timeout_s=timeout_s,
        output_limit=output_limit,
        expect={name: fill(one) if isinstance(one, str) else one for name, one in call.expect.items()},
        asks=asks,
        measures=measures,
        hidden=hidden,
    )


def lacking(manifest: Manifest, servers: Servers) -> str:
    """Why the skill cannot start here: a server or a tool that is not there, or a tool that may not look."""
    if lacks := servers.lacks(manifest):
        return lacks
    for place, call in _calls(manifest):
        pin = servers.servers[call.server].tools[call.tool]
        if (place.looks or manifest.effects.read_only) and not pin.read_only:
            return f"{manifest.name}: {_not_for_looking(call)}"
    return ""


def _calls(manifest: Manifest) -> Iterator[tuple[Placed, McpCall]]:
    for place in places(manifest):
        if isinstance(place.body, McpCall):
            yield place, place.body


def _not_for_looking(call: McpCall) -> str:
    return (
        f"{call.permission} stands where nothing may be changed, and {FILE} does not say that it only reads. "
        f"If it does: servers.{call.server}.tools.{call.tool}: {{…, read_only: true}}."
    )


def _filled(value: JsonValue, fill: Fill) -> JsonValue:
    match value:
        case str():
            text = fill(value)
            return Alone(text) if _ONE_MARK.fullmatch(value) else text
        case list():
            return [_filled(one, fill) for one in value]
        case dict():
            return {name: _filled(one, fill) for name, one in value.items()}
    return value


def _typed(value: JsonValue, schema: Mapping[str, Any]) -> JsonValue:
    match value:
        case Alone():
            return number(str(value), _plainly(schema))
        case list():
            items = schema.get("items")
            return [_typed(one, items if isinstance(items, Mapping) else {}) for one in value]
        case dict():
            return {name: _typed(one, _below(schema, name)) for name, one in value.items()}
    return value


def _below(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for key, inner in (("properties", name), ("additionalProperties", None)):
        found = schema.get(key)
        if isinstance(found, Mapping) and inner is not None:
            found = found.get(inner)
        if isinstance(found, Mapping):
            return found
    return {}


def _plainly(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema of one type, where one that takes nothing or a number takes a number."""
    either = schema.get("anyOf") or schema.get("oneOf") or [schema]
    types: list[Any] = []
    for one in either if isinstance(either, list) else ():
        said = one.get("type") if isinstance(one, Mapping) else None
        types += said if isinstance(said, list) else [said]
    return {"type": next((one for one in types if one in _NUMBERS), None)} if "string" not in types else {}
