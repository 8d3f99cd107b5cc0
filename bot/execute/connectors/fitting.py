"""An answer cut to what a skill may keep of it, and saying so."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from bot.execute.connectors.connector import Found, Unanswerable

LEFT_OUT = "left_out"
_FOR_SAYING_SO = 40


def fitted(found: Found, limit: int) -> Found:
    """At most `limit` bytes as JSON: its longest list loses what stands last, and `left_out` says how many.

    Raises Unanswerable when that does not do.
    """
    size = weight(found)
    if size <= limit:
        return found
    lists = {name: value for name, value in found.items() if isinstance(value, list) and value}
    name = max(lists, key=lambda one: weight(lists[one]), default="")
    room = limit - _FOR_SAYING_SO - size + (weight(lists[name]) if name else 0)
    kept = _first(lists[name], room) if name else 0
    if not kept:
        raise Unanswerable(
            f"The answer has {size // 1024 + 1} kB, and limits.output_kb is {limit // 1024}: "
            "ask for less of it, or raise the limit."
        )
    return {**found, name: lists[name][:kept], LEFT_OUT: len(lists[name]) - kept}


def weight(value: JsonValue | Sequence[JsonValue]) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _first(items: Sequence[JsonValue], room: int) -> int:
    """How many of them have room, from the first on."""
    taken = 2
    for position, item in enumerate(items):
        taken += weight(item) + 2
        if taken > room:
            return position
    return len(items)
