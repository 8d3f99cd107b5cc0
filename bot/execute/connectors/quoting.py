"""Values in PromQL and LogQL: `$name` becomes a quoted string, and never a part of the query's own words.

The query stands in the manifest, where a reviewer reads it; nothing is filled into it. Its values are handed
over beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.terms import Refused

NAME = r"[a-z][a-z0-9_]*"
_PLACE = re.compile(rf"\$({NAME})")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`|#[^\n]*')
_BEFORE = re.compile(r"(=~|!~|\|~|==|!=|\|=|=)\s*\Z")
_BY_PATTERN = frozenset({"=~", "!~", "|~"})
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


class _Place(NamedTuple):
    """Where a value goes; `by_pattern` when it is held against as a regular expression there."""

    start: int
    end: int
    name: str
    by_pattern: bool


def filled(query: str, values: Mapping[str, str]) -> str:
    """`up{job=$job}` with each `$name` as a quoted string.

    Beside `=~` a value is taken word for word, too. Raises Refused for a place where no value may stand, a
    name that is not given and one that is given for nothing.
    """
    places = list(_places(query))
    named = {place.name for place in places}
    if missing := sorted(named - values.keys()):
        raise Refused(f"The query names ${missing[0]}, and values has no {missing[0]}.")
    if unused := sorted(values.keys() - named):
        raise Refused(f"values has {unused[0]}, and the query names no ${unused[0]}.")
    pieces, at = [], 0
    for place in places:
        value = values[place.name]
        pieces += [
            query[at : place.start],
            quoted(_META.sub(r"\\\g<0>", value) if place.by_pattern else value),
        ]
        at = place.end
    return "".join([*pieces, query[at:]])


def quoted(value: str) -> str:
    """A string of both languages: nothing in it can end it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(f"{value!r} is no text, so it cannot stand in a query.") from None
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in escaped) + '"'


def _places(query: str) -> Iterator[_Place]:
    """Every `$name` outside of strings and comments; raises Refused for one that stands elsewhere."""
    strings = [found.span() for found in _QUOTED.finditer(query)]
    if re.search("[\"'`]", _QUOTED.sub("", query)):
        raise Refused("A quote of the query is never closed.")
    for found in _PLACE.finditer(query):
        before = _BEFORE.search(query, 0, found.start())
        inside = any(start < found.start() < end for start, end in strings)
        if inside or before is None:
            raise Refused(
                f"{found[0]} may only stand right after =, !=, =~, !~, |= or |~, without quotes around it: "
                f"{{service={found[0]}}}."
            )
        yield _Place(found.start(), found.end(), found[1], before[1] in _BY_PATTERN)
