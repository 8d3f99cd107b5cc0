"""Where the skills of a repository are, however it keeps them."""

from __future__ import annotations

import os
from pathlib import Path

from bot.artifacts.loading import RUNBOOK
from bot.artifacts.tree import QUARANTINE

RUNBOOKS = (RUNBOOK, "skill.md", "Skill.md")
"""As the format writes it, then as people do: readers of the format take the second too."""
_PASSED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", QUARANTINE})
DEEPEST = 12


def found_in(place: Path) -> list[Path]:
    """Every folder with a runbook, the place itself first. No link is followed; hidden folders count too.

    A skill may lie within another: a repository that is one, with more below `skills/`.
    """
    skills: list[Path] = []
    for folder, below, files in os.walk(place):
        if any(name in files for name in RUNBOOKS):
            skills.append(Path(folder))
        deep = len(Path(folder).relative_to(place).parts) >= DEEPEST
        below[:] = [] if deep else sorted(name for name in below if name not in _PASSED)
    return sorted(skills)


def runbook_of(folder: Path) -> str:
    """What the runbook is called there; as the format writes it when there are several."""
    with os.scandir(folder) as found:
        names = {entry.name for entry in found}
    return next((name for name in RUNBOOKS if name in names), RUNBOOK)
