"""How a repository is tested: as the operator says, else by the usual command of what is there."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import locking
import npm_manifests
import programs
import registry
import settings
from catalogue import Repository
from units import Unit

Commands = tuple[tuple[str, ...], ...]
MOST_SECONDS = 1500


def commands(repository: Repository, root: Path, files: Sequence[str], units: Sequence[Unit]) -> Commands:
    """What is run, in order, from the top of the repository; empty when no tests are known."""
    if repository.tests is not None:
        return repository.tests
    found: list[tuple[str, ...]] = []
    top = {unit.kind: unit for unit in units if unit.folder == "."}
    if (unit := top.get("uv")) and any(one.name == "pytest" for one in unit.locked) and _python_tests(files):
        found.append(("uv", "run", "--frozen", "--all-extras", "--all-groups", "pytest", "-q"))
    if "npm" in top and _npm_test(root):
        found += [("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"), ("npm", "test")]
    return tuple(found)


def _python_tests(files: Sequence[str]) -> bool:
    names = (PurePosixPath(path).name for path in files)
    return any(
        name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) for name in names
    )


def _npm_test(root: Path) -> bool:
    """A test script of its own; what `npm init` writes there only says that there is none."""
    script = (npm_manifests.load(root, "package.json").get("scripts") or {}).get("test", "")
    return bool(script) and "no test specified" not in script


def run(command: Sequence[str], *, folder: Path, home: Path) -> None:
    """One command of the tests. It runs code of the repository and of its packages: no token goes along.

    Raises programs.Failed.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings.put_away()
    _unreadable()
    env = programs.environment(
        CI="true",
        HOME=str(home),
        UV_DEFAULT_INDEX=registry.index_url(),
        UV_CACHE_DIR=str(locking.cache("uv")),
        UV_PYTHON_DOWNLOADS="never",
        UV_NO_PROGRESS="1",
        PIP_INDEX_URL=registry.index_url(),
        npm_config_registry=registry.npm_url(),
        npm_config_cache=str(locking.cache("npm")),
        npm_config_update_notifier="false",
        NO_COLOR="1",
        PYTHONDONTWRITEBYTECODE="1",
    )
    programs.run(command[0], *command[1:], folder=folder, env=env, timeout=MOST_SECONDS)


def _unreadable() -> None:
    """Keep what we start from reading our memory and environment, where a process may ask for that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
