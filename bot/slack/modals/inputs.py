"""The guided way to ask: choose a skill, then fill in its inputs, each with the control that fits it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from bot.ask.catalog import Input, Skill
from bot.ask.grammar import Incomplete
from bot.ask.inputs import ENVIRONMENT, MOST_SAID, NOTHING_SAID
from bot.ask.invocation import About, Value
from bot.slack.cards.blocks import Block, context, plain_text, section
from bot.slack.escape import plain, words
from bot.terms import Environment

CHOOSE, ASK = "choose", "ask"
SKILL, CHANNEL = "skill", "channel"
_ELEMENT = "value"
_OPTIONS = 100

_SAID = (
    ("reason", "Why?", "Whoever must approve reads it on the card.", True),
    ("incident", "Incident", "The one this is for, such as INC-42.", False),
    (
        "break_glass",
        "Break the glass?",
        "For emergencies: it takes a reason, an incident and other people's yes. It is reviewed afterwards.",
        False,
    ),
)
"""Name, label, hint, and whether it is asked whatever the policies look at."""

Carried = Mapping[str, str | None]
"""Where the request will belong: `channel`, `thread_ts`, `response_url`."""


def choose(skills: Iterable[Skill], carried: Carried) -> dict[str, Any]:
    """Only what this person may ask for; an empty list says so."""
    options = [_option(skill.name, skill.name, skill.manifest.summary) for skill in skills][:_OPTIONS]
    if not options:
        return _modal(
            "", "Ask for a run", [section("none", "There is nothing you may ask for yet.")], carried
        )
    element: Block = {"type": "static_select", "action_id": _ELEMENT, "options": options}
    picked = _input(SKILL, "What should run?", element)
    return _modal(CHOOSE, "Ask for a run", [picked], carried, submit="Next")


def form(
    skill: Skill,
    carried: Carried,
    *,
    known: Incomplete | None = None,
    looked_at: Collection[str] = (),
) -> dict[str, Any]:
    """The inputs of one skill, with what was already said filled in.

    `looked_at` are the facts that its policies look at: only for those is there a field about the request.
    """
    manifest = skill.manifest
    values: Mapping[str, Value] = known.inputs if known else {}
    blocks = [section("about", words(manifest.summary, 600))]
    for name, one in manifest.inputs.properties.items():
        needed = name in manifest.inputs.required
        blocks.append(
            _input(
                name,
                name.replace("_", " ").capitalize(),
                _element(one, values.get(name, one.default)),
                hint=one.description,
                optional=not needed,
            )
        )
    where = known.environment if known else None
    if len(manifest.environments) > 1:
        blocks.append(_input(ENVIRONMENT, "Where?", _where(manifest.environments, where)))
    blocks += _about(skill, known.about if known else NOTHING_SAID, looked_at)
    if not carried.get("channel"):
        element: Block = {"type": "conversations_select", "action_id": _ELEMENT}
        blocks.append(_input(CHANNEL, "Where should the card be?", element))
    blocks.append(context("next", "You see the plan, the cost and who must approve before anything runs."))
    return _modal(ASK, f"Ask: {skill.name}", blocks, {**carried, "skill": skill.name}, submit="Ask")


def _about(skill: Skill, said: About, looked_at: Collection[str]) -> Iterator[Block]:
    """What may be said of the request itself. Why is always worth a line; the rest only where it matters."""
    texts = {"reason": said.reason, "incident": said.incident}
    for name, label, hint, always in _SAID:
        if name in skill.manifest.inputs.properties:
            continue
        if always or texts.get(name) or f"request.{name}" in looked_at:
            element: Block = {"type": "plain_text_input", "action_id": _ELEMENT, "max_length": MOST_SAID}
            if texts.get(name):
                element["initial_value"] = texts[name]
            if name == "break_glass":
                chosen = "yes" if said.break_glass else "no"
                element = {**_select(_GLASS, chosen), "type": "radio_buttons"}
            yield _input(name, label, element, hint=hint, optional=True)


def _element(one: Input, value: Value | None) -> Block:
    if one.enum is not None and len(one.enum) <= _OPTIONS:
        return _select([_option(_shown(each), _shown(each)) for each in one.enum], value)
    if one.type == "boolean":
        options = [_option("Yes", "true"), _option("No", "false")]
        return {**_select(options, value), "type": "radio_buttons"}
    made: Block = {"type": "plain_text_input", "action_id": _ELEMENT, "max_length": one.max_length or 1000}
    if value is not None:
        made["initial_value"] = _shown(value)[: made["max_length"]]
    if one.examples:
        made["placeholder"] = plain_text(plain(f"for example {_shown(one.examples[0])}", 150))
    return made


def _where(environments: Iterable[Environment], chosen: Environment | None) -> Block:
    return _select([_option(each.value, each.value) for each in environments], chosen)


def _select(options: list[Block], value: Value | None) -> Block:
    made: Block = {"type": "static_select", "action_id": _ELEMENT, "options": options}
    first = next((each for each in options if value is not None and each["value"] == _shown(value)), None)
    return {**made, "initial_option": first} if first else made


def _option(label: str, value: str, description: str = "") -> Block:
    made: Block = {"text": plain_text(plain(label, 75)), "value": value[:150]}
    return {**made, "description": plain_text(plain(description, 75))} if description else made


_GLASS = [_option("No", "no"), _option("Yes, this cannot wait", "yes")]


def _shown(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _input(name: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    made: Block = {
        "type": "input",
        "block_id": name,
        "label": plain_text(plain(label, 200)),
        "element": element,
        "optional": optional,
    }
    return {**made, "hint": plain_text(plain(hint, 300))} if hint else made


def _modal(
    callback: str, title: str, blocks: list[Block], carried: Carried, *, submit: str = ""
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps({name: each for name, each in carried.items() if each}),
        "title": plain_text(plain(title, 24)),
        "close": plain_text("Cancel"),
        "blocks": blocks,
    }
    return {**made, "submit": plain_text(submit)} if submit else made
