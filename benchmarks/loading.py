"""Fifty policy files from the disk to armed policies: read, checked, compiled, held against people.yaml."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.town import ROOT, SKILLS, Broken, Town
from bot.artifacts import Artifacts

FILES = 50
SHIPPED = ROOT / "policies"
BESIDE = ("people.yaml", "prices.yaml")


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """As a start does it: an `Artifacts` that has read nothing yet. The files are in the system's cache."""
    folder = town.home / "policies"
    written(folder, FILES)
    paths = sorted(folder.iterdir())

    def armed() -> int:
        policies = Artifacts(SKILLS, folder).policies()
        if policies.problems:
            raise Broken(f"the policies do not load: {policies.problems[0]}")
        return len(policies.armed)

    if armed() != FILES:
        raise Broken(f"{FILES} policies should be armed, not {armed()}")
    ours, plain = by_turns(armed, lambda: [parsed(path) for path in paths], effort, calls=1)
    return [
        Finding(
            name="load",
            what=f"{FILES} policy files and people.yaml, from the disk until they can judge, median",
            against="yaml.safe_load of the same files, which checks nothing",
            target="< 1 s",
            unit="s",
            measured=ours,
            baseline=plain,
            limit=1.0,
            note=f"{sum(path.stat().st_size for path in paths) / 1000:.0f} kB",
        )
    ]


def written(folder: Path, count: int) -> None:
    """The shipped policies over and over, under other names: gates with overrides and records, `let`, risks,
    freeze windows, budgets, escalation, invariants and tables, in the mix that a team has.
    """
    folder.mkdir()
    for name in BESIDE:
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
    models = [
        path.read_text(encoding="utf-8") for path in sorted(SHIPPED.iterdir()) if path.name not in BESIDE
    ]
    for number in range(count):
        name = f"policy-{number:02}"
        text = re.sub(r"^policy: .*", f"policy: {name}", models[number % len(models)], flags=re.MULTILINE)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def parsed(path: Path) -> object:
    return yaml.safe_load(path.read_bytes())
