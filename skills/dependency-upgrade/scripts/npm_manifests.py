"""npm's manifests: `package.json` and `package-lock.json` (its second and third version)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import ecosystem as kinds
import semver
from python_manifests import Broken, read
from units import Locked, Named, Unit

GROUPS = ("dependencies", "devDependencies", "optionalDependencies")
_ELSEWHERE = re.compile(r"[a-z+]+:|[\w.-]+/[\w.-]+|\.{0,2}/|~/")


def written(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Group, name and range of each requirement."""
    for group in GROUPS:
        for name, text in (data.get(group) or {}).items():
            yield group, name, text if isinstance(text, str) else ""


def npm(root: Path, paths: tuple[str, ...], lock: str) -> Unit:
    """One project, or a workspace with its members, with the lock they share when there is one."""
    named: list[Named] = []
    unread: list[str] = []
    for path in paths:
        for _, name, text in written(load(root, path)):
            if not kinds.plausible("npm", name) or _ELSEWHERE.match(text) or not _is_range(text):
                unread.append(f"{path}: {name} {text[:60]} is not a range of a registry's versions")
            else:
                named.append(Named(path, name, text))
    locked, more = _locked(root, lock) if lock else ((), ())
    return Unit(
        "npm",
        "npm" if lock else "package.json",
        PurePosixPath(paths[0]).parent.as_posix(),
        (*paths, lock) if lock else paths,
        tuple(named),
        locked,
        lock,
        unread=(*unread, *more),
    )


def _is_range(text: str) -> bool:
    try:
        semver.Range.parse(text)
    except semver.NotAVersion:
        return False
    return True


def _locked(root: Path, lock: str) -> tuple[tuple[Locked, ...], tuple[str, ...]]:
    packages = lock_packages(load(root, lock), lock)
    needed = _needed(packages)
    entries, unread = [], []
    for at, one in packages.items():
        name = name_of(at, one)
        if name is None or one.get("link"):
            continue
        resolved, version = str(one.get("resolved", "")), str(one.get("version", ""))
        if not kinds.readable("npm", version) or (resolved and not resolved.startswith(("https:", "http:"))):
            unread.append(
                f"{lock}: {name} comes from {resolved.partition(':')[0] or 'elsewhere'}, not the registry"
            )
            continue
        bundled = bool(one.get("inBundle"))
        entries.append(Locked(name, version, at=at, needed_as=needed.get(at, ()), changeable=not bundled))
    return tuple(entries), tuple(unread)


def lock_packages(data: Mapping[str, Any], lock: str) -> dict[str, dict[str, Any]]:
    """Every entry by its path. Raises Broken for the format's first version, which lacks them."""
    packages = data.get("packages")
    if not isinstance(packages, dict):
        raise Broken(f"{lock} is of the first lock version. Run `npm install` with npm 7 or later once.")
    return packages


def name_of(at: str, one: Mapping[str, Any]) -> str | None:
    """The registry's name of what is installed at a path; None for the project and its workspaces."""
    if "node_modules/" not in at:
        return None
    return str(one.get("name") or at.rpartition("node_modules/")[2])


def _needed(packages: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """For each path the ranges it must satisfy, by node's own way of finding a package."""
    needed: dict[str, set[str]] = {}
    for at, one in packages.items():
        if "node_modules/" not in at:
            continue  # what people wrote themselves is judged by the manifest
        for group in ("dependencies", "optionalDependencies", "peerDependencies"):
            for name, text in (one.get(group) or {}).items():
                if found := _found_from(at, name, packages):
                    needed.setdefault(found, set()).add(str(text))
    return {at: tuple(sorted(texts)) for at, texts in needed.items()}


def _found_from(at: str, name: str, packages: Mapping[str, Any]) -> str | None:
    folder = at
    while True:
        inside = f"{folder}/node_modules/{name}" if folder else f"node_modules/{name}"
        if inside in packages:
            return inside
        if not folder:
            return None
        folder = folder.rpartition("/node_modules/")[0] if "/node_modules/" in folder else ""


def members(root: Path, lock: str) -> set[str]:
    """The folders of the workspaces a lock resolves together, from the top of the repository."""
    base = PurePosixPath(lock).parent
    return {
        (base / at).as_posix()
        for at in lock_packages(load(root, lock), lock)
        if "node_modules/" not in at and ".." not in PurePosixPath(at).parts
    }


def load(root: Path, path: str) -> dict[str, Any]:
    try:
        found = json.loads(read(root, path))
    except ValueError as error:
        raise Broken(f"{path} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise Broken(f"{path} is not a JSON object.")
    return found
