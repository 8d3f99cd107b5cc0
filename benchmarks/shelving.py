"""A thousand skills from the disk to what may be asked for: read, hashed, checked, held against the lock."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import yaml

from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.town import POLICIES, ROOT, Broken, Town
from bot.artifacts import Artifacts, lock

SKILLS = 1000
SHIPPED = ROOT / "skills"
MODELS = ("deploy", "service-status")


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """As a start does it, and then as every look at an unchanged folder does it."""
    count = SKILLS if effort.calls > 5 else 20
    folder = town.home / "skills"
    written(folder, count)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    manifests = [path for path in files if path.name == "skill.yaml"]

    def shelf() -> Artifacts:
        artifacts = Artifacts(folder, POLICIES)
        armed = [skill for skill in artifacts.skills().values() if not skill.unarmed]
        if len(armed) != count:
            raise Broken(f"{count} skills should be armed, not {len(armed)}: {artifacts.problems[:1]}")
        return artifacts

    def plain() -> object:
        for path in files:
            hashlib.sha256(path.read_bytes()).hexdigest()
        return [yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in manifests]

    once = Effort(
        **{**{name: getattr(effort, name) for name in effort.__slots__}, "rounds": min(3, effort.rounds)}
    )
    ours, bare = by_turns(shelf, plain, once, calls=1)
    kept = shelf()
    again, stats = by_turns(kept.skills, lambda: [path.stat() for path in files], once, calls=3)
    size = sum(path.stat().st_size for path in files) / 1e6
    return [
        Finding(
            name="skills-load",
            what=f"{count:,} skills, {len(files):,} files, from the disk until they may be asked for, median",
            against="SHA-256 of the same files and libyaml's safe_load of their manifests, nothing checked",
            target="< 3 s",
            unit="s",
            measured=ours,
            baseline=bare,
            limit=3.0,
            note=f"{size:.1f} MB",
        ),
        Finding(
            name="skills-again",
            what="the same folder looked at again, nothing having changed, median",
            against="one stat of each file",
            target="< 4 × baseline",
            unit="ms",
            measured=again * 1e3,
            baseline=stats * 1e3,
            limit=stats * 4e3,
        ),
    ]


def written(folder: Path, count: int) -> None:
    """The shipped skills over and over, under other names, reviewed."""
    for number in range(count):
        model = MODELS[number % len(MODELS)]
        name = f"{model}-{number:04}"
        shutil.copytree(SHIPPED / model, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("skill.yaml", "SKILL.md"):
            path = folder / name / file
            path.write_text(path.read_text().replace(f"name: {model}\n", f"name: {name}\n", 1))
    (folder / "skills.lock").write_text(lock(Artifacts(folder, POLICIES).skills().values()))
