"""What a skill reports, a JSON object of any shape, as text whose columns line up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from unicodedata import combining, east_asian_width

from pydantic import JsonValue

from bot.slack.escape import line, visible

_WIDEST, _ROWS, _COLUMNS = 32, 20, 6


def written(result: Mapping[str, JsonValue], *, room: int) -> str:
    """The object as lines; what does not fit is counted, never dropped in silence."""
    rows = [row for key, value in result.items() for row in _entry(key, value)]
    kept: list[str] = []
    left = room - 40
    for row in rows:
        left -= len(row) + 1
        if left < 0:
            kept.append(f"… {len(rows) - len(kept)} more lines")
            break
        kept.append(row)
    return "\n".join(kept) or "(empty)"


def _entry(key: str, value: JsonValue) -> list[str]:
    name = line(key)[:_WIDEST]
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return [f"{name}:", *_table([each for each in value if isinstance(each, dict)])]
    if isinstance(value, dict) and value:
        if all(isinstance(each, dict) for each in value.values()):
            rows = [{name: inner, **each} for inner, each in value.items() if isinstance(each, dict)]
            return _table(rows)
        return [f"{name}:", *(f"  {row}" for inner, each in value.items() for row in _entry(inner, each))]
    if isinstance(value, str) and "\n" in value.strip():
        # Written for people by the skill itself: its own lines, without a label.
        return [line(each) if each.strip() else "" for each in visible(value).strip("\n").split("\n")]
    return [f"{name}: {_cell(value, 200)}"]


def _table(rows: Sequence[Mapping[str, JsonValue]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown, left_out = names[:_COLUMNS], len(names) - _COLUMNS
    cells = [[line(name)[:_WIDEST] for name in shown]]
    cells += [[_cell(row.get(name), _WIDEST) for name in shown] for row in rows[:_ROWS]]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(shown))]
    drawn = [
        "  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    drawn.insert(1, "  ".join("─" * width for width in widths))
    if left_out > 0:
        drawn.append(
            f"… {left_out} more columns: {', '.join(line(name)[:20] for name in names[_COLUMNS:][:8])}"
        )
    if len(rows) > _ROWS:
        drawn.append(f"… {len(rows) - _ROWS} more rows")
    return drawn


def _cell(value: JsonValue, room: int) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case str():
            text = line(value)
        case int() | float():
            text = str(value)
        case dict() if value:
            text = ", ".join(f"{line(key)} {_cell(each, _WIDEST)}" for key, each in value.items())
        case _:
            text = line(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _width(text: str) -> int:
    """Columns in a fixed-width font: East Asian wide letters take two, combining marks none."""
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
