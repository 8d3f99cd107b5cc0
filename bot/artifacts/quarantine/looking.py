"""One skill of somebody else, as far as it can be read: what it is, what is wrong, what would mend it."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bot.artifacts import standard
from bot.artifacts.inspection import blockers, guesses
from bot.artifacts.inspection.blocking import is_shell
from bot.artifacts.loading import MANIFEST
from bot.artifacts.quarantine.finding import RUNBOOKS, runbook_of
from bot.artifacts.tree import LINK, MOST_BYTES, MOST_FILES, UNSEEN, counts
from bot.ask.manifest.words import NAME
from bot.ask.reading import Problem
from bot.ask.unseen import unseen

_LANGUAGES = {
    ".py": "Python", ".js": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript", ".rb": "Ruby",
    ".ps1": "PowerShell", ".go": "Go", ".rs": "Rust", ".php": "PHP", ".pl": "Perl", ".lua": "Lua",
    ".java": "Java",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """`name` is what it can be called here, empty when nothing of it is a name. `kept` says that it is right
    by the format, `readable` that its name and description could be read all the same. `fits` that it is not
    too much to be taken in.
    """

    source: Path
    name: str
    description: str
    tools: tuple[str, ...]
    content: Mapping[str, bytes]
    scripts: Mapping[str, int]
    fits: bool
    findings: tuple[Problem, ...]

    @property
    def kept(self) -> bool:
        return all(one.level != "error" for one in self.findings)

    @property
    def readable(self) -> bool:
        return bool(self.name and self.description)

    @property
    def kind(self) -> str:
        """`prose, 3 scripts (Python, shell)`."""
        if not self.scripts:
            return "prose"
        many = sum(self.scripts.values())
        return f"prose, {many} {'script' if many == 1 else 'scripts'} ({', '.join(sorted(self.scripts))})"


def look(source: Path) -> Look:
    """Reads plain files and follows no link; raises OSError as it comes."""
    taken = list(_walk(source))
    findings = [found for path, entry in taken if (found := _out_of_place(source, path, entry))]
    files = [
        (path, entry) for path, entry in taken if entry.is_file(follow_symlinks=False) and not unseen(path)
    ]
    size = sum(entry.stat(follow_symlinks=False).st_size for _, entry in files)
    fits = len(files) <= MOST_FILES and size <= MOST_BYTES
    if not fits:
        most = f"{MOST_FILES} files and {MOST_BYTES // 1024 // 1024} MB"
        what = f"it has {len(files)} files and {size / 1024 / 1024:.1f} MB, and a skill has at most {most}"
        findings.append(Problem(".", 1, 1, what, "Take out what it does not need.", rule="unfit"))
    runbook = runbook_of(source)
    content = {
        unicodedata.normalize("NFC", path): _read(entry.path)
        for path, entry in files
        if fits or path == runbook
    }
    folder = source.resolve().name
    front = standard.read(content.get(runbook, b""), file=runbook)
    findings = [*standard.kept(front, folder=folder, file=runbook, files=content), *findings]
    if MANIFEST in content:
        hint = "It is not read. Review it, then write your own."
        findings.append(Problem(MANIFEST, 1, 1, "it brings a manifest", hint, rule="brings-manifest"))
    findings += [found for path, data in content.items() if (found := _hidden(path, data))]
    findings += [_inside(one) for found in (blockers, guesses) for one in found(content, label=".")]
    said, text = front.keys.get("name"), front.keys.get("description")
    return Look(
        source=source,
        name=_called(said if isinstance(said, str) else "", folder),
        description=text.strip() if isinstance(text, str) else "",
        tools=_tools(front.keys.get("allowed-tools")),
        content=content,
        scripts=Counter(language for path, data in content.items() if (language := _language(path, data))),
        fits=fits,
        findings=tuple(findings),
    )


def _inside(problem: Problem) -> Problem:
    return replace(problem, file=problem.file.removeprefix("./"))


def _called(name: str, folder: str) -> str:
    """Its own name, else that of its folder, else what is left of either when it is made into one."""
    for one in (name, folder):
        if NAME.fullmatch(one) and len(one) <= standard.MOST["name"]:
            return one
    for one in (name, folder):
        plain = unicodedata.normalize("NFKD", one).encode("ascii", "ignore").decode().lower()
        made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: standard.MOST["name"]].strip("-")
        if made:
            return made
    return ""


def _tools(said: object) -> tuple[str, ...]:
    if isinstance(said, str):
        return tuple(re.findall(r"[^\s,(]+(?:\([^)]*\))?", said))
    return tuple(map(str, said)) if isinstance(said, list) else ()


def _language(path: str, data: bytes) -> str:
    if is_shell(path, data):
        return "shell"
    return _LANGUAGES.get(PurePosixPath(path).suffix, "program" if data.startswith(b"\x7fELF") else "")


def _walk(folder: Path, inside: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything that would count, no link followed, and no skill within this one."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda one: one.name)
    for entry in entries:
        if not counts(entry.name):
            continue
        path = f"{inside}{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            yield path, entry
        elif not any((Path(entry.path) / name).is_file() for name in RUNBOOKS):
            yield from _walk(Path(entry.path), f"{path}/")


def _out_of_place(source: Path, path: str, entry: os.DirEntry[str]) -> Problem | None:
    left = "It was not taken in."
    if hidden := unseen(path):
        return Problem(_shown(path), 1, 1, f"the file's name has {hidden[1]}", left, rule=UNSEEN)
    if entry.is_symlink():
        target = Path(entry.path).resolve()
        outside = not target.is_relative_to(source.resolve())
        where = f"a link that leads out, to {target}" if outside else "a link"
        return Problem(path, 1, 1, f"it is {where}", left, rule=LINK)
    if not entry.is_file(follow_symlinks=False):
        return Problem(path, 1, 1, "it is no plain file", left, rule="unfit")
    return None


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as handle:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} became something else while it was read")
        return handle.read(MOST_BYTES + 1)


def _hidden(path: str, content: bytes) -> Problem | None:
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")  # said of a runbook; elsewhere it is harmless
    except UnicodeDecodeError:
        return None
    if found := unseen(text, allowed="\n\r\t\f"):
        before = text[: found[0]]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"{found[1]} cannot be seen by a reader"
        return Problem(path, line, column, what, "Remove it.", rule=UNSEEN)
    return None


def _shown(path: str) -> str:
    return path.encode(errors="backslashreplace").decode().encode("ascii", "backslashreplace").decode()
