"""YAML as data that cannot surprise, with the place of every key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import JsonValue

from bot.artifacts.yaml_nodes import PLAIN, root
from bot.artifacts.yaml_quick import Later, Unusual, ordinary
from bot.ask.reading import Finding, Problem
from bot.ask.reading import Path as Where
from bot.ask.unseen import unseen

Marks = Mapping[Where, tuple[int, int]]
"""The line and column, from 1, of every key and every list item; `()` is the document."""

MOST_BYTES = 256 * 1024
MOST_EXACT = 2**53 - 1
"""Larger whole numbers are not the same everywhere, and what is approved is bound to numbers."""
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?")
_NO_TEXT = frozenset("+-.0123456789tTfFnN~")
"""What words begin with that are something else than text."""
_WORDS: dict[str, bool | None] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


class NotYaml(Exception):
    """A file that is not the YAML we read; `problem` has its place."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def load(path: Path, *, file: str = "") -> tuple[JsonValue, Marks]:
    """The data of one file and the place of everything in it; raises NotYaml, or OSError as it comes."""
    with path.open("rb") as handle:
        return read(handle.read(MOST_BYTES + 1), file=file or str(path))


def read(content: bytes, *, file: str, first_line: int = 1) -> tuple[JsonValue, Marks]:
    """Like `load`, for bytes that are already here; `first_line` is where they start in their file.

    YAML 1.2's plain words: `on` and `no` are text, a date is text, `010` is ten. Refused: a key written twice
    (the usual loader silently keeps the last), anchors and aliases (ten lines can become gigabytes), tags.
    """

    def refuse(mark: Any, message: str, hint: str = "", rule: str = "manifest") -> NotYaml:
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        return NotYaml(Problem(file, line, column, message, hint, rule=rule))

    if len(content) > MOST_BYTES:
        raise refuse(None, f"the file is larger than {MOST_BYTES // 1024} kB", "Split it.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse(
            _mark(content[: error.start].decode()), "this is not UTF-8", "Save it as UTF-8."
        ) from None
    if found := unseen(text, allowed="\n\r\t"):
        raise refuse(
            _mark(text[: found[0]]),
            f"{found[1]} cannot be seen by a reader",
            "Remove it.",
            "unseen-character",
        )
    with suppress(Unusual):
        return ordinary(text, _scalar), Later(lambda: _places(text, first_line))
    try:
        node = root(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "this is not YAML"
        if message.startswith("but ") and error.context:
            message = f"{error.context}, {message}"
        hint = getattr(error, "note", None) or ("Indent with spaces." if r"'\t'" in message else "")
        raise refuse(mark, message, hint) from None
    except yaml.YAMLError as error:
        raise refuse(None, f"this is not YAML: {error}") from None
    marks: dict[Where, tuple[int, int]] = {(): (first_line, 1)}
    return (None if node is None else _value(node, (), marks, refuse)), marks


def _places(text: str, first_line: int) -> Marks:
    """Of what could be read before, so that nothing of it is refused."""

    def never(mark: Any, message: str, *_: str) -> Exception:
        return AssertionError(f"{message} at {mark}, in what was read already")

    found: dict[Where, tuple[int, int]] = {(): (first_line, 1)}
    if (node := root(text)) is not None:
        _value(node, (), found, never)
    return found


def _value(node: yaml.Node, where: Where, marks: dict[Where, tuple[int, int]], refuse: Any) -> JsonValue:
    line = marks[()][0]
    if node.tag not in PLAIN:
        raise refuse(node.start_mark, f"the tag {node.tag} is not read", "Write plain values.")
    match node:
        case yaml.ScalarNode():
            return _scalar(node)
        case yaml.SequenceNode():
            items: list[JsonValue] = []
            for position, item in enumerate(node.value):
                marks[*where, position] = (item.start_mark.line + line, item.start_mark.column + 1)
                items.append(_value(item, (*where, position), marks, refuse))
            return items
    found: dict[str, JsonValue] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise refuse(key.start_mark, "a key is one word", "Quote it, or give it a name.")
        name = str(key.value)
        if name == "<<" and not key.style:
            raise refuse(key.start_mark, "merging with << is not read", "Write the keys out.")
        if name in found:
            first = marks[*where, name][0]
            raise refuse(
                key.start_mark, f'the key "{name}" is here twice', f"Keep one; the other is in line {first}."
            )
        marks[*where, name] = (key.start_mark.line + line, key.start_mark.column + 1)
        found[name] = _value(value, (*where, name), marks, refuse)
    return found


def _scalar(node: yaml.ScalarNode | yaml.ScalarEvent) -> JsonValue:
    text: str = node.value
    if node.style or (text and text[0] not in _NO_TEXT):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) < 19 and abs(int(text)) <= MOST_EXACT else text
    if _FLOAT.fullmatch(text) and len(text) < 40 and abs(number := float(text)) < 1e300:
        return number
    return text


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    column: int


def _mark(before: str) -> _Mark:
    return _Mark(before.count("\n"), len(before) - before.rfind("\n") - 1)


def place(marks: Marks, where: Sequence[str | int]) -> tuple[int, int]:
    """The place of a path, or of the nearest thing above it that is in the file."""
    path = tuple(where)
    while path not in marks:
        path = path[:-1]
    return marks[path]


def placed(finding: Finding, marks: Marks, file: str) -> Problem:
    """A finding about the data of a file, with its place there."""
    line, column = place(marks, finding.path)
    return Problem(file, line, column, finding.message, finding.hint, rule=finding.rule)
