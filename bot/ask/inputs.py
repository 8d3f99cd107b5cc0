"""What people typed or chose, as values that keep to the skill's schema."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from bot.ask.catalog import Input, Skill, did_you_mean
from bot.ask.invocation import ABOUT, About, Invocation, Value
from bot.ask.unseen import unseen
from bot.ask.words import MOST_CHARACTERS
from bot.terms import Environment, Refused

ENVIRONMENT = "environment"
"""The name of the environment's field where fields are named."""
MOST_SAID = 500
"""Characters of a reason that a card still shows whole."""

_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "yes or no", "string": "text"}
_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?(?=\.?[0-9])[0-9]{0,15}(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,2})?")


class FieldErrors(Refused):
    """What is wrong, for each field by its name, so that a form can say it where it is."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("\n".join(errors.values()))
        self.errors = dict(errors)


NOTHING_SAID = About()


def invocation(
    skill: Skill, inputs: Mapping[str, Value], environment: Environment, about: About = NOTHING_SAID
) -> Invocation:
    """The one place that makes an Invocation: defaults filled, in the manifest's order, all checked."""
    properties = skill.manifest.inputs.properties
    whole: dict[str, Value] = {}
    for name, one in properties.items():
        if name in inputs:
            whole[name] = inputs[name]
        elif one.default is not None:
            whole[name] = one.default
    required = skill.manifest.inputs.required
    errors = {name: _say(name, properties[name]) for name in required if name not in whole}
    for name, found in whole.items():
        if keyword := properties[name].broken_by(found):
            errors[name] = f"{name} does not keep to its {keyword}. {_about(properties[name])}"
    if errors:
        raise FieldErrors(errors)
    return Invocation(
        skill=skill.name,
        version=skill.version,
        digest=skill.digest,
        inputs=whole,
        environment=environment,
        **{name: getattr(about, name) for name in ABOUT},
    )


def said_about(skill: Skill, texts: Mapping[str, str]) -> About:
    """What `reason`, `incident` and `break_glass` say, where the skill has no input of that name.

    Raises FieldErrors with everything that is wrong.
    """
    if not texts:
        return NOTHING_SAID
    said: dict[str, str | bool] = {}
    errors: dict[str, str] = {}
    for name, text in texts.items():
        if name not in ABOUT or name in skill.manifest.inputs.properties or not text.strip():
            continue
        try:
            said[name] = _about_itself(name, text.strip())
        except Refused as refused:
            errors[name] = str(refused)
    if said.get("break_glass") and not (said.get("reason") and said.get("incident")):
        errors["break_glass"] = (
            'Breaking the glass takes a reason and an incident: break_glass=yes incident=INC-42 reason="…".'
        )
    if errors:
        raise FieldErrors(errors)
    return About.model_validate(said)


def _about_itself(name: str, text: str) -> str | bool:
    if name == "break_glass":
        if text.lower() not in (*_YES, *_NO):
            raise Refused(f"break_glass cannot be {_cut(text)}. It is yes or no.")
        return text.lower() in _YES
    if found := unseen(text):
        raise Refused(f"{name} has {found[1]}, which nobody can see. Type it again without it.")
    if len(text) > MOST_SAID:
        raise Refused(f"{name} has {len(text):,} characters. Up to {MOST_SAID} are kept.")
    return unicodedata.normalize("NFC", text)


def complete(skill: Skill, inputs: Mapping[str, str], environment: str | None) -> Invocation:
    """An Invocation from the fields of a form; raises FieldErrors with everything that is wrong at once."""
    properties = skill.manifest.inputs.properties
    about = {name: text for name, text in inputs.items() if name in ABOUT and name not in properties}
    inputs = {name: text for name, text in inputs.items() if name not in about}
    if strange := [name for name in inputs if name not in properties]:
        raise Refused(f"{skill.name} has no input {strange[0]} any more. Open the form again.")
    values: dict[str, Value] = {}
    errors: dict[str, str] = {}
    for name, one in properties.items():
        text = inputs.get(name, "").strip()
        if text:
            try:
                values[name] = value(name, one, text)
            except Refused as refused:
                errors[name] = str(refused)
        elif name in skill.manifest.inputs.required:
            errors[name] = _say(name, one)
    where: Environment | None = None
    try:
        where = place(skill, environment)
    except Refused as refused:
        errors[ENVIRONMENT] = str(refused)
    said = NOTHING_SAID
    try:
        said = said_about(skill, about)
    except FieldErrors as wrong:
        errors |= wrong.errors
    if errors or where is None:
        raise FieldErrors(errors or {ENVIRONMENT: f"Say where: {_either(skill.manifest.environments)}."})
    return invocation(skill, values, where, said)


def place(skill: Skill, word: str | None) -> Environment | None:
    """The environment a person named; the only one there is when none was named; else None.

    Raises Refused when there is no such environment, or the skill does not run there.
    """
    mine = skill.manifest.environments
    if not word:
        return mine[0] if len(mine) == 1 else None
    found = Environment.of(word.strip())
    if found is None:
        guess = did_you_mean(word, [one.value for one in mine])
        raise Refused(f"{_cut(word)} is no environment. {guess}{skill.name} runs in {_either(mine)}.")
    if found not in mine:
        raise Refused(f"{skill.name} does not run in {found}. It runs in {_either(mine)}.")
    return found


def value(name: str, one: Input, text: str) -> Value:
    """One typed value in its type; raises Refused with what would be right."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"{name} has {len(text):,} characters. Up to {MOST_CHARACTERS:,} can be read.")
    if found := unseen(text):
        raise Refused(f"{name} has {found[1]}, which nobody can see. Type it again without it.")
    if one.enum is not None:
        return _choice(name, one, text)
    found_value = _typed(one, text)
    if found_value is None:
        raise Refused(f"{name} cannot be {_cut(text)}. It is {_KINDS[one.type]}. {_about(one)}")
    if keyword := one.broken_by(found_value):
        bounds = f"It is {_bounds(one)}. " if keyword != "pattern" and _bounds(one) else ""
        raise Refused(f"{name} cannot be {_cut(text)}. {bounds}{_about(one)}")
    if isinstance(found_value, str) and found_value.startswith("-"):
        raise Refused(f"{name} may not start with a dash: {_cut(text)}.")
    return found_value


def _typed(one: Input, text: str) -> Value | None:
    match one.type:
        case "string":
            return unicodedata.normalize("NFC", text)
        case "integer":
            return int(text) if _INTEGER.fullmatch(text) else None
        case "number":
            return float(text) if _NUMBER.fullmatch(text) else None
        case "boolean":
            return True if text.lower() in _YES else False if text.lower() in _NO else None


def _choice(name: str, one: Input, text: str) -> Value:
    choices = {shown(choice): choice for choice in one.enum or ()}
    typed = text if one.type == "string" else shown(_typed(one, text))
    exact = [choice for word, choice in choices.items() if word == typed]
    alike = exact or [choice for word, choice in choices.items() if word.lower() == str(typed).lower()]
    if len(alike) == 1:
        return alike[0]
    guess = did_you_mean(text, list(choices))
    raise Refused(f"{name} cannot be {_cut(text)}. {guess}Known: {', '.join(choices)}.")


def shown(found: Value | None) -> str:
    """A value as people type it."""
    return ("true" if found else "false") if isinstance(found, bool) else str(found)


def _bounds(one: Input) -> str:
    sizes = (
        ("at least", one.minimum, ""),
        ("at most", one.maximum, ""),
        ("at least", one.min_length, " characters"),
        ("at most", one.max_length, " characters"),
    )
    return " and ".join(f"{words} {size:g}{unit}" for words, size, unit in sizes if size is not None)


def _say(name: str, one: Input) -> str:
    return f"Say the {name}: {_about(one)}"


def _about(one: Input) -> str:
    examples = f", such as {', '.join(map(shown, one.examples))}" if one.examples else ""
    return f"{one.description.rstrip('.')}{examples}."


def _either(environments: tuple[Environment, ...]) -> str:
    *first, last = [one.value for one in environments]
    return f"{', '.join(first)} or {last}" if first else last


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
