"""What can be said of a skill's verbs before anybody asks: that they exist, and take what they are given.

A connector has the name that an installation gave it. One that is called as its kind is, is of that kind: so
are all that a skill means to be shared; any other is looked at when somebody asks for the skill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from bot.ask.catalog import did_you_mean
from bot.ask.json_schema import fault
from bot.ask.lint.places import Placed
from bot.ask.manifest import Check, ConnectorCall, Manifest, McpCall, ModelCall
from bot.ask.reading import Finding, Path
from bot.execute.connectors import VERBS
from bot.execute.connectors.connector import Verb
from bot.terms import Refused


def verbs(manifest: Manifest, placed: Sequence[Placed]) -> Iterator[Finding]:
    for position, permitted in enumerate(manifest.permissions.verbs):
        yield from _exists(permitted, ("permissions", "verbs", position))
    if (measure := manifest.done_when.measure.connector) is not None:
        yield from _observed(measure, manifest.done_when.checks)
    for place in placed:
        match place.body:
            case ConnectorCall() as call:
                yield from _call(call, place)
            case McpCall(expect=expect) if "probe" in place.path and not expect:
                what = "that a tool answers does not say that the step happened"
                yield Finding(place.path, what, "Add expect, such as {count: 1}.")
            case ModelCall(tools=tools):
                for position, tool in enumerate(tools):
                    yield from _exists(tool, (*place.path, "tools", position))


def _exists(permission: str, path: Path) -> Iterator[Finding]:
    kind, _, name = permission.partition(":")
    known = VERBS.get(kind)
    if known is not None and name not in known:
        hint = did_you_mean(name, list(known)).strip() or f"Known: {', '.join(known)}."
        yield Finding(path, f"{kind} has no verb {name}", hint)


def _observed(measure: ConnectorCall, checks: Sequence[Check]) -> Iterator[Finding]:
    verb = VERBS.get(measure.name, {}).get(measure.verb)
    for position, check in enumerate(checks):
        if verb is not None and check.observed not in verb.gives:
            hint = did_you_mean(check.observed, list(verb.gives)).strip()
            at = ("done_when", "checks", position, "observed")
            given = f"It has {', '.join(sorted(verb.gives))}."
            yield Finding(at, f"the answer has no {check.observed}", hint or given)


def _call(call: ConnectorCall, place: Placed) -> Iterator[Finding]:
    known = VERBS.get(call.name)
    if known is None:
        return
    if (verb := known.get(call.verb)) is None:
        yield from _exists(call.permission, (*place.path, "verb"))
        return
    wrong = list(_arguments(verb, call.arguments, (*place.path, "with")))
    if not wrong and verb.check is not None:
        try:
            verb.check(call.arguments)
        except Refused as refused:
            wrong.append(Finding((*place.path, "with"), str(refused).rstrip(".")))
    yield from wrong
    for where in call.expect:
        if (first := where.partition(".")[0]) not in verb.gives:
            hint = did_you_mean(first, list(verb.gives)).strip() or f"It has {', '.join(sorted(verb.gives))}."
            yield Finding((*place.path, "expect", where), f"the answer has no {first}", hint)
    if "probe" in place.path and verb.reads and not call.expect and "count" not in verb.gives:
        what = f"{call.verb} says that there is one, and not that the step happened"
        hint = "Add expect, such as {operation: ${idempotency_key}}."
        yield Finding(place.path, what, hint)


def _arguments(verb: Verb[Any], given: Mapping[str, JsonValue], path: Path) -> Iterator[Finding]:
    takes: Mapping[str, Mapping[str, Any]] = verb.takes["properties"]
    for name, value in given.items():
        at = (*path, name)
        if name not in takes:
            hint = did_you_mean(name, list(takes)).strip() or f"It takes {', '.join(takes) or 'nothing'}."
            yield Finding(at, f"it takes no {name}", hint)
        elif not _filled_in(value):
            if wrong := fault(value, takes[name]):
                yield Finding(at, wrong.why)
        elif name in verb.plain:
            hint = "Write $name there, and name: ${…} under values."
            yield Finding(at, f"nothing is filled into {name}", hint)
    for name in verb.takes["required"]:
        if name not in given:
            yield Finding(path[:-1], f'"{name}" is missing in with', str(takes[name].get("description", "")))


def _filled_in(value: JsonValue) -> bool:
    match value:
        case str():
            return "${" in value
        case list():
            return any(map(_filled_in, value))
        case dict():
            return any(map(_filled_in, value.values()))
    return False
