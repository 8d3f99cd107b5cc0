"""A skills folder and a policies folder on a real disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

MANIFEST = """\
name: NAME
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Says hello to somebody.
examples: ["NAME world"]
inputs:
  type: object
  additionalProperties: false
  required: [who]
  properties:
    who: {type: string, description: Whom to greet}
environments: [development]
effects:
  destructive: false
  risk: {development: 1}
  lock: "${inputs.who}"
permissions:
  exec: [python3]
cost:
  ceiling_usd: {development: "0.10"}
plan:
  - id: plan
    run: [python3, scripts/hello.py]
    timeout: 5s
steps:
  - id: greet
    title: Greet ${inputs.who}
    run: [python3, scripts/hello.py, "${inputs.who}"]
    timeout: 5s
    repeat: idempotent
done_when:
  measure: {run: [python3, scripts/hello.py], timeout: 5s}
  checks:
    - {name: greeted, observed: greeted, equals: true}
limits: {wall: 1m}
"""
RUNBOOK = "---\nname: NAME\ndescription: Says hello.\nlicense: MIT\n---\n\n# Hello\n\nIt greets.\n"


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    """One good skill, `hello`."""
    folder = tmp_path / "skills"
    write_skill(folder, "hello")
    return folder


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


def write_skill(skills: Path, name: str) -> Path:
    folder = skills / name
    (folder / "scripts").mkdir(parents=True)
    (folder / "skill.yaml").write_text(MANIFEST.replace("NAME", name))
    (folder / "SKILL.md").write_text(RUNBOOK.replace("NAME", name))
    (folder / "scripts" / "hello.py").write_text("print('{}')\n")
    return folder


@pytest.fixture
def edited() -> Callable[[Path, str, str], None]:
    """Replace text in a file, in place."""

    def edit(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


def age(folder: Path) -> None:
    """Wait until the last change is older than the tick of file clocks, so that what was read may be kept."""
    newest = max(path.stat().st_ctime_ns for path in [folder, *folder.rglob("*")])
    while time.time_ns() - newest < 150_000_000:
        time.sleep(0.01)
