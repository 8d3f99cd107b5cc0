"""What a person may ask for, in Slack's mrkdwn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from bot.ask.catalog import Catalog, Input, Skill
from bot.ask.grammar import Complete, parse
from bot.ask.inputs import shown
from bot.terms import Refused

_LABEL = {"draft": " (draft)", "deprecated": " (deprecated)", "stable": ""}

_SAID = {
    "reason": "why you ask; optional",
    "incident": "which incident it is for; optional",
    "break_glass": "yes asks for what a policy denies and lets be overridden, with a reason and an incident; "
    "others must say yes, and it is reviewed afterwards",
}
"""What may be said about the request itself."""


def help_text(catalog: Catalog, *, command: str, may_ask: Callable[[Skill], bool]) -> str:
    """Only the skills this person may ask for, each with something to copy, then the other words."""
    mine = [skill for skill in catalog.values() if not skill.unarmed and may_ask(skill)]
    lines = ["*What you can ask for*"] if mine else ["There is nothing you may ask for yet."]
    for skill in mine:
        manifest = skill.manifest
        lines.append(f"• *{skill.name}*{_LABEL[manifest.lifecycle]}: {escaped(manifest.summary)}")
        lines.append(f"    `{command} {escaped(typed_examples(skill)[0])}`")
    lines += [
        "",
        "*And*",
        f"• `{command} status` what is open, `{command} status r-42` one request",
        f"• `{command} why r-42` the rules that decided, what would change it, who can approve",
        f"• `{command} cancel r-42` take your request back",
        f"• `{command} costs` budgets and spending",
    ]
    lines.append('• `reason="…"` and `incident=INC-42` behind any of these say why you ask')
    if mine:
        lines.append(f"• `{command} help {mine[0].name}` everything about one skill")
    return "\n".join(lines)


def skill_help(skill: Skill, command: str) -> str:
    """One skill: its form, its inputs, where it runs, who owns it."""
    manifest = skill.manifest
    properties, required = manifest.inputs.properties, manifest.inputs.required
    lines = [
        f"*{skill.name}* {manifest.version}{_LABEL[manifest.lifecycle]}: {escaped(manifest.summary)}",
        f"`{command} {_form(skill)}`",
        *(f"• *{name}*: {_input(one, needed=name in required)}" for name, one in properties.items()),
        f"• *environment*: {', '.join(manifest.environments)}",
        *(f"• *{name}*: {words}" for name, words in _SAID.items() if name not in properties),
        "*For example*",
        *(f"`{command} {escaped(example)}`" for example in typed_examples(skill)),
        *([f"*Not for*: {escaped('; '.join(manifest.not_for))}"] if manifest.not_for else []),
        *([f"Use *{manifest.replaced_by}* instead."] if manifest.replaced_by else []),
        f"{'Reads only.' if manifest.effects.read_only else 'Changes things.'} "
        f"Owned by {escaped(', '.join(manifest.owners))}.",
    ]
    if skill.unarmed:
        lines.append(f"It cannot be used now: {escaped(skill.unarmed)}")
    return "\n".join(lines)


def typed_examples(skill: Skill) -> list[str]:
    """The examples that can be typed as they are, since some are only phrases; its form when none can."""
    found = []
    for example in skill.manifest.examples:
        with suppress(Refused):
            if isinstance(parse(example, Catalog({skill.name: skill})), Complete):
                found.append(example)
    return found or [_form(skill)]


def _form(skill: Skill) -> str:
    inputs = skill.manifest.inputs
    form = [f"{name}=…" if name in inputs.required else f"[{name}=…]" for name in inputs.properties]
    where = [] if len(skill.manifest.environments) == 1 else ["to …"]
    return " ".join([skill.name, *form, *where])


def _input(one: Input, *, needed: bool) -> str:
    parts = [escaped(one.description.rstrip("."))]
    if one.enum is not None:
        parts.append(f"one of {escaped(', '.join(map(shown, one.enum)))}")
    elif one.type != "string":
        parts.append({"integer": "a whole number", "number": "a number", "boolean": "yes or no"}[one.type])
    if one.default is not None:
        parts.append(f"{escaped(shown(one.default))} when not said")
    elif not needed:
        parts.append("optional")
    return "; ".join(parts)


def escaped(text: str) -> str:
    """Text from a manifest cannot mention, link or ping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "ʼ")
