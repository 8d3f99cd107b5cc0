"""Find the manifests of a repository and read them, each with the lock that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

import npm_manifests
import python_manifests
from units import Unit

SKIPPED = frozenset({"node_modules", ".venv", "venv", "vendor", "site-packages", "third_party"})
UNREAD = ("Pipfile.lock", "poetry.lock", "pdm.lock", "yarn.lock", "pnpm-lock.yaml", "bun.lock")


def scan(root: Path, files: Iterable[str]) -> tuple[list[Unit], list[str]]:
    """Every unit, and what is there but not read. `files` are the plain files that git tracks.

    Raises Broken when a manifest cannot be read.
    """
    tracked = {path for path in files if not SKIPPED & set(PurePosixPath(path).parts)}
    python, npm = python_manifests, npm_manifests
    units = [
        *_locked(tracked, "pyproject.toml", "uv.lock", lambda lock: python.members(root, lock),
                 lambda paths, lock: python.pyproject(root, paths, lock)),
        *(python.requirements(root, path) for path in sorted(tracked) if python.is_requirements(path)),
        *_locked(tracked, "package.json", "package-lock.json", lambda lock: npm.members(root, lock),
                 lambda paths, lock: npm.npm(root, paths, lock)),
    ]  # fmt: skip
    unread = [f"{path} is not read" for path in sorted(tracked) if PurePosixPath(path).name in UNREAD]
    return [unit for unit in units if unit.named or unit.locked or unit.unread], unread


def _locked(
    tracked: set[str],
    manifest: str,
    lock: str,
    members: Callable[[str], set[str]],
    read: Callable[[tuple[str, ...], str], Unit],
) -> list[Unit]:
    """The manifests that a lock resolves together with it, then those that no lock knows."""
    units: list[Unit] = []
    taken: set[str] = set()
    for path in sorted(one for one in tracked if PurePosixPath(one).name == lock):
        home = PurePosixPath(path).parent.as_posix()
        folders = sorted({home, *members(path)}, key=lambda one: (one != home, one))
        paths = tuple(one for folder in folders if (one := _in(folder, manifest)) in tracked)
        if paths:
            taken.update(paths)
            units.append(read(paths, path))
    for path in sorted(one for one in tracked - taken if PurePosixPath(one).name == manifest):
        units.append(read((path,), ""))
    return units


def _in(folder: str, name: str) -> str:
    return (PurePosixPath(folder) / name).as_posix()
