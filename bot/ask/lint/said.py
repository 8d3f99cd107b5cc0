"""What models say in a run, by the names that later steps have for it.

Data and nothing else: no name of a program, a host or a verb is ever filled in, and what is said decides
nothing, so it stands neither in a choice that people have nor in what tells whether the run is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.ask import fill
from bot.ask.catalog import did_you_mean
from bot.ask.manifest import Manifest, ModelStep

PLAIN = ("string", "number", "integer", "boolean")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def said(manifest: Manifest, *, whole: bool = False) -> list[tuple[str, ...]]:
    """For each step, and at last for what comes after, what models have said before it for sure.

    `whole`: lists and objects too, which a prompt can take, where a value is data and no text.
    """
    found: list[tuple[str, ...]] = [()]
    for step in manifest.steps:
        mine = tuple(_of(step, whole=whole)) if isinstance(step, ModelStep) else ()
        found.append((*found[-1], *mine))
    return found


def why_not(name: str, manifest: Manifest) -> str:
    """Why something that a model says cannot stand where it does, and what would be right."""
    _, _, rest = name.partition(".")
    of, _, key = rest.partition(".")
    step = next((one for one in manifest.steps if one.id == of and isinstance(one, ModelStep)), None)
    if not isinstance(step, ModelStep):
        return ""
    properties = step.model.answer.get("properties")
    known = list(properties) if isinstance(properties, Mapping) else []
    if key not in known:
        return did_you_mean(key, known).strip() or f"The answer of {of} has no {key}."
    if key not in _required(step):
        return f"It may not be there: add {key} to required of the schema of {of}."
    if fill.said_by(of, key) in _of(step, whole=False):
        return "What a model says is for later steps; it decides nothing, so not for choices and done_when."
    return f"Give {key} one type of {', '.join(PLAIN)}; anything else goes into a later prompt alone."


def _of(step: ModelStep, *, whole: bool) -> Iterator[str]:
    properties = step.model.answer.get("properties")
    for key, schema in properties.items() if isinstance(properties, Mapping) else ():
        plain = isinstance(schema, Mapping) and schema.get("type") in PLAIN
        if key in _required(step) and _NAME.fullmatch(key) and (plain or whole):
            yield fill.said_by(step.id, key)


def _required(step: ModelStep) -> tuple[object, ...]:
    required = step.model.answer.get("required")
    return tuple(required) if isinstance(required, list) else ()
