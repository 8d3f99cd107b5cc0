"""Characters that a reader cannot see, and that could make a text mean other than it looks."""

from __future__ import annotations

import re
import unicodedata

_CONTROLS = {0: "NULL", 8: "BACKSPACE", 27: "ESCAPE", 127: "DELETE"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks that are drawn as nothing although Unicode does not call them format characters."""

_SELECTORS = range(0xE0100, 0xE01F0)
"""Variation selectors that no font uses and that can carry hidden bytes."""

_JOINER = "\u200d"

_PRINTABLE = re.compile(f"[{''.join(sorted(_BLANK))}{chr(_SELECTORS[0])}-{chr(_SELECTORS[-1])}]")
"""The two above together: what Python takes for printable and nobody sees."""


def unseen(text: str, *, allowed: str = "") -> tuple[int, str] | None:
    """Where the first such character is and its name in words, or None when all can be seen."""
    rest = text
    for char in allowed:
        rest = rest.replace(char, "")
    if rest.isprintable() and (rest.isascii() or not _PRINTABLE.search(rest)):
        return None  # nearly every text, at a hundredth of the price
    for position, char in enumerate(text):
        if char in _BLANK or ord(char) in _SELECTORS:
            return position, named(char)
        if char == _JOINER and _symbol(text[:position][-1:]) and _symbol(text[position + 1 : position + 2]):
            continue  # drawn, as one picture of the two
        if char not in allowed and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return position, named(char)
    return None


def _symbol(char: str) -> bool:
    return bool(char) and (char == "\ufe0f" or unicodedata.category(char) in ("So", "Sk"))


def named(char: str) -> str:
    """`U+202E (right-to-left override)`."""
    name = unicodedata.name(char, _CONTROLS.get(ord(char), "control character")).lower()
    return f"U+{ord(char):04X} ({name})"
