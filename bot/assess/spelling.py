"""The source of a condition, cut at its operators: its parts in the author's own words."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""[rRbB]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|//[^\n]*|&&|\|\||[\[\](){}]|.""",
    re.DOTALL,
)


def split(source: str, operator: str, most: int = -1) -> list[str]:
    """The source around each `operator` outside brackets and quotes, at most `most` cuts.

    For the operator at the root of a tree that is all there is to watch: what binds looser cannot stand
    beside it without brackets.
    """
    parts, depth = [""], 0
    for piece in _PIECE.findall(source):
        depth += (piece in "([{") - (piece in ")]}")
        if piece == operator and depth == 0 and len(parts) - 1 != most:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


def bare(source: str) -> str:
    """Without the brackets that stand around all of it."""
    text = source.strip()
    while text.startswith("(") and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> int:
    """Where the bracket that the text begins with is closed."""
    at = depth = 0
    for piece in _PIECE.findall(text):
        depth += (piece in "([{") - (piece in ")]}")
        if depth == 0:
            return at
        at += len(piece)
    return -1
