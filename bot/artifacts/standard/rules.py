"""What the format asks of the keys and the text, each with its place and what would be right."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator

from pydantic import JsonValue

from bot.artifacts.standard.front_matter import FORM, KEYS, FrontMatter
from bot.artifacts.yaml_marks import place
from bot.ask.catalog import did_you_mean
from bot.ask.reading import Level, Problem

MOST = {"name": 64, "description": 1024, "compatibility": 500}
LONGEST_LINES, LONGEST_CHARACTERS = 500, 20_000
"""What the format recommends at most: 500 lines, and 5,000 tokens at some four characters each."""
_ELSEWHERE = frozenset(
    {
        "version", "author", "tags", "category", "argument-hint", "model", "user-invocable", "hooks", "agent",
        "context", "disable-model-invocation", "priority", "keywords", "homepage", "repository", "title",
        "emoji",
    }
)  # fmt: skip
"""Keys that other programs read; to this format they are strangers."""


def kept(front: FrontMatter, *, folder: str, file: str, files: Collection[str] = ()) -> tuple[Problem, ...]:
    """Everything wrong with a SKILL.md, its form first; nothing of it gives a permission here."""
    return (*front.problems, *_keys(front, folder, file), *_body(front, file, files))


def _keys(front: FrontMatter, folder: str, file: str) -> Iterator[Problem]:
    def at(key: str, message: str, hint: str, level: Level = "error", rule: str = FORM) -> Problem:
        return Problem(file, *place(front.marks, (key,)), message, hint, rule=rule, level=level)

    if not front.keys and front.problems:
        return
    lower = {key.lower().replace("_", "-"): key for key in reversed(list(front.keys))}
    told: set[str] = set()
    for key in ("name", "description"):
        if key not in front.keys:
            meant = lower.get(key)
            told |= {meant} if meant else set()
            hint = f"Write {key}: for {meant}:." if meant else "The format asks for name and description."
            yield at(meant or key, f'"{key}" is missing', hint)
    for key, value in front.keys.items():
        if key in told:
            continue
        if key not in KEYS:
            yield at(key, f'the format has no key "{key}"', _stranger(key, lower), rule="unknown-key")
        elif key == "metadata":
            yield from (at(key, *said) for said in _metadata(value))
        elif key == "allowed-tools":
            for message, hint, level in _tools(value):
                yield at(key, message, hint, level, "asks-for-tools")
        elif not isinstance(value, str):
            yield at(key, f'"{key}" is not text', f'Quote it: {key}: "…".')
        elif not value.strip():
            if key != "license":
                yield at(key, f'"{key}" is empty', "Say it, or leave the key out.")
        elif len(value) > MOST.get(key, len(value)):
            yield at(key, f'"{key}" has {len(value)} characters', f"At most {MOST[key]}.")
    if isinstance(name := front.keys.get("name"), str) and name.strip():
        yield from (at("name", *said) for said in _name(name.strip(), folder))
    if isinstance(text := front.keys.get("description"), str) and 0 < len(text.strip()) < 30:
        hint = "Say what it does and when to use it."
        yield at("description", "the description says little", hint, "warning", "short-description")


def _stranger(key: str, lower: dict[str, str]) -> str:
    meant = key.lower().replace("_", "-")
    if meant in KEYS:
        return f"Write {meant}."
    if meant in _ELSEWHERE:
        return "Put it below metadata:."
    return did_you_mean(key, KEYS).strip() or f"It has: {', '.join(KEYS)}. Others go below metadata:."


def _name(name: str, folder: str) -> Iterator[tuple[str, str] | tuple[str, str, Level]]:
    plain = unicodedata.normalize("NFKC", name)
    folded = unicodedata.normalize("NFKC", folder)
    good = "Lower-case words joined by dashes."
    if not all(char.isalnum() or char == "-" for char in plain) or plain != plain.lower():
        yield f'"{name}" is no name', good
    elif plain.startswith("-") or plain.endswith("-") or "--" in plain:
        yield f'"{name}" is no name: dashes join words', good
    elif not plain.isascii():
        yield (
            f'"{name}" has letters beyond a to z',
            "A skill that runs here needs a name without them.",
            "warning",
        )
    if plain != folded:
        yield f'"{name}" is in the folder {folder}', "Give both the same name."


def _metadata(value: JsonValue) -> Iterator[tuple[str, str] | tuple[str, str, Level]]:
    if not isinstance(value, dict):
        yield "metadata is no mapping of keys to text", "Write key: value below it."
        return
    for key, item in value.items():
        if not isinstance(item, str):
            yield f'metadata "{key}" is not text', f'Quote it: {key}: "…".', "warning"


def _tools(value: JsonValue) -> Iterator[tuple[str, str, Level]]:
    if not isinstance(value, str) and not (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    ):
        yield (
            "allowed-tools is neither text nor a list of text",
            "Write names with spaces between them.",
            "error",
        )
    yield "it asks for tools", "Text gives no permission: a manifest does.", "warning"


def _body(front: FrontMatter, file: str, files: Collection[str]) -> Iterator[Problem]:
    lines = front.body.count("\n") + 1
    if not front.body:
        hint = "Say below the front matter how it is done."
        yield Problem(file, 1, 1, "there is no text", hint, rule="no-text", level="warning")
    elif lines > LONGEST_LINES or len(front.body) > LONGEST_CHARACTERS:
        what = f"the text has {lines} lines and {len(front.body):,} characters"
        hint = f"The format recommends at most {LONGEST_LINES} lines. Put the rest into references/."
        yield Problem(file, 1, 1, what, hint, rule="long-text", level="note")
    if "skill.md" in files and "SKILL.md" not in files:
        what = "the file is called skill.md"
        yield Problem(file, 1, 1, what, "Call it SKILL.md.", rule="file-name", level="warning")
