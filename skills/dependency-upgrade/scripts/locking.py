"""Upgrades carried out in a working copy: manifests edited, locks made anew by uv and npm themselves.

No code of a package runs: uv may not build, npm may not run scripts and sees no configuration of the
repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import editing
import npm_manifests
import programs
import python_manifests
import registry
from telling import Stopped
from units import Unit

UV_NO_SOLUTION = 1
"""uv's exit when the requirements have no solution; anything else (no network, no Python) is 2."""
NPM_NO_SOLUTION = re.compile(r"\bcode (ERESOLVE|ETARGET|EOVERRIDE|ENOVERSIONS|E404)\b")
"""npm's own codes, in the words before its text, for requirements that no version fits."""


class CannotLock(Stopped):
    """There is no lock with these versions; the message has the words of uv or npm."""


@dataclass(frozen=True, order=True)
class Move:
    """One package of one unit that is another version afterwards; empty where it comes or goes."""

    unit: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Order:
    """What one unit is to move to, by normal name. `limits` hold what a lock brings along to a version."""

    unit: Unit
    versions: Mapping[str, str]
    limits: Mapping[str, str]
    hashes: Mapping[str, Iterable[str]]


def carry_out(root: Path, order: Order) -> list[Move]:
    """Edit and lock one unit; what moved by that. After CannotEdit or CannotLock the copy is half done."""
    unit = order.unit
    before = held(root, unit)
    named = {one.name for one in unit.named}
    direct = {name: version for name, version in order.versions.items() if name in named}
    if unit.kind == "npm":
        _npm(root, unit, direct, {**order.versions, **order.limits})
    else:
        editing.edit(root, unit, direct, hashes=order.hashes)
        if unit.kind == "uv":
            _uv(root, unit, order)
    return moved(unit, before, held(root, unit))


def held(root: Path, unit: Unit) -> set[tuple[str, str]]:
    """Every (name, version) of a unit now: of its lock, else of its pins and ranges."""
    if unit.kind == "uv":
        entries = python_manifests.lock_entries(python_manifests.toml(root, unit.lock))
        return {(name, _from(version, source)) for name, version, source in entries}
    if unit.kind == "npm":
        return {
            (name, str(one.get("version", "")))
            for at, one in npm_manifests.lock_packages(npm_manifests.load(root, unit.lock), unit.lock).items()
            if (name := npm_manifests.name_of(at, one)) and not one.get("link")
        }
    if unit.kind == "requirements":
        fresh = python_manifests.requirements(root, unit.files[0])
    elif unit.kind == "pyproject":
        fresh = python_manifests.pyproject(root, unit.files, "")
    else:
        fresh = npm_manifests.npm(root, unit.files, "")
    return {(one.name, one.pinned(unit.ecosystem) or one.spec) for one in fresh.named}


def _from(version: str, source: Mapping[str, Any]) -> str:
    """A version, with its source when that is not the index that was asked: it is another one then."""
    index = str(source.get("registry", "")).rstrip("/")
    if index == registry.index_url() or source.keys() & {"editable", "virtual"}:
        return version
    return f"{version} from {' '.join(str(one) for one in source.values())}"


def moved(unit: Unit, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> list[Move]:
    """The difference, each version that went beside one that came under the same name."""
    moves = []
    for name in sorted({name for name, _ in before ^ after}):
        gone = sorted(version for one, version in before - after if one == name)
        came = sorted(version for one, version in after - before if one == name)
        for number in range(max(len(gone), len(came))):
            moves.append(
                Move(
                    unit.label,
                    name,
                    gone[number] if number < len(gone) else "",
                    came[number] if number < len(came) else "",
                )
            )
    return moves


def _uv(root: Path, unit: Unit, order: Order) -> None:
    wanted = [f"--upgrade-package={name}=={version}" for name, version in sorted(order.versions.items())]
    wanted += [f"--upgrade-package={name}<={version}" for name, version in sorted(order.limits.items())]
    env = programs.environment(
        GIT_ALLOW_PROTOCOL="https:ssh",
        GIT_TERMINAL_PROMPT="0",
        UV_DEFAULT_INDEX=registry.index_url(),
        UV_CACHE_DIR=str(cache("uv")),
        UV_HTTP_RETRIES="1",
        UV_NO_PROGRESS="1",
        UV_PYTHON_DOWNLOADS="never",
        NO_COLOR="1",
    )
    try:
        programs.run(
            "uv", "lock", "--no-build", *wanted, folder=root / PurePosixPath(unit.lock).parent, env=env
        )
    except programs.Failed as failed:
        if failed.code != UV_NO_SOLUTION:
            raise
        raise CannotLock(str(failed)) from None


def _npm(root: Path, unit: Unit, direct: Mapping[str, str], exactly: Mapping[str, str]) -> None:
    """Lock twice: with exact versions, so that the lock takes these; then with the real manifests."""
    texts = {file: (root / file).read_bytes() for file in unit.files}
    top = unit.files[0]
    with tempfile.TemporaryDirectory(prefix="npm-") as folder:
        room = Path(folder)
        for file, content in texts.items():
            (room / file).parent.mkdir(parents=True, exist_ok=True)
            (room / file).write_bytes(content)
        editing.edit(room, unit, direct, hashes={}, exact=True)
        overridden = {name: version for name, version in exactly.items() if name not in direct}
        if overridden:
            (room / top).write_text(
                json.dumps(_overriding(npm_manifests.load(room, top), overridden)), "utf-8"
            )
        home = room / PurePosixPath(unit.lock).parent
        _lock(home)
        for file, content in texts.items():
            if file != unit.lock:
                (room / file).write_bytes(content)
        editing.edit(room, unit, direct, hashes={})
        _lock(home)
        for file in unit.files:
            shutil.copyfile(room / file, root / file)


def _overriding(manifest: dict[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
    return {**manifest, "overrides": {**(manifest.get("overrides") or {}), **versions}}


def _lock(folder: Path) -> None:
    settings = {
        "registry": registry.npm_url(),
        "cache": str(cache("npm")),
        "ignore_scripts": "true",
        "audit": "false",
        "fund": "false",
        "update_notifier": "false",
        "fetch_retries": "1",
        "fetch_retry_mintimeout": "1000",
        "userconfig": str(cache("npm") / "no-user-config"),
        "globalconfig": str(cache("npm") / "no-global-config"),
    }
    env = programs.environment(
        GIT_ALLOW_PROTOCOL="https:ssh",
        GIT_TERMINAL_PROMPT="0",
        **{f"npm_config_{name}": value for name, value in settings.items()},
    )
    try:
        programs.run("npm", "install", "--package-lock-only", "--ignore-scripts", folder=folder, env=env)
    except programs.Failed as failed:
        if not NPM_NO_SOLUTION.search(failed.said):
            raise
        raise CannotLock(str(failed)) from None


def cache(name: str) -> Path:
    """A private folder that lasts as long as the run."""
    folder = Path(os.environ.get("TMPDIR") or tempfile.gettempdir()) / f"{name}-cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
