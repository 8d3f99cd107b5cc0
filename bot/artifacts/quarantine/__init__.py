"""Skills from elsewhere come in as knowledge: copied where nothing is loaded from, looked over, never run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.artifacts.quarantine.finding import found_in
from bot.artifacts.quarantine.looking import Look, look
from bot.ask.reading import Problem

__all__ = ["NOT_TAKEN_IN", "Imported", "Look", "bring_in", "found_in", "look"]


NOT_TAKEN_IN = "not-taken-in"


@dataclass(frozen=True, slots=True)
class Imported:
    """`folder` is where the copy is; None when it was not taken in, which is then among the findings."""

    look: Look
    name: str
    folder: Path | None
    findings: tuple[Problem, ...]


def bring_in(look: Look, *, under: Path, name: str | None = None, replace: bool = False) -> Imported:
    """Copy one skill below `under`, with no link and nothing executable; what was looked at is written.

    A skill that cannot be taken in says why among its findings, so that one does not keep the others out.
    """
    called = name or look.name
    if not look.fits:
        return Imported(look, called or look.source.name, None, look.findings)
    if not called:
        return _left(look, look.source.name, "nothing of it is a name that a skill can have", "Say --name.")
    target = under / called
    if target.exists() and not replace:
        hint = "Say --replace to take it in again, or --name another."
        return _left(look, called, f"{target} is there already", hint)
    _write(look.content, target)
    return Imported(look, called, target, look.findings)


def _left(look: Look, called: str, message: str, hint: str) -> Imported:
    problem = Problem(".", 1, 1, message, hint, rule=NOT_TAKEN_IN)
    return Imported(look, called, None, (*look.findings, problem))


def _write(content: Mapping[str, bytes], target: Path) -> None:
    """Write the copy beside its place and move it there whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for path, data in content.items():
            into = room / path
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(data)
            into.chmod(0o644)
        room.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        room.replace(target)
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
