"""The keys at the head of a SKILL.md, as far as anybody can tell, and what is wrong with their form.

Readers of the format differ: some split the file at the first three dashes wherever they stand, some at the
first line of them. What would be read differently is an error, whichever way we read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from bot.artifacts import yaml_marks
from bot.artifacts.standard import lenient
from bot.artifacts.yaml_marks import Marks, NotYaml
from bot.ask.reading import Problem

KEYS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
"""The whole front matter of the format."""
SHAPE = "Begin with three dashes, name:, description:, three dashes."
FORM, HIDDEN = "front-matter", "hidden-keys"
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)\s*:")
_COLON = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:\s+[^\s\"'|>{\[#&*!%@`].*(:\s|:$)")


class _Wrong(Protocol):
    def __call__(self, line: int, message: str, hint: str, rule: str = FORM, column: int = 1) -> None: ...


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`keys` in their order; `body` is the text below. `whole` when it could be read as it is written."""

    keys: Mapping[str, JsonValue] = field(default_factory=dict)
    marks: Marks = field(default_factory=lambda: {(): (1, 1)})
    body: str = ""
    whole: bool = False
    problems: tuple[Problem, ...] = ()


def read(content: bytes, *, file: str) -> FrontMatter:
    """Never raises: what cannot be read as it is written is guessed at, with the fault among the problems."""
    found: list[Problem] = []

    def wrong(line: int, message: str, hint: str, rule: str = FORM, column: int = 1) -> None:
        found.append(Problem(file, line, column, message, hint, rule=rule))

    text = _text(content, wrong)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = _start(lines, wrong)
    if start is None:
        return FrontMatter(body=text.strip(), problems=tuple(found))
    end = next((n for n, line in enumerate(lines[start + 1 :], start + 1) if line.rstrip() == "---"), None)
    closed = end is not None
    if end is None:
        end = _guessed_end(lines, start)
        wrong(start + 1, "the front matter is never closed", "Close it with a line of three dashes.")
    head, body = lines[start + 1 : end], lines[end + closed :]
    _hidden(head, start + 2, wrong)
    if closed:
        _second(body, end + 2, wrong)
    try:
        data, marks = yaml_marks.read("\n".join(head).encode(), file=file, first_line=start + 2)
    except NotYaml as error:
        problem = error.problem
        culprit = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
        hint = "Quote the value: it has a colon." if _COLON.match(culprit) else problem.hint
        wrong(problem.line, problem.message, hint or "Quote the value.", column=problem.column)
        data, marks = lenient.read(head, first_line=start + 2)
    if not isinstance(data, dict):
        if data is not None or any(line.strip() for line in head):
            wrong(start + 2, "the front matter has no keys", SHAPE)
        else:
            wrong(start + 1, "the front matter is empty", SHAPE)
        data = {}
    whole = closed and not found
    return FrontMatter(data, marks, "\n".join(body).strip(), whole, tuple(found))


def _text(content: bytes, wrong: _Wrong) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            what = "a byte order mark" if encoding == "utf-8-sig" else "another encoding (UTF-16)"
            wrong(1, f"the file begins with {what}", "Save it as UTF-8, without a byte order mark.")
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        column = len(before) - before.rfind("\n")
        wrong(before.count("\n") + 1, "this is not UTF-8", "Save it as UTF-8.", column=column)
        return content.decode("utf-8", errors="replace")


def _start(lines: list[str], wrong: _Wrong) -> int | None:
    """The line of the first three dashes, counted from 0."""
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        wrong(1, "the file is empty", SHAPE)
        return None
    line = lines[first]
    if line.rstrip() == "---":
        if first:
            wrong(first + 1, "the front matter begins after empty lines", "Begin with it in the first line.")
        return first
    after = lines[first + 1] if first + 1 < len(lines) else ""
    if line.strip().startswith(("```", "<!--")) and after.rstrip() == "---":
        wrong(first + 1, "the front matter is wrapped in something else", "Begin with it in the first line.")
        return first + 1
    if line.strip() == "---":
        wrong(first + 1, "the three dashes are indented", "Begin the line with them.")
        return first
    if line.startswith("---"):
        wrong(first + 1, "there is more than three dashes in the first line", "Write them alone.")
        return first
    if line.rstrip() == "+++":
        wrong(first + 1, "the front matter is TOML", "Write it as YAML between lines of three dashes.")
        return None
    wrong(first + 1, "there is no front matter", SHAPE)
    return None


def _guessed_end(lines: list[str], start: int) -> int:
    """Where front matter that is never closed ends: at the first heading, or empty line before text."""
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if line.startswith(("# ", "## ")) or (number > start + 1 and not line.strip()):
            return number
    return len(lines)


def _hidden(head: list[str], first_line: int, wrong: _Wrong) -> None:
    """Three dashes before the end: readers that split there never see what follows."""
    for number, line in enumerate(head):
        if "---" not in line:
            continue
        unseen = [found[1] for later in head[number + 1 :] if (found := _KEY.match(later))]
        after = f": they do not see {', '.join(unseen)}" if unseen else ""
        what = f"three dashes stand inside the front matter, where some readers end it{after}"
        column = line.index("---") + 1
        wrong(first_line + number, what, "Write it without three dashes in a row.", HIDDEN, column)
        return


def _second(body: list[str], first_line: int, wrong: _Wrong) -> None:
    """Keys of the format right below the front matter, closed by three dashes as if they were part of it."""
    known = False
    for number, line in enumerate(body):
        if line.rstrip() == "---":
            if known:
                what = "keys stand below the front matter, before other three dashes"
                hint = "Put them into the front matter, or take them out."
                wrong(first_line + number, f"{what}, and some readers take them for part of it", hint, HIDDEN)
            return
        found = _KEY.match(line)
        known = known or (found is not None and found[1] in KEYS)
        if not (found or line.startswith((" ", "\t", "#")) or not line.strip()):
            return
