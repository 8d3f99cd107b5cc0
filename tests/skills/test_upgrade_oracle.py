"""Which upgrades there are, held against Renovate's own answer about the same repository.

Renovate is too large to be installed for every run of the tests. What it said is kept beside this file, with
its version. Where it is installed (`ASSENT_RENOVATE` is the program, Node is on the PATH) it is asked again.
To write down what another version says: `PYTHONPATH=tests python tests/skills/test_upgrade_oracle.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from upgrading import Shop, git, script, shop

from bot.playground.host.shelf import Shelf

RENOVATE = os.environ.get("ASSENT_RENOVATE") or shutil.which("renovate") or ""
KEPT = Path(__file__).with_name("renovate.json")
AGE_DAYS = 3
LACKING = "renovate is not installed; ASSENT_RENOVATE names its program, Node 24 must be on the PATH"

SHELF = Shelf.model_validate(
    {
        "pypi": {
            "greet": {"1.0.0": {}, "1.0.4": {}, "1.3.0": {}, "2.0.0": {}, "3.1.0": {}},
            "zero": {"0.1.0": {}, "0.1.9": {}, "0.2.0": {}, "0.10.0": {}},
            "early": {"1.0": {}, "1.1": {}, "1.2rc1": {}, "2.0a1": {}, "2.0.dev3": {}},
            "young": {"1.0": {}, "1.1": {}, "1.2": {"age_days": 1}, "2.0": {"age_days": 2}},
            "timeless": {"1.0": {}, "1.1": {"age_days": None}},
            "taken-back": {"1.0": {}, "1.1": {}, "1.2": {"yanked": True}},
            "newest": {"4.2": {}},
            "posted": {"1.0": {}, "1.0.post1": {}},
            "calendar": {"2023.12.1": {}, "2024.1.0": {}, "2024.2.0": {}},
            "tests-only": {"7.0.0": {}, "7.4.4": {}, "8.3.0": {}},
        },
        "npm": {
            "left": {"1.0.0": {}, "1.0.1": {}, "1.4.0": {}, "2.0.0": {}, "3.0.0-beta.1": {}},
            "tilde": {"1.2.3": {}, "1.2.9": {}, "1.3.0": {}},
            "exact": {"5.0.0": {}, "5.1.0": {}, "6.0.0": {}},
            "held-at": {"1.0.0": {}, "1.1.0": {}, "9.0.0": {}},
            "old-news": {"1.0.0": {}, "1.1.0": {}, "1.2.0": {"deprecated": "use 1.1"}},
            "fresh": {"1.0.0": {}, "1.1.0": {"age_days": 0.5}},
            "@acme/ui": {"0.1.0": {}, "0.1.7": {}, "0.2.0": {}},
            "x-range": {"1.5.0": {}, "2.2.0": {}},
        },
        "latest": {"held-at": "1.1.0"},
    }
)
REQUIREMENTS = """\
greet==1.0.0
zero == 0.1.0  # still young itself
early==1.0
young==1.0
timeless==1.0
Taken_Back==1.0 ; python_version > "3"
newest==4.2
posted==1.0
calendar==2023.12.1
"""
PYPROJECT = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["greet>=1,<2", "zero~=0.1.0", "early"]

[dependency-groups]
dev = ["tests-only==7.0.0"]
"""
PACKAGE = {
    "name": "web",
    "dependencies": {
        "left": "^1.0.0",
        "tilde": "~1.2.3",
        "exact": "5.0.0",
        "held-at": "^1.0.0",
        "old-news": "^1.0.0",
        "fresh": "^1.0.0",
        "@acme/ui": "^0.1.0",
    },
    "devDependencies": {"x-range": "1.x"},
}
LOCKED = {"greet": "1.0.0", "zero": "0.1.0", "early": "1.0", "tests-only": "7.0.0"}

ONLY_OURS = {("pyproject.toml", "early", "minor", "1.1")}
"""Renovate passes over a requirement without any specifier; a lock holds it to a version all the same."""

Found = set[tuple[str, str, str, str]]
"""File, package, kind of move, version."""


def repository(folder: Path, market: Shop) -> Path:
    """Manifests with locks of long ago, in the forms that uv and npm write."""
    folder.mkdir()
    index = market.settings["ASSENT_PYPI_URL"]
    lock = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
    for name, version in LOCKED.items():
        lock += (
            f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{index}" }}\n'
        )
    lock += '\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\n'
    ranges = {**PACKAGE["dependencies"], **PACKAGE["devDependencies"]}  # type: ignore[dict-item]
    packages: dict[str, Any] = {"": PACKAGE}
    for name in ranges:
        first = next(iter(SHELF.npm[name]))
        tarball = f"{market.settings['ASSENT_NPM_URL']}/{name}/-/{name.rpartition('/')[2]}-{first}.tgz"
        packages[f"node_modules/{name}"] = {"version": first, "resolved": tarball}
    files = {
        "requirements.txt": REQUIREMENTS,
        "pyproject.toml": PYPROJECT,
        "uv.lock": lock,
        "package.json": json.dumps(PACKAGE, indent=2),
        "package-lock.json": json.dumps(
            {"name": "web", "lockfileVersion": 3, "packages": packages}, indent=2
        ),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    git("init", "--quiet", "--initial-branch=main", folder=folder)
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "-m", "Begin", folder=folder)
    return folder


def ours(folder: Path) -> Found:
    """What we would choose, of every kind."""
    scan, registry, choosing = (script(name) for name in ("scan", "registry", "choosing"))
    units, _ = scan.scan(folder, git("ls-files", folder=folder).splitlines())
    used = [one for unit in units for one in unit.used() if one.direct]
    packages = registry.ask(one.package for one in used)
    nothing_known = {one.package: script("advisories").Known() for one in used}
    judge = choosing.Choosing(
        packages, nothing_known, choosing.last_upload(AGE_DAYS, now=datetime.now(UTC)), AGE_DAYS
    )
    found = set()
    for one in used:
        choice = judge.choose(one)
        for kind, upgrade in (("minor", choice.minor), ("major", choice.major)):
            if upgrade is not None:
                found.add((one.specs[0].file, one.name, kind, upgrade.after))
    return found


def renovate(folder: Path, market: Shop) -> Found:
    """What Renovate finds in its local mode: told to look at locks too, and to wait for the same days."""
    sources = [("pypi", f"{market.url}/pypi"), ("npm", f"{market.url}/npm")]
    rules: list[Mapping[str, Any]] = [
        {"matchDatasources": [kind], "registryUrls": [url]} for kind, url in sources
    ]
    told = {
        "packageRules": [*rules, {"matchManagers": ["pep621"], "rangeStrategy": "update-lockfile"}],
        "enabledManagers": ["npm", "pep621", "pip_requirements"],
        "minimumReleaseAge": f"{AGE_DAYS} days",
        "internalChecksFilter": "strict",
    }
    with tempfile.TemporaryDirectory() as home:
        report = Path(home) / "report.json"
        subprocess.run(
            [
                RENOVATE,
                "--platform=local",
                "--report-type=file",
                f"--report-path={report}",
                "--require-config=ignored",
            ],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": home,
                "RENOVATE_BASE_DIR": home,
                "RENOVATE_CONFIG": json.dumps(told),
            },
            check=True,
            capture_output=True,
        )
        [looked] = json.loads(report.read_text(encoding="utf-8"))["repositories"].values()
    found = set()
    for files in looked["packageFiles"].values():
        for file in files:
            for dependency in file["deps"]:
                for update in dependency.get("updates", []):
                    if not update.get("pendingChecks") and update["updateType"] in (
                        "patch",
                        "minor",
                        "major",
                    ):
                        kind = "major" if update["updateType"] == "major" else "minor"
                        found.add((file["packageFile"], _normal(dependency), kind, update["newVersion"]))
    return found


def _normal(dependency: Mapping[str, Any]) -> str:
    return script("ecosystem").normal(
        "npm" if dependency["datasource"] == "npm" else "PyPI", dependency["depName"]
    )


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Any:
    with shop(SHELF) as found:
        for name, value in found.settings.items():
            monkeypatch.setenv(name, value)
        yield found


def kept() -> Found:
    return {tuple(one) for one in json.loads(KEPT.read_text(encoding="utf-8"))["upgrades"]}


def test_the_upgrades_are_those_that_renovate_finds(market: Shop, tmp_path: Path) -> None:
    assert sorted(ours(repository(tmp_path / "shop", market))) == sorted(kept() | ONLY_OURS)


@pytest.mark.skipif(not RENOVATE, reason=LACKING)
def test_renovate_still_says_what_was_kept(market: Shop, tmp_path: Path) -> None:
    assert sorted(renovate(repository(tmp_path / "shop", market), market)) == sorted(kept())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room, shop(SHELF) as found_market:
        said = renovate(repository(Path(room) / "shop", found_market), found_market)
    version = subprocess.run(
        [RENOVATE, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    KEPT.write_text(
        json.dumps({"renovate": version, "upgrades": sorted(said)}, indent=1) + "\n", encoding="utf-8"
    )
    sys.stdout.write(f"renovate {version}: {len(said)} upgrades\n")
