"""Fifty policy files from the disk to armed policies: read, checked, compiled, held against people.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.town import ROOT, SKILLS, Broken, Town
from bot.artifacts import Artifacts

FILES = 50
SHIPPED = ROOT / "policies"


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
    """The shipped deployment policy once for each of many skills, everything in it: seven gates, `let`, risk
    rows, a freeze window, budgets, seven invariants and a table of sixteen rows.
    """
    folder.mkdir()
    for name in ("people.yaml", "prices.yaml"):
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
    model = (SHIPPED / "deployments.yaml").read_text(encoding="utf-8")
    for number in range(count):
        skill, text = f"deploy-{number:02}", model
        for old, new in (
            ("policy: deployments", f"policy: {skill}"),
            ("applies_to: [deploy]", f"applies_to: [{skill}]"),
            ("request.skill: deploy,", f"request.skill: {skill},"),
            ("plan.changes > 25", f"plan.changes > {25 + number}"),
        ):
            if old not in text:
                raise Broken(f"the shipped deployments.yaml has no {old!r} any more")
            text = text.replace(old, new)
        (folder / f"{skill}.yaml").write_text(text, encoding="utf-8")


def parsed(path: Path) -> object:
    return yaml.safe_load(path.read_bytes())
