"""Signs that a reader should look: patterns that are often harmless. Each can be suppressed for a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from posixpath import normpath

from bot.artifacts.inspection import patterns as known
from bot.artifacts.inspection.blocking import commands, is_shell, leaves, links, runs_a_download
from bot.ask.installs import unpinned
from bot.ask.reading import Level, Problem

_CODE = re.compile(r"^\s*(```|~~~)")


def guesses(content: Mapping[str, bytes], *, label: str) -> Iterator[Problem]:
    """Warnings about the files of one skill, at most one of a rule in a line."""
    for path, data in content.items():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        file, suffix = f"{label}/{path}", PurePosixPath(path).suffix
        patterns = [*known.TEXT]
        if suffix in (".py", ".pyw"):
            patterns += known.PYTHON
        elif is_shell(path, data):
            patterns += known.SHELL
        elif suffix in (".md", ".markdown", ".txt"):
            patterns += known.PROSE
            yield from _fenced(text, file)
            if suffix != ".txt":
                yield from _dead_links(path, text, file, content)
        yield from _matching(text, patterns, file)
        yield from _mixed(text, file)


def _matching(text: str, patterns: list[known.Pattern], file: str) -> Iterator[Problem]:
    lines: list[str] | None = None
    for rule, pattern, message, hint in patterns:
        if pattern.search(text) is None:
            continue
        lines = lines or text.split("\n")
        for number, line in enumerate(lines, start=1):
            if (found := pattern.search(line)) is not None:
                yield _warned(file, number, found.start() + 1, message, hint, rule)


def _fenced(text: str, file: str) -> Iterator[Problem]:
    """Commands that prose tells people or models to run."""
    inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        if _CODE.match(line):
            inside = not inside
        elif inside:
            typed = re.sub(r"^\s*[$>%]\s+", "", line)
            if runs_a_download(typed):
                what = "it says to run what is downloaded, unseen"
                yield _warned(file, number, 1, what, "Say how to check it first.", "download-and-run")
            for said in commands(typed):
                if (found := unpinned(said)) is not None:
                    what = f"it says to install {found} in whatever version is newest"
                    yield _warned(file, number, 1, what, "Say which version.", "unpinned-install")


def _dead_links(path: str, text: str, file: str, content: Mapping[str, bytes]) -> Iterator[Problem]:
    for line, column, target in links(text):
        inside = normpath((PurePosixPath(path).parent / target).as_posix())
        found = inside in (".", *content) or any(name.startswith(f"{inside}/") for name in content)
        if not found and not leaves(path, target):
            what = f"a link leads to {target}, which is not there"
            yield _warned(file, line, column, what, "Add the file, or correct the link.", "dead-link")


def _mixed(text: str, file: str) -> Iterator[Problem]:
    """Words of Latin letters with a look-alike from another script among them."""
    if text.isascii():
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.isascii():
            continue
        for found in re.finditer(r"[^\W\d_]{3,}", line):
            word = found[0]
            scripts = {_script_of(char) for char in word}
            if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
                strange = next(char for char in word if _script_of(char) != "LATIN")
                what = f"{word} mixes scripts: {strange} is {unicodedata.name(strange, '?').lower()}"
                yield _warned(
                    file, number, found.start() + 1, what, "Write it in one script.", "mixed-scripts"
                )


def _script_of(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "").split(" ")[0]


def _warned(file: str, line: int, column: int, message: str, hint: str, rule: str) -> Problem:
    level: Level = "warning"
    return Problem(file, line, column, message, hint, rule=rule, level=level)
