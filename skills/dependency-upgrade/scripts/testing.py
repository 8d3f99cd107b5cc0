"""How a repository is tested: as the operator says, else by the usual command of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import npm_manifests
from catalogue import Repository
from units import Unit

Commands = tuple[tuple[str, ...], ...]


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
