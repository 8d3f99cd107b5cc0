"""Skills from elsewhere come in as knowledge: copied where nothing is loaded from, looked over, never run."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from bot.artifacts import yaml_marks
from bot.artifacts.loading import MANIFEST, RUNBOOK
from bot.artifacts.tree import MOST_BYTES, MOST_FILES, counts
from bot.artifacts.yaml_marks import Marks, NotYaml, place
from bot.ask.reading import Problem
from bot.ask.unseen import unseen
from bot.terms import Refused

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEYS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
"""The whole front matter of the open Agent Skills format."""
_MOST = {"name": 64, "description": 1024, "compatibility": 500}


@dataclass(frozen=True, slots=True)
class Imported:
    """`folder` is where the copy is; None when it was not taken in, which is then among the findings."""

    name: str
    folder: Path | None
    files: int
    findings: tuple[Problem, ...]


def found_in(place: Path) -> list[Path]:
    """The folder itself when it is a skill, else every skill below it; hidden folders are not looked into."""
    if (place / RUNBOOK).is_file():
        return [place]
    skills: list[Path] = []
    for folder, below, files in os.walk(place):
        if RUNBOOK in files:
            skills.append(Path(folder))
            below.clear()
        below[:] = sorted(name for name in below if counts(name))
    return sorted(skills)


def bring_in(source: Path, *, under: Path, name: str | None = None, replace: bool = False) -> Imported:
    """Copy one skill below `under`, with no link and nothing executable, and say what is wrong with it.

    Raises Refused when no name can be found for it, or when there is one of that name already.
    """
    taken = list(_walk(source))
    files = [(path, entry) for path, entry in taken if entry.is_file(follow_symlinks=False)]
    runbook = next((entry for path, entry in files if path == RUNBOOK), None)
    front, marks, findings = _front_matter(runbook)
    findings += _keys(front, marks, source.resolve().name)
    called = name or _called(front, source)
    findings += [found for path, entry in taken if (found := _out_of_place(source, path, entry))]
    if any(path == MANIFEST for path, _ in files):
        findings.append(
            Problem(MANIFEST, 1, 1, "it brings a manifest", "It is not read. Review it, then write your own.")
        )
    size = sum(entry.stat(follow_symlinks=False).st_size for _, entry in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        most = f"{MOST_FILES} files and {MOST_BYTES // 1024 // 1024} MB"
        what = f"it has {len(files)} files and {size / 1024 / 1024:.1f} MB, and a skill has at most {most}"
        findings.append(Problem(".", 1, 1, what, "It was not taken in."))
        return Imported(called, None, 0, tuple(findings))
    target = under / called
    if target.exists() and not replace:
        raise Refused(f"{target} is there already. Say --replace to take it in again, or --name another.")
    copied, hidden = _copy(files, target)
    return Imported(called, target, copied, (*findings, *hidden))


def _called(front: Mapping[str, JsonValue], source: Path) -> str:
    for name in (front.get("name"), source.resolve().name):
        if isinstance(name, str) and _NAME.fullmatch(name) and len(name) <= _MOST["name"]:
            return name
    raise Refused(f"{source} has no name that a skill can have. Say one: --name words-joined-by-dashes.")


def _walk(folder: Path, inside: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything that would count, and no link followed."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda one: one.name)
    for entry in entries:
        if not counts(entry.name):
            continue
        path = f"{inside}{entry.name}"
        yield path, entry
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{path}/")


def _out_of_place(source: Path, path: str, entry: os.DirEntry[str]) -> Problem | None:
    if hidden := unseen(path):
        return Problem(_shown(path), 1, 1, f"the file's name has {hidden[1]}", "It was not taken in.")
    if entry.is_symlink():
        target = Path(entry.path).resolve()
        outside = not target.is_relative_to(source.resolve())
        where = f"a link that leads out, to {target}" if outside else "a link"
        return Problem(path, 1, 1, f"it is {where}", "It was not taken in.")
    if not entry.is_file(follow_symlinks=False) and not entry.is_dir(follow_symlinks=False):
        return Problem(path, 1, 1, "it is no plain file", "It was not taken in.")
    return None


def _copy(files: list[tuple[str, os.DirEntry[str]]], target: Path) -> tuple[int, list[Problem]]:
    """Write the copy beside its place and move it there whole; what was read is what is written."""
    findings: list[Problem] = []
    copied = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for path, entry in files:
            if unseen(path):
                continue
            content = _read(entry.path)
            if found := _hidden(path, content):
                findings.append(found)
            into = room / unicodedata.normalize("NFC", path)
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(content)
            into.chmod(0o644)
            copied += 1
        room.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        room.replace(target)
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    return copied, findings


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as handle:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{path} became something else while it was read. Nothing was taken in.")
        return handle.read(MOST_BYTES + 1)


def _hidden(path: str, content: bytes) -> Problem | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if found := unseen(text, allowed="\n\r\t\f"):
        before = text[: found[0]]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem(path, line, column, f"{found[1]} cannot be seen by a reader", "Remove it.")
    return None


def _front_matter(
    runbook: os.DirEntry[str] | None,
) -> tuple[Mapping[str, JsonValue], Marks, list[Problem]]:
    """Read as far as it can be read; what cannot is a finding."""
    shape = "Begin with three dashes, name:, description:, three dashes."
    nothing: tuple[Mapping[str, JsonValue], Marks] = ({}, {(): (1, 1)})
    if runbook is None:
        return *nothing, [Problem(RUNBOOK, 1, 1, "there is no SKILL.md", "It is what makes it a skill.")]
    lines = _read(runbook.path).decode("utf-8", errors="replace").splitlines()
    ends = [number for number, line in enumerate(lines) if line.rstrip() == "---"]
    if len(ends) < 2 or ends[0] != 0:
        return *nothing, [Problem(RUNBOOK, 1, 1, "there is no front matter", shape)]
    try:
        data, marks = yaml_marks.read("\n".join(lines[1 : ends[1]]).encode(), file=RUNBOOK, first_line=2)
    except NotYaml as error:
        return *nothing, [error.problem]
    if not isinstance(data, dict):
        return *nothing, [Problem(RUNBOOK, 2, 1, "the front matter has no keys", shape)]
    return data, marks, []


def _keys(front: Mapping[str, JsonValue], marks: Marks, folder: str) -> list[Problem]:
    """What the open format says of its keys. Nothing of it gives a permission here."""
    if not front:
        return []

    def at(key: str, message: str, hint: str) -> Problem:
        return Problem(RUNBOOK, *place(marks, (key,)), message, hint)

    found = []
    for key in ("name", "description"):
        if not isinstance(front.get(key), str) or not str(front[key]).strip():
            found.append(at(key, f'"{key}" is missing', "The format asks for name and description."))
    for key, value in front.items():
        if key not in _KEYS:
            found.append(at(key, f'the format has no key "{key}"', f"It has: {', '.join(_KEYS)}."))
        elif key == "metadata":
            if not isinstance(value, dict):
                found.append(at(key, "metadata is no mapping of keys to text", "Write key: value below it."))
        elif not isinstance(value, str):
            found.append(at(key, f'"{key}" is not text', "Quote it."))
        elif len(value) > _MOST.get(key, MOST_BYTES):
            found.append(at(key, f'"{key}" has {len(value)} characters', f"At most {_MOST[key]}."))
    name = front.get("name")
    if isinstance(name, str) and name.strip():
        if not _NAME.fullmatch(name):
            found.append(at("name", f'"{name}" is no name', "Lower-case words joined by dashes."))
        elif name != folder:
            found.append(at("name", f'"{name}" is in the folder {folder}', "Give both the same name."))
    if "allowed-tools" in front:
        found.append(at("allowed-tools", "it asks for tools", "Text gives no permission: a manifest does."))
    return found


def _shown(path: str) -> str:
    return path.encode(errors="backslashreplace").decode().encode("ascii", "backslashreplace").decode()
