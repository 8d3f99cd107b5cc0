"""Templates: every `${…}` names only what will be known when it is filled, where it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bot.ask import fill
from bot.ask.catalog import did_you_mean
from bot.ask.lint.places import Placed, answers
from bot.ask.lint.said import said as said_before
from bot.ask.lint.said import why_not
from bot.ask.manifest import ConnectorCall, HttpRequest, Manifest, McpCall, ModelCall, Question
from bot.ask.reading import Finding, Path


@dataclass(frozen=True, slots=True)
class _Template:
    path: Path
    text: str
    extra: tuple[str, ...] = ()
    planned: bool = False


def templates(manifest: Manifest, placed: Sequence[Placed]) -> Iterator[Finding]:
    optional = manifest.inputs.optional()
    always = frozenset((*fill.ALWAYS, *(f"inputs.{name}" for name in manifest.inputs.properties)))
    for template in _all(manifest, placed):
        if "${" not in template.text:
            continue
        for name in fill.names(template.text):
            if name not in always and name not in template.extra:
                if not (template.planned and fill.RESOLVED.fullmatch(name)):
                    yield _stranger(template, name, manifest)
            elif name.removeprefix("inputs.") in optional and name.startswith("inputs."):
                hint = "Make the input required or give it a default."
                yield Finding(template.path, f"${{{name}}} may have no value", hint)


def _stranger(template: _Template, name: str, manifest: Manifest) -> Finding:
    if name == "${":
        return Finding(template.path, "a ${ is never closed", "Write ${environment}, for example.")
    if name.startswith("secrets."):
        hint = "A secret that is not optional goes into a header or body of a step that it names."
        return Finding(template.path, f"${{{name}}} may not stand here", hint)
    if name.startswith("steps."):
        told = ", ".join(one for one in template.extra if one.startswith("steps."))
        hint = f"Known here: {told}." if told else "Only answers to ask and model steps before it are known."
        hint = why_not(name, manifest) or hint
        return Finding(template.path, f"nothing is known as ${{{name}}}", hint)
    known = [*fill.ALWAYS, *template.extra, *(f"inputs.{name}" for name in manifest.inputs.properties)]
    guess = did_you_mean(name, known).strip()
    return Finding(template.path, f"nothing is known as ${{{name}}}", guess or f"Known: {', '.join(known)}.")


def _all(manifest: Manifest, placed: Sequence[Placed]) -> Iterator[_Template]:
    environment = tuple(f"env.{name}" for name in manifest.permissions.env)
    for place in placed:
        secrets = tuple(
            f"secrets.{name}"
            for name, one in manifest.permissions.secrets.items()
            if place.step in one.steps and not one.optional
        )
        yield from _of(place, manifest, environment, secrets)
    told, said = answers(manifest), said_before(manifest)
    for position, first in enumerate(manifest.preconditions):
        yield _Template(("preconditions", position, "title"), first.title, fill.PLANNED, planned=True)
    for position, step in enumerate(manifest.steps):
        known = (*fill.PLANNED, *told[position], *said[position])
        yield _Template(("steps", position, "title"), step.title, known, planned=True)
    for position, check in enumerate(manifest.done_when.checks):
        if isinstance(check.equals, str):
            at: Path = ("done_when", "checks", position, "equals")
            yield _Template(at, check.equals, (*fill.PLANNED, *told[-1]), planned=True)
    if manifest.effects.lock is not None:
        yield _Template(("effects", "lock"), manifest.effects.lock)


def _of(
    place: Placed, manifest: Manifest, environment: tuple[str, ...], secrets: tuple[str, ...]
) -> Iterator[_Template]:
    """The templates of one action; only requests know the environment, and secrets where none is logged."""
    path, known, planned = place.path, place.known, bool(place.known)
    match place.body:
        case HttpRequest() as request:
            known = (*known, *environment)
            yield _Template((*path, "url"), request.url, known, planned)
            private = (*known, *secrets)
            for key, text in _texts(dict(request.headers), (*path, "headers")):
                yield _Template(key, text, private, planned)
            for key, text in _texts(request.body, (*path, "body")):
                yield _Template(key, text, private, planned)
        case ConnectorCall() | McpCall() as call:
            for key, text in _texts(call.arguments, (*path, "with")):
                yield _Template(key, text, known, planned)
            for key, text in _texts(dict(call.expect), (*path, "expect")):
                yield _Template(key, text, known, planned)
        case ModelCall() as call:
            yield _Template((*path, "prompt"), call.prompt, known, planned)
        case Question() as question:
            yield _Template((*path, "question"), question.question, known, planned)
            by_models = said_before(manifest)[-1]
            chosen = tuple(name for name in known if name not in by_models)
            for position, choice in enumerate(question.choices):
                yield _Template((*path, "choices", position), choice, chosen, planned)
        case argv:
            for position, item in enumerate(argv):
                if "${" in item:  # most are plain words
                    yield _Template((*path, position), item, known, planned)


def _texts(value: JsonValue | Mapping[str, JsonValue], path: Path) -> Iterator[tuple[Path, str]]:
    match value:
        case str():
            yield path, value
        case list():
            for position, item in enumerate(value):
                yield from _texts(item, (*path, position))
        case Mapping():
            for key, item in value.items():
                yield from _texts(item, (*path, key))
