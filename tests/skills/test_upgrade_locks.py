"""Locks, made by uv and npm themselves: what they bring along is planned, carried out and measured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from upgrading import NPM, UV, Remote, Shop, Upgrading, git, listed, npm_lock, remote, shop, uv_lock

from bot.playground.host.shelf import Release, Shelf


def advisory(name: str, fixed: str, ecosystem: str, kind: str, number: int) -> dict[str, Any]:
    ranges = [{"type": kind, "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    package = {"ecosystem": ecosystem, "name": name}
    identity = {"id": f"GHSA-0000-0000-000{number}", "modified": "2026-01-01T00:00:00Z"}
    return {**identity, "affected": [{"package": package, "ranges": ranges}]}


SHELF = Shelf.model_validate(
    {
        "pypi": {
            "greet": {"1.0.0": {}, "1.0.1": {}, "1.1.0": {}, "2.0.0": {}},
            "money": {"1.0.0": {"needs": ["rounding>=1"]}, "1.3.0": {"needs": ["rounding>=2"]}},
            "rounding": {"1.0.0": {}, "2.0.0": {}, "2.1.0": {"age_days": 0.5}},
            "stuck": {"1.0": {"needs": ["below<2"]}, "1.1": {"needs": ["below<2"]}},
            "below": {"1.0": {}, "2.0": {}},
        },
        "npm": {
            "left": {
                "1.0.0": {"needs": {"deep": "^1.0.0"}},
                "1.1.0": {"needs": {"deep": "^1.0.0"}},
                "2.0.0": {},
            },
            "deep": {"1.0.0": {}, "1.0.1": {}, "1.0.2": {}},
        },
        "advisories": [
            advisory("greet", "1.0.1", "PyPI", "ECOSYSTEM", 1),
            advisory("deep", "1.0.1", "npm", "SEMVER", 2),
            advisory("below", "2.0", "PyPI", "ECOSYSTEM", 3),
        ],
    }
)
PYPROJECT = """\
[project]
name = "shop"
version = "0.1"
requires-python = ">=3.11"
dependencies = [
  "greet>=1,<2",   # hello
  'money ~= 1.0',
  "stuck",
]
"""
PACKAGE = """\
{
  "name": "web",
  "scripts": {"preinstall": "touch it-ran", "prepare": "touch it-ran"},
  "dependencies": {
    "left": "^1.0.0"
  }
}
"""
TRAPS = {
    "web/.npmrc": "registry=http://127.0.0.1:9/\nignore-scripts=false\nscript-shell=/bin/false\n",
    "evil.py": "open('it-ran', 'w')\n",
    "pyproject.toml": PYPROJECT
    + '\n[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n',
}
"""What would send us elsewhere, or run, if the repository had a say in how it is locked."""
DONE = {"tests": "passed", "unexpected_files": 0, "unexpected_versions": 0, "offered_ratio": 1.0}

pytestmark = pytest.mark.skipif(not UV, reason="uv is not installed")


def first_versions(shelf: Shelf) -> Shelf:
    """The registry as it was when somebody locked."""

    def first(packages: dict[str, dict[str, Release]]) -> dict[str, dict[str, Release]]:
        return {name: dict(list(versions.items())[:1]) for name, versions in packages.items()}

    return shelf.model_copy(update={"pypi": first(shelf.pypi), "npm": first(shelf.npm)})


@pytest.fixture(scope="module")
def market() -> Iterator[Shop]:
    with shop(SHELF) as found:
        yield found


@pytest.fixture(scope="module")
def locked(market: Shop, tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """A repository locked when each package had one version; with npm's lock too where there is npm."""
    found = remote(
        tmp_path_factory.mktemp("locked"), {"pyproject.toml": PYPROJECT, "web/package.json": PACKAGE}
    )
    market.registry.shelf = first_versions(SHELF)
    uv_lock(found.work, market)
    if NPM:
        npm_lock(found.work / "web", market)
    market.registry.shelf = SHELF
    found.commit(TRAPS)
    return found


def upgrading(market: Shop, locked: Remote, tmp_path: Path, **inputs: str) -> Upgrading:
    settings = {
        **market.settings,
        **listed(tmp_path, shop={"url": locked.bare.as_uri(), "tests": [["true"]]}),
    }
    return Upgrading(tmp_path / "home", settings, {"repository": "shop", **inputs})


def changes(run: Upgrading) -> tuple[list[str], str]:
    """What the card lists, and what stands below it."""
    ran = run.plan()
    assert (ran.code, ran.errors) == (0, ""), (ran.text, ran.errors)
    return [f"{one['what']}: {one['from']} → {one['to']}" for one in ran.result["changes"]], ran.result[
        "details"
    ]


def carried_out(run: Upgrading) -> None:
    for step in run.manifest.steps:
        ran = run.step(step.id)
        assert (ran.code, ran.errors) == (0, ""), (step.id, ran.text, ran.errors)
    assert run.measure().result == DONE


@pytest.mark.skipif(not NPM, reason="npm is not installed")
def test_a_vulnerable_package_deep_in_a_lock_is_moved_as_little_as_clears_it(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    run = upgrading(market, locked, tmp_path, group="security")
    rows, details = changes(run)
    assert rows == [
        "greet (PyPI, uv.lock): 1.0.0 → 1.0.1, clears GHSA-0000-0000-0001",
        "deep (npm, web/package-lock.json): 1.0.0 → 1.0.1, clears GHSA-0000-0000-0002",
    ]
    assert re.search("below 2.0: uv failed: .* requirements are unsatisfiable", details), (
        "it stays vulnerable, and that is said"
    )
    carried_out(run)
    branch = "assent/dependency-upgrade/security"
    changed = git("diff", "--name-only", "main", branch, folder=locked.bare).splitlines()
    assert changed == ["uv.lock", "web/package-lock.json"], "ranges that allow it stay as they are"
    lock = json.loads(locked.show(branch, "web/package-lock.json"))
    assert lock["packages"]["node_modules/deep"]["version"] == "1.0.1"
    assert not list(run.home.rglob("it-ran")), "nothing of the repository ran but its tests"
    assert "overrides" not in json.loads(locked.show(branch, "web/package.json"))


def test_what_a_lock_brings_along_is_shown_and_is_old_enough(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    run = upgrading(market, locked, tmp_path, group="minor", package="money")
    assert changes(run)[0] == [
        "money (PyPI, uv.lock): 1.0.0 → 1.3.0",
        "rounding (PyPI, uv.lock): 1.0.0 → 2.0.0, brought along",  # 2.1.0 is half a day old
    ]
    carried_out(run)


def test_a_major_version_widens_the_bound_that_kept_it_out(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    run = upgrading(market, locked, tmp_path, group="major", package="greet")
    assert changes(run)[0] == ["greet (PyPI, uv.lock): 1.0.0 → 2.0.0, clears GHSA-0000-0000-0001"]
    assert run.step("edit").code == 0
    commit = next(iter(run.step("edit").result["commits"].values()))
    edited = git("show", f"{commit}:pyproject.toml", folder=run.home / "workspace/work")
    assert (
        edited
        == TRAPS["pyproject.toml"].replace('"greet>=1,<2",   # hello', '"greet>=1,<3",   # hello').strip()
    )


def test_a_version_from_an_index_that_the_repository_brings_in_is_not_the_chosen_one(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    own = f'{TRAPS["pyproject.toml"]}\n[[tool.uv.index]]\nurl = "{market.url}/mirror/pypi/simple"\n'
    elsewhere = remote(tmp_path, {"pyproject.toml": own, "uv.lock": locked.show("main", "uv.lock") + "\n"})
    rows, details = changes(upgrading(market, elsewhere, tmp_path, group="minor", package="money"))
    assert rows == []
    assert f"money 1.3.0: the lock takes 1.3.0 from {market.url}/mirror/pypi/simple" in details


def test_a_lock_of_another_index_is_refused_instead_of_being_rewritten(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    run = upgrading(market, locked, tmp_path, group="minor")
    run.settings["ASSENT_PYPI_URL"] = f"{market.url}/elsewhere/simple"
    ran = run.plan()
    assert ran.code == 3
    assert "Set ASSENT_PYPI_URL to the index that the lock names." in ran.result["refused"]


def test_a_lock_that_uv_cannot_make_now_is_no_reason_to_leave_an_upgrade_out(
    market: Shop, locked: Remote, tmp_path: Path
) -> None:
    """An index that is away, or a uv that is not installed, is not an answer about versions."""
    run = upgrading(market, locked, tmp_path, group="minor", package="money")
    market.broken = {"/pypi/files/"}
    try:
        ran = run.plan()
    finally:
        market.broken = set()
    assert ran.code == 1
    assert "uv failed" in ran.text
