"""The target that a skill's own cases run on, as a process for tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hosting import skill_folder


@contextmanager
def target(skill: str, logs: Path, *words: str) -> Iterator[dict[str, str]]:
    """Its variables; skips, with the reason, where what it is made of is not installed."""
    folder = skill_folder(skill)
    with (
        (logs / "target.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-W", "error", str(folder / "tests/target.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        line = process.stdout.readline()
        assert line, (logs / "target.log").read_text(encoding="utf-8")
        said = json.loads(line)
        if lacks := said.get("lacks"):
            pytest.skip(f"{skill} needs {', '.join(lacks)}: not installed here")
        try:
            yield said
        finally:
            process.stdin.close()
            process.wait(timeout=30)
