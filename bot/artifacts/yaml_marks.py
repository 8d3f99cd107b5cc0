"""YAML as data that cannot surprise, with the place of every key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import JsonValue
from yaml.composer import Composer, ComposerError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from bot.ask.reading import Finding, Problem
from bot.ask.reading import Path as Where
from bot.ask.unseen import unseen

Marks = dict[Where, tuple[int, int]]
"""The line and column, from 1, of every key and every list item; `()` is the document."""

MOST_BYTES = 256 * 1024
_DEEPEST = 40
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?")
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
    try:
        node = _root(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "this is not YAML"
        raise refuse(mark, message, getattr(error, "note", None) or "") from None
    except yaml.YAMLError as error:
        raise refuse(None, f"this is not YAML: {error}") from None
    marks: Marks = {(): (first_line, 1)}
    return (None if node is None else _value(node, (), marks, refuse)), marks


def _value(node: yaml.Node, where: Where, marks: Marks, refuse: Any) -> JsonValue:
    line = marks[()][0]
    if node.tag not in _PLAIN:
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


def _scalar(node: yaml.ScalarNode) -> JsonValue:
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) < 19 else text
    if _FLOAT.fullmatch(text) and len(text) < 40 and abs(number := float(text)) < 1e300:
        return number
    return text


_TAGS: dict[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
_PLAIN = frozenset(_TAGS.values())


class _Nodes(Composer):
    """PyYAML's nodes without its constructors and resolvers: nothing in a file can become an object."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return _TAGS[kind]

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Paths have no tags of their own."""

    def ascend_resolver(self) -> None:
        """As above."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise ComposerError(
                None, None, "anchors and aliases are not read", event.start_mark, "Write the value out."
            )
        if self._depth >= _DEEPEST:
            raise ComposerError(None, None, f"this is nested deeper than {_DEEPEST} levels", event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _InPython(_Nodes, Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Quick(_Nodes, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)


def _root(text: str) -> yaml.Node | None:
    """Read by libyaml, seven times as fast, where PyYAML has it.

    What libyaml refuses is read again in Python: it has the last word, and the same words on every machine.
    """
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return _Quick(text).get_single_node()
    loader = _InPython(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


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
