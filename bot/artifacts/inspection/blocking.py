"""Faults in a skill's files that are there or not, whoever looks: each stops the skill, without exception."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

from bot.ask.installs import unpinned
from bot.ask.reading import Problem
from bot.ask.shells import SHELLS, called, started

LINK, INSTALL, PIPE, KEY = "escaping-link", "unpinned-install", "download-and-run", "private-key"
RUNBOOK_SUFFIXES = (".md", ".markdown")
_LINKS = re.compile(r"!?\[[^\]\n]*\]\(\s*<?([^)\s>]+)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}")
_FETCHERS = frozenset({"curl", "wget", "fetch", "http", "aria2c"})
_RUNNERS = SHELLS | {"python", "python2", "python3", "perl", "ruby", "node", "php"}


def blockers(content: Mapping[str, bytes], *, label: str) -> Iterator[Problem]:
    """`content` are the files of one skill; `label` is how its folder is called in problems."""
    for path, data in content.items():
        file = f"{label}/{path}"
        if b"PRIVATE KEY" in data and (found := _PRIVATE.search(data)) is not None:
            line = data[: found.start()].count(b"\n") + 1
            hint = "Take it out, and take it out of use: it has been read."
            yield Problem(file, line, 1, "a private key stands here", hint, rule=KEY)
        if path.endswith(RUNBOOK_SUFFIXES) and b"](" in data:
            yield from _links(path, data.decode("utf-8", errors="replace"), file)
        elif is_shell(path, data):
            yield from _script(data.decode("utf-8", errors="replace"), file)


def is_shell(path: str, data: bytes) -> bool:
    if path.endswith((".sh", ".bash", ".zsh", ".ksh")):
        return True
    first = data[:100].split(b"\n", 1)[0]
    return first.startswith(b"#!") and any(
        called(word) in SHELLS for word in first[2:].decode("latin-1").split()
    )


def _links(path: str, text: str, file: str) -> Iterator[Problem]:
    for line, column, target in links(text):
        if leaves(path, target):
            what = f"a link leads out of the skill, to {target}"
            yield Problem(file, line, column, what, "Put what it needs into the skill.", rule=LINK)


def links(text: str) -> Iterator[tuple[int, int, str]]:
    """The line, column and target of each Markdown link to a file; addresses on the web are none."""
    for found in _LINKS.finditer(text):
        target = unquote(found[1].split("#")[0].split("?")[0])
        if not target or (_SCHEME.match(target) and not target.startswith("file:")):
            continue
        yield (
            text.count("\n", 0, found.start()) + 1,
            found.start() - text.rfind("\n", 0, found.start()),
            target,
        )


def leaves(path: str, target: str) -> bool:
    """Whether a link in the file at `path` leads out of the folder that the path begins in."""
    if target.startswith(("/", "file:", "~", "\\")):
        return True
    depth = 0
    for part in (PurePosixPath(path).parent / target.replace("\\", "/")).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _script(text: str, file: str) -> Iterator[Problem]:
    """Line by line; what continues on the next line is one."""
    number = 0
    for line in text.replace("\\\n", "\\\r").split("\n"):
        number += 1
        for said in commands(line.replace("\\\r", " ")):
            if (what := unpinned(said)) is not None:
                hint = "Say which: name==1.2.3, name@1.2.3, or a digest."
                yield Problem(
                    file, number, 1, f"{what} is installed in whatever version is newest", hint, rule=INSTALL
                )
        if runs_a_download(line.replace("\\\r", " ")):
            hint = "Download it, check its digest, then run it; better, put it into the skill."
            yield Problem(file, number, 1, "what is downloaded is run unseen", hint, rule=PIPE)
        number += line.count("\\\r")


def commands(line: str) -> Iterator[list[str]]:
    """The simple commands of one shell line, as far as they can be told apart without a shell."""
    try:
        lexed = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexed.commenters = "#"
        words = list(lexed)
    except ValueError:  # a quotation that goes on in the next line
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word and set(word) <= set("();<>|&"):
            if command:
                yield command
            command = []
        elif word in ("then", "do", "else", "{", "!", "if", "while"):
            command = []
        else:
            command.append(word)


def runs_a_download(line: str) -> bool:
    """`curl … | sh`, `sh <(curl …)`, `eval "$(curl …)"`."""
    if "|" in line:
        piped = [part.split() for part in re.sub(r"\|\|", ";", line.split("#")[0]).split("|")]
        fetched = False
        for part in piped:
            names = {called(command[0]) for _, command in started(part) if command}
            if fetched and names & _RUNNERS:
                return True
            fetched = fetched or bool(names & _FETCHERS) or any(called(word) in _FETCHERS for word in part)
    return re.search(r"(\b(ba|z|da|k)?sh|eval|source|\.)\s+[\"']?(<|\$)\(\s*(curl|wget)\b", line) is not None
