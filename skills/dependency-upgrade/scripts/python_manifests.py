"""Python's manifests: requirements files, `pyproject.toml` and `uv.lock`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import ecosystem as kinds
import pep440
from telling import Stopped
from units import Locked, Named, Unit

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*"
    r"(?P<extras>\[[^\]]*\])?\s*"
    r"(?P<spec>\((?P<inner>[^()]*)\)|[^;@#\s][^;@#]*)?"
    r"(?:;.*)?",
    re.ASCII | re.DOTALL,
)
_FILE = re.compile(r"(?:.*[._-])?requirements(?:[._-].*)?\.txt")
_OPTION = re.compile(r"\s--[a-z]")


class Broken(Stopped):
    """A manifest that cannot be read at all: nothing can be said about the repository."""


def split(text: str) -> tuple[str, str] | None:
    """Normal name and specifier of one requirement; None when it names an address or is none."""
    found = _REQUIREMENT.fullmatch(text.strip())
    if found is None:
        return None
    spec = (found["inner"] if found["inner"] is not None else found["spec"] or "").strip()
    try:
        pep440.Specifier.parse(spec)
    except pep440.NotAVersion:
        return None
    return kinds.normal("PyPI", found["name"]), spec


def lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Logical lines of a requirements file and where they stand; a backslash goes on in the next."""
    start = 0
    for found in re.finditer(r"(?:[^\n\\]|\\\r?\n|\\)*(?:\n|\Z)", text):
        if found.group():
            yield start, found.end(), found.group()
        start = found.end()


def meant(line: str) -> str:
    """A line without its comment, its options and its continuations."""
    bare = re.sub(r"(?:^|\s)#.*", "", line.replace("\\\r\n", " ").replace("\\\n", " "))
    return bare.strip() if bare.lstrip().startswith("-") else _OPTION.split(bare, maxsplit=1)[0].strip()


def is_requirements(path: str) -> bool:
    pure = PurePosixPath(path)
    return _FILE.fullmatch(pure.name) is not None or (
        pure.suffix == ".txt" and pure.parent.name == "requirements"
    )


def requirements(root: Path, path: str) -> Unit:
    named, unread = [], []
    for _, _, line in lines(read(root, path)):
        wanted = meant(line)
        if not wanted:
            continue
        if wanted.startswith("-"):
            unread.append(f"{path}: {wanted.split()[0]} is not followed")
        elif found := split(wanted):
            named.append(Named(path, *found))
        else:
            unread.append(f"{path}: {wanted[:80]} is not a version of a registry's package")
    folder = PurePosixPath(path).parent.as_posix()
    return Unit("PyPI", "requirements", folder, (path,), tuple(named), unread=tuple(unread))


def written(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every requirement of a `pyproject.toml`, with the way to it."""
    project = data.get("project", {})
    lists: list[tuple[tuple[str | int, ...], Any]] = [
        (("project", "dependencies"), project.get("dependencies"))
    ]
    for key, tables in (
        (("project", "optional-dependencies"), project.get("optional-dependencies")),
        (("dependency-groups",), data.get("dependency-groups")),
    ):
        lists += [((*key, name), items) for name, items in (tables or {}).items()]
    legacy = data.get("tool", {}).get("uv", {}).get("dev-dependencies")
    lists.append((("tool", "uv", "dev-dependencies"), legacy))
    for way, items in lists:
        for position, item in enumerate(items or []):
            if isinstance(item, str):
                yield (*way, position), item


def pyproject(root: Path, paths: tuple[str, ...], lock: str) -> Unit:
    """One project, or a workspace with its members, with the `uv.lock` they share when there is one."""
    named: list[Named] = []
    unread: list[str] = []
    bounds: list[str] = []
    for path in paths:
        data = toml(root, path)
        elsewhere = {
            kinds.normal("PyPI", name) for name in data.get("tool", {}).get("uv", {}).get("sources", {})
        }
        if "poetry" in data.get("tool", {}) and "dependencies" in data["tool"]["poetry"]:
            unread.append(f"{path}: [tool.poetry.dependencies] is not read")
        if bound := data.get("project", {}).get("requires-python"):
            bounds.append(str(bound))
        for _, text in written(data):
            found = split(text)
            if found is None or found[0] in elsewhere:
                unread.append(f"{path}: {text[:80]} does not come from the registry")
            else:
                named.append(Named(path, *found))
    locked, more = _locked(root, lock) if lock else ((), ())
    return Unit(
        "PyPI",
        "uv" if lock else "pyproject",
        PurePosixPath(paths[0]).parent.as_posix(),
        (*paths, lock) if lock else paths,
        tuple(named),
        locked,
        lock,
        ",".join(bounds),
        (*unread, *more),
    )


def _locked(root: Path, lock: str) -> tuple[tuple[Locked, ...], tuple[str, ...]]:
    entries, unread = [], []
    for name, version, source in lock_entries(toml(root, lock)):
        if "registry" in source:
            entries.append(Locked(name, version, at=str(source["registry"])))
        elif not source.keys() & {"editable", "virtual"}:
            unread.append(f"{lock}: {name} comes from {', '.join(source)}, not from the registry")
    return tuple(entries), tuple(unread)


def lock_entries(data: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for one in data.get("package", []):
        yield kinds.normal("PyPI", str(one["name"])), str(one.get("version", "")), one.get("source", {})


def members(root: Path, lock: str) -> set[str]:
    """The folders whose projects a `uv.lock` resolves together, from the top of the repository."""
    base = PurePosixPath(lock).parent
    found = set()
    for _, _, source in lock_entries(toml(root, lock)):
        inside = source.get("editable") or source.get("virtual")
        if isinstance(inside, str) and ".." not in PurePosixPath(inside).parts:
            found.add((base / inside).as_posix())
    return found


def toml(root: Path, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read(root, path))
    except tomllib.TOMLDecodeError as error:
        raise Broken(f"{path} is not TOML: {error}.") from None


def read(root: Path, path: str) -> str:
    """A file with its line ends as they are. Links are not followed: git checked them out as text."""
    try:
        return (root / path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{path} cannot be read: {error}.") from None
