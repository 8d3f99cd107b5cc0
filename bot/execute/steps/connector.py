"""`connector` steps: one verb of a configured connector, held against its schema before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from bot.ask.catalog import did_you_mean
from bot.ask.json_schema import fault
from bot.ask.manifest import ConnectorCall, Manifest
from bot.assess.connected import Connected, Connectors, Git, GitHub, Kubernetes
from bot.execute.connectors import VERBS, Verb
from bot.execute.connectors.connector import Arguments, Found
from bot.execute.connectors.fitting import fitted
from bot.terms import Refused

Fill = Callable[[str], str]

_ONE_MARK = re.compile(r"\$\{[^{}$]*\}")
_SHORT = 200


@dataclass(frozen=True, slots=True)
class Thread:
    """Where the request's card stands; whoever writes there writes below it."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """One verb ready to be carried out, of a connector as it was configured when it was judged.

    `asks`: it stands as a probe or a precondition, so finding nothing is a no. `measures`: it is held against
    the definition of done, so that a part of an answer is none. `output_limit` is in bytes.
    `hidden` are values of the skill's environment that no answer may show, beside the credential.
    """

    name: str
    settings: Connected
    verb: str
    arguments: Arguments
    key: str
    timeout_s: float
    output_limit: int
    expect: Mapping[str, JsonValue]
    asks: bool = False
    measures: bool = False
    thread: Thread | None = None
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @property
    def does(self) -> Verb[Any]:
        return VERBS[self.settings.kind][self.verb]

    @property
    def said(self) -> str:
        """As `permissions.verbs` has it."""
        return f"{self.name}:{self.verb}"

    def kept(self, found: Found) -> Found:
        return fitted(found, self.output_limit)

    def judged(self, found: Found) -> tuple[int, str]:
        return answered(self, found)


def ready(
    call: ConnectorCall,
    fill: Fill,
    *,
    permitted: Collection[str],
    connectors: Connectors,
    key: str,
    timeout_s: float,
    output_limit: int,
    asks: bool = False,
    measures: bool = False,
    thread: Thread | None = None,
    hidden: tuple[str, ...] = (),
) -> Calling:
    """Raises Refused for everything that must not be asked: then nothing has been."""
    if call.permission not in permitted:
        guess = did_you_mean(call.permission, list(permitted)) if permitted else ""
        raise Refused(f"{call.permission} is not in permissions.verbs. {guess}Nothing was asked.".strip())
    settings = connectors.connectors.get(call.name)
    if settings is None:
        raise Refused(f"{call.permission} cannot be asked: {connectors.how_to_add(call.name)}")
    verb = verb_of(settings.kind, call.verb)
    arguments: dict[str, JsonValue] = {}
    for name, value in call.arguments.items():
        if name in verb.plain and isinstance(value, str) and _ONE_MARK.search(value):
            raise Refused(f"Nothing is filled into {name} of {call.permission}: hand it over in values.")
        arguments[name] = _filled(value, fill, _below(verb.takes, name))
    if wrong := misfit(verb, arguments):
        raise Refused(f"{call.permission} cannot be asked so: {wrong}")
    if verb.check is not None:
        verb.check(arguments)
    _allowed(call.name, settings, arguments)
    expect = {name: fill(one) if isinstance(one, str) else one for name, one in call.expect.items()}
    return Calling(
        name=call.name,
        settings=settings,
        verb=call.verb,
        arguments=arguments,
        key=key,
        timeout_s=timeout_s,
        output_limit=output_limit,
        expect=expect,
        asks=asks,
        measures=measures,
        thread=thread,
        hidden=hidden,
    )


def lacking(manifest: Manifest, connectors: Connectors) -> str:
    """What is not here that the skill asks for: a connector, or a verb of it; empty when it can start."""
    if lacks := connectors.lacks(manifest):
        return lacks
    for permission in manifest.permissions.verbs:
        name, _, verb = permission.partition(":")
        if (settings := connectors.connectors.get(name)) is not None:
            try:
                verb_of(settings.kind, verb)
            except Refused as refused:
                return f"{manifest.name} asks {permission}, and {refused}"
    return ""


def verb_of(kind: str, name: str) -> Verb[Any]:
    """Raises Refused with the likely one when there is no such verb."""
    verbs = VERBS.get(kind, {})
    if name not in verbs:
        guess = did_you_mean(name, list(verbs)) if verbs else ""
        raise Refused(f"{kind} has no verb {name}. {guess}Known: {', '.join(verbs)}.")
    return verbs[name]


def misfit(verb: Verb[Any], arguments: Arguments) -> str:
    """Why the arguments do not fit the verb's schema, and what would; empty when they do."""
    known = list(verb.takes["properties"])
    for name in arguments:
        if name not in known:
            guess = did_you_mean(name, known) if known else ""
            return f"it takes no {name}. {guess}It takes {', '.join(known) or 'nothing'}."
    wrong = fault(dict(arguments), verb.takes)
    if wrong is None:
        return ""
    said = wrong.why if len(wrong.why) <= _SHORT else f"{wrong.why[:_SHORT]}…"
    return f"{wrong.where}: {said}." if wrong.where else f"{said}."


def answered(calling: Calling, found: Found) -> tuple[int, str]:
    """As a program would end, and why: 0 as it should be, 1 not so, 2 cannot be told.

    What an answer does not have is no no: a slip in `expect` must not make a probe say that nothing happened.
    """
    code, why = held_against(calling.expect, found)
    if code:
        return code, why
    if found.get("more") and "count" in calling.expect:
        return 2, "There are more than were asked for, so how many there are cannot be told."
    if found.get("warnings") and (calling.asks or calling.measures):
        return 2, "It is only a part of the answer, so nothing can be told."
    if found.get("more") and calling.measures:
        return 2, "There is more than was asked for, so nothing was measured."
    if calling.asks and calling.does.reads and not calling.expect and found.get("count", 1) == 0:
        return 1, "There is none."
    return 0, ""


def held_against(expect: Mapping[str, JsonValue], found: Found) -> tuple[int, str]:
    """0 when all that is expected is there, 1 when something is otherwise, 2 when something is not there."""
    for where, wanted in expect.items():
        try:
            seen = _at(found, where)
        except KeyError:
            known = ", ".join(found)
            return 2, f"The answer has no {where}, so nothing can be told. It has {known}."
        if seen != wanted and _text(seen) != _text(wanted):
            return 1, f"{where} is {_text(seen)}, and {_text(wanted)} is expected."
    return 0, ""


def credential_said(calling: Calling) -> str:
    """The reference of the credential, never its value."""
    credential = getattr(calling.settings, "credential", None)
    return str(credential) if credential is not None else ""


def _allowed(name: str, settings: Connected, arguments: Arguments) -> None:
    """What an installation lets a connector be asked about, whatever its credential could do."""
    match settings:
        case GitHub(repositories=known) | Git(repositories=known):
            what = "repository"
        case Kubernetes(namespaces=known):
            what = "namespace"
        case _:
            return
    asked = arguments.get(what)
    if asked is not None and asked not in known:
        raise Refused(
            f"{name} is not asked about the {what} {asked}. It is about {', '.join(known)} "
            "(policies/connectors.yaml)."
        )


def _filled(value: JsonValue, fill: Fill, schema: Mapping[str, Any]) -> JsonValue:
    """With every value in place. One that stands alone where the verb takes a number becomes that number."""
    match value:
        case str():
            text = fill(value)
            return number(text, schema) if _ONE_MARK.fullmatch(value) else text
        case list():
            return [_filled(one, fill, schema.get("items") or {}) for one in value]
        case dict():
            return {name: _filled(one, fill, _below(schema, name)) for name, one in value.items()}
    return value


def _below(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    more = schema.get("additionalProperties")
    found = (schema.get("properties") or {}).get(name) or (more if isinstance(more, Mapping) else {})
    return found if isinstance(found, Mapping) else {}


def number(text: str, schema: Mapping[str, Any]) -> JsonValue:
    if schema.get("type") not in ("integer", "number", "boolean"):
        return text
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, bool | int | float) else text


def _at(found: JsonValue, where: str) -> JsonValue:
    """What stands at `rollout.done`. Raises KeyError where nothing does."""
    for part in where.split("."):
        if not isinstance(found, dict) or part not in found:
            raise KeyError(part)
        found = found[part]
    return found


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
