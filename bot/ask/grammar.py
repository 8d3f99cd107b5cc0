"""The exact form: `deploy service=checkout version=1.4.2 to staging`. The only maker of Invocations.

No model and no guess: what is not understood is refused with what would be right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.ask.catalog import RESERVED, Catalog, Skill, did_you_mean
from bot.ask.inputs import (
    ENVIRONMENT,
    NOTHING_SAID,
    FieldErrors,
    complete,
    invocation,
    place,
    said_about,
    value,
)
from bot.ask.invocation import ABOUT, About, Invocation, Value
from bot.ask.words import Word, words
from bot.terms import Environment, Refused, RequestId

__all__ = [
    "Asked",
    "Cancel",
    "Complete",
    "Costs",
    "FieldErrors",
    "Help",
    "Home",
    "Incomplete",
    "Status",
    "Why",
    "complete",
    "parse",
]

_WHERE = ("to", "in", "on")
_REQUEST = re.compile(r"(?:r-?)?([1-9][0-9]{0,11})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complete:
    """It can be planned: nothing is missing and everything is valid."""

    invocation: Invocation


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Right so far. `missing` names inputs in the manifest's order, and `environment` last."""

    skill: str
    inputs: dict[str, Value]
    environment: Environment | None
    missing: tuple[str, ...]
    about: About = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Help:
    """`topic` is a skill there is, or None for all."""

    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """No words at all: offer what there is."""


@dataclass(frozen=True, slots=True)
class Status:
    request: RequestId | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    request: RequestId


@dataclass(frozen=True, slots=True)
class Why:
    request: RequestId


@dataclass(frozen=True, slots=True)
class Costs:
    pass


Asked = Complete | Incomplete | Help | Home | Status | Cancel | Why | Costs


def parse(text: str, catalog: Catalog) -> Asked:
    """Read what a person typed after the command; raises Refused and nothing else."""
    said = words(text)
    if not said:
        return Home()
    first, rest = said[0], said[1:]
    if first.key is not None:
        known = ", ".join(catalog) or "there are no skills yet"
        raise Refused(f"Begin with the skill, then {first.key}=…. Known: {known}.")
    if first.says(*RESERVED):
        return _reserved(first.text.lower(), rest, catalog)
    skill = _skill(first.text, catalog)
    if len(rest) == 1 and rest[0].says("help"):
        return Help(skill.name)
    return _invoked(skill, rest)


def _skill(name: str, catalog: Catalog) -> Skill:
    if name.lower() not in catalog and name.lower() not in catalog.broken:
        guess = did_you_mean(name, (*catalog, *RESERVED))
        if any(word in guess for word in RESERVED):
            raise Refused(f"There is no skill {name[:60]}. {guess}Known: {', '.join(catalog)}.")
    return catalog.find(name)


def _reserved(word: str, rest: list[Word], catalog: Catalog) -> Asked:
    topic = rest[0].text if rest and rest[0].key is None else None
    if len(rest) > 1 or (rest and topic is None) or (word == "costs" and rest):
        raise Refused(f"{word} takes {'nothing more' if word == 'costs' else 'one word at most'}.")
    match word:
        case "help":
            return Help(catalog.find(topic).name if topic and topic.lower() not in RESERVED else None)
        case "status":
            return Status(_request(topic) if topic else None)
        case "costs":
            return Costs()
    if topic is None:
        raise Refused(f"Say which request: {word} r-42.")
    return Cancel(_request(topic)) if word == "cancel" else Why(_request(topic))


def _request(word: str) -> RequestId:
    found = _REQUEST.fullmatch(word)
    if found is None:
        raise Refused(f"{word[:60]} is no request. A request is written r-42.")
    return RequestId(f"r-{found[1]}")


def _invoked(skill: Skill, said: list[Word]) -> Complete | Incomplete:
    where, said = _environment(skill, said)
    about, said = _itself(skill, said)
    texts = _named(skill, said)
    properties = skill.manifest.inputs.properties
    values: dict[str, Value] = {}
    errors: dict[str, str] = {}
    for name in properties:
        if name in texts:
            try:
                values[name] = value(name, properties[name], texts[name])
            except Refused as refused:
                errors[name] = str(refused)
    if errors:
        raise FieldErrors(errors)
    required = skill.manifest.inputs.required
    missing = [name for name in properties if name in required and name not in values]
    if where is None:
        missing.append(ENVIRONMENT)
    if missing or where is None:
        return Incomplete(skill.name, values, where, tuple(missing), about)
    return Complete(invocation(skill, values, where, about))


def _itself(skill: Skill, said: list[Word]) -> tuple[About, list[Word]]:
    """Take what is said about the request itself (`reason="…"`) out of the words."""
    texts: dict[str, str] = {}
    rest: list[Word] = []
    for word in said:
        name = (word.key or "").lower().replace("-", "_")
        if name not in ABOUT or name in skill.manifest.inputs.properties:
            rest.append(word)
        elif name in texts:
            raise Refused(f"{name} is there twice: {texts[name]} and {word.text}. Keep one.")
        else:
            texts[name] = word.text
    return said_about(skill, texts), rest


def _environment(skill: Skill, said: list[Word]) -> tuple[Environment | None, list[Word]]:
    """Take `to staging` (or `environment=staging`) out of the words."""
    found: list[str] = []
    rest: list[Word] = []
    position = 0
    while position < len(said):
        word = said[position]
        if word.says(*_WHERE):
            if position + 1 == len(said) or said[position + 1].key is not None:
                names = ", ".join(skill.manifest.environments)
                raise Refused(f"Say where after `{word.text}`: {names}. If it is a value, quote it.")
            found.append(said[position + 1].text)
            position += 2
            continue
        if word.key is not None and word.key.lower() in (ENVIRONMENT, "env"):
            found.append(word.text)
        else:
            rest.append(word)
        position += 1
    if len(found) > 1:
        raise Refused(f"You named {len(found)} environments: {' and '.join(found)}. Name one.")
    return place(skill, found[0] if found else None), rest


def _named(skill: Skill, said: list[Word]) -> dict[str, str]:
    """Each input's text: the named ones first, then plain words in the order of the manifest."""
    properties = skill.manifest.inputs.properties
    texts: dict[str, str] = {}
    for word in said:
        if word.key is None:
            continue
        name = word.key.lower().replace("-", "_")
        if name not in properties:
            takes = f"It takes: {', '.join(properties)}." if properties else "It takes no inputs."
            raise Refused(f"{skill.name} has no input {word.key}. {did_you_mean(name, properties)}{takes}")
        if name in texts:
            raise Refused(f"{name} is there twice: {texts[name]} and {word.text}. Keep one.")
        texts[name] = word.text
    left = [name for name in properties if name not in texts]
    for word in (word for word in said if word.key is None):
        if not left:
            raise Refused(_too_much(skill, word))
        texts[left.pop(0)] = word.text
    return texts


def _too_much(skill: Skill, word: Word) -> str:
    if found := Environment.of(word.text):
        return f"Write `to {found}` if {word.text} is where it should run."
    takes = ", ".join(skill.manifest.inputs.properties)
    return (
        f"There is no place for {word.text[:60]}: {skill.name} takes {takes or 'no inputs'}. "
        "Put a value of several words in quotes."
    )
