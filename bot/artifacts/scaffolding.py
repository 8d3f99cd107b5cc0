"""A new skill that already works: whoever writes one begins with something to change, not with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from bot.ask.catalog import RESERVED
from bot.ask.manifest.words import NAME
from bot.terms import Refused

_SUFFIX = ".txt"
"""So that nothing takes the parts for programs of ours."""


def scaffold(skills: Path, name: str, *, owner: str) -> list[Path]:
    """Write a whole skill called `name` below `skills`; gives its files; raises Refused, writing none."""
    if not NAME.fullmatch(name) or len(name) > 64:
        raise Refused(f"{name} is no name. A name is lower-case words joined by dashes: restart-service.")
    if name in RESERVED:
        raise Refused(f"{name} is a word of the command itself. Choose another name.")
    folder = skills / name
    if folder.exists() or folder.is_symlink():
        raise Refused(f"{folder} is there already. Choose another name, or take it away first.")
    words = {"@NAME@": name, "@OWNER@": owner, "@HOME@": f"{name.upper().replace('-', '_')}_HOME"}
    written = []
    for path, text in _parts(files("bot.artifacts") / "scaffold"):
        for word, value in words.items():
            text = text.replace(word, value)
        place = folder / path.removesuffix(_SUFFIX)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        written.append(place)
    return written


def _parts(folder: Traversable, inside: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _parts(entry, f"{inside}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield f"{inside}{entry.name}", entry.read_text(encoding="utf-8")
