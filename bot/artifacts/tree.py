"""A skill's folder as content: what counts, what it is called, and one digest over all of it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.ask.reading import Problem
from bot.ask.unseen import unseen
from bot.terms import Digest

QUARANTINE = ".quarantine"
"""Below the skills, for what came from elsewhere. Hidden, so that nothing in it is ever taken for a skill."""
MOST_FILES = 500
MOST_BYTES = 4 * 1024 * 1024
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
UNSEEN, LINK = "unseen-character", "escaping-link"
_TICK_NS = 100_000_000
"""A change within this of the last reading may have left the same times: file clocks tick in milliseconds."""

Signature = tuple[tuple[str, int, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """Every file that counts, by its path. Whoever runs a skill writes exactly these and nothing else."""

    digest: Digest
    files: Mapping[str, Digest]
    content: Mapping[str, bytes]
    executable: frozenset[str]


class Unfit(Exception):
    """A folder that cannot be a skill; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def counts(name: str) -> bool:
    """Caches and hidden files (`.git`) are not part of a skill: not hashed, and not there at the run."""
    return not name.startswith(".") and name != "__pycache__"


def _entries(folder: str, inside: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda one: one.name):
            if not counts(entry.name):
                continue
            path = f"{inside}/{entry.name}" if inside else entry.name
            yield path, entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, path)


def signature(folder: Path) -> Signature:
    """What changes whenever a file may have changed; a few `stat` calls and no reading. Raises OSError."""
    found = []
    for path, entry in _entries(os.fspath(folder)):
        if not entry.is_dir(follow_symlinks=False):
            at = entry.stat(follow_symlinks=False)
            found.append((path, at.st_mtime_ns, at.st_ctime_ns, at.st_size, at.st_ino, at.st_mode))
    return tuple(found)


def settled(seen: Signature) -> bool:
    """Whether a later change must show in the signature. Ask before reading, with the signature of then."""
    return all(max(mtime, ctime) < time.time_ns() - _TICK_NS for _, mtime, ctime, *_ in seen)


def take(folder: Path, *, label: str) -> Tree:
    """Read a folder once; what is hashed and what is used are the same bytes.

    The digest is SHA-256 over one line a file, sorted: NFC path, NUL, `x` or `-`, NUL, SHA-256, line feed.
    Raises Unfit for links, special files, hidden characters and too much of anything; OSError as it comes.
    """
    content: dict[str, bytes] = {}
    executable: set[str] = set()
    top, left = os.fspath(folder), MOST_BYTES
    for found, entry in _entries(top):
        path = found if found.isascii() else unicodedata.normalize("NFC", found)
        if not (path.isascii() and path.isprintable()) and (hidden := unseen(path)):
            raise _unfit(label, found, f"the file's name has {hidden[1]}", "Rename it.", UNSEEN)
        if not entry.is_file(follow_symlinks=False):
            if entry.is_symlink():
                what = "a skill has no links: they may lead anywhere"
                raise _unfit(label, found, what, "Put the file itself here.", LINK)
            if entry.is_dir(follow_symlinks=False):
                continue
            raise _unfit(label, found, "this is not a plain file", "Remove it.")
        if path in content:
            what = "two names differ only in how their letters are encoded"
            raise _unfit(label, found, what, "Keep one.")
        data, mode = _read(f"{top}/{found}", left + 1)
        content[path] = data
        if len(content) > MOST_FILES or len(data) > left:
            what = f"a skill has at most {MOST_FILES} files and {MOST_BYTES // 1024 // 1024} MB"
            raise _unfit(label, found, what, "Make it smaller.")
        left -= len(data)
        if mode & 0o111:
            executable.add(path)
        if place := _hidden(data):
            what = f"{place[2]} cannot be seen by a reader"
            hint = "Remove it, or write it as an escape."
            raise _unfit(label, found, what, hint, UNSEEN, place[:2])
    files = {path: Digest(f"sha256:{hashlib.sha256(content[path]).hexdigest()}") for path in sorted(content)}
    whole = hashlib.sha256()
    for path, digest in files.items():
        mark = "x" if path in executable else "-"
        whole.update(f"{path}\0{mark}\0{digest.removeprefix('sha256:')}\n".encode())
    return Tree(Digest(f"sha256:{whole.hexdigest()}"), files, content, frozenset(executable))


def _unfit(
    label: str, path: str, message: str, hint: str, rule: str = "unfit", at: tuple[int, int] = (1, 1)
) -> Unfit:
    file = f"{label}/{path}".encode(errors="backslashreplace").decode()
    return Unfit(Problem(file, *at, message, hint, rule=rule))


def _read(path: str, most: int) -> tuple[bytes, int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        at = os.fstat(descriptor)
        if not stat.S_ISREG(at.st_mode):
            raise OSError(f"{path} became something else while it was read")
        content, asked = b"", min(most, at.st_size + 1)  # asking for megabytes costs more than reading
        while more := os.read(descriptor, asked - len(content)):
            content += more
            if len(content) < asked:
                break  # a plain file gives less than is asked for at its end alone
        return content, at.st_mode
    finally:
        os.close(descriptor)


def _hidden(content: bytes) -> tuple[int, int, str] | None:
    """Line, column and name of the first character nobody can see, in a file that is text."""
    if content.isascii() and _CONTROLS.search(content) is None:
        return None  # nearly every file
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if found := unseen(text, allowed="\n\r\t\f"):
        before = text[: found[0]]
        return before.count("\n") + 1, len(before) - before.rfind("\n"), found[1]
    return None
