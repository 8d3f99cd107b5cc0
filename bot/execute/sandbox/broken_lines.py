"""Encodings over several lines: where one goes on in the next, and the text as if it were not broken."""

import re
from bisect import bisect_right
from collections.abc import Sequence

RUN = 32  # so much of an encoding stands before a line break at least: 60, 64 and 76 are usual
# Where an encoding goes on in the next line: as it is, indented, or with the line break escaped in JSON.
BREAK = re.compile(r"(?:\n|\\r\\n|\\n)[ \t]*")
BREAK_BEGINS = re.compile(r"(?:\n[ \t]*|\\r\\|\\r|\\n[ \t]*|\\|[ \t]+)\Z")
_ENCODED = re.compile(rf"[A-Za-z0-9+/_-]{{{RUN}}}\Z")


def breaks_in(pattern: re.Pattern[str], before: str, text: str) -> list[tuple[int, int]]:
    """Where breaks of an encoding stand in a text that comes after another."""
    whole, shift = before + text, len(before)
    found = []
    for one in pattern.finditer(whole, max(0, shift - RUN)):
        start = one.start()
        while start and whole[start - 1] in " \t":
            start -= 1
        if one.end() > shift and _ENCODED.search(whole, max(0, start - RUN), start):
            found.append((max(0, start - shift), one.end() - shift))
    return found


class Joined:
    """A text without some of its parts, and where in the whole each character of it stands."""

    def __init__(self, text: str, without: Sequence[tuple[int, int]]) -> None:
        pieces, at = [], 0
        self._cuts: list[tuple[int, int]] = []
        removed = 0
        for start, stop in without:
            pieces.append(text[at:start])
            removed += stop - start
            self._cuts.append((stop - removed, removed))
            at = stop
        self.text = "".join([*pieces, text[at:]])

    def place(self, index: int) -> int:
        """An index of the joined text in the whole one."""
        cut = bisect_right(self._cuts, index, key=lambda one: one[0]) - 1
        return index + (self._cuts[cut][1] if cut >= 0 else 0)
