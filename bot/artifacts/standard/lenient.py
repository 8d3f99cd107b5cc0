"""Front matter that is not the YAML we read, line by line: what its author most likely meant."""

from __future__ import annotations

import re

from pydantic import JsonValue

from bot.artifacts.yaml_marks import Marks

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]*:[ \t]*(.*)")
_BLOCK = re.compile(r"[|>][+-]?[0-9]?\s*(#.*)?")


def read(head: list[str], *, first_line: int) -> tuple[dict[str, JsonValue], Marks]:
    """Keys at the margin with the text behind and below them. The first of two equal keys counts."""
    found: dict[str, JsonValue] = {}
    marks: dict[tuple[str | int, ...], tuple[int, int]] = {(): (first_line, 1)}
    key, below = "", list[str]()
    value = ""

    def close() -> None:
        if key and key not in found:
            found[key] = _value(value, below)

    for number, line in enumerate(head):
        if (match := _KEY.match(line)) is not None:
            close()
            key, value, below = match[1], match[2].strip(), []
            marks.setdefault((key,), (first_line + number, 1))
        elif key:
            below.append(line)
    close()
    return found, marks


def _value(value: str, below: list[str]) -> JsonValue:
    kept = [line.strip() for line in below if line.strip() and not line.lstrip().startswith("#")]
    if not value and kept and all(line.startswith("- ") for line in kept):
        return [_plain(line[2:]) for line in kept]
    if not value and kept and all(_KEY.match(line) for line in kept):
        pairs = (_KEY.match(line) for line in kept)
        return {match[1]: _plain(match[2].strip()) for match in pairs if match}
    if _BLOCK.fullmatch(value):
        return (" " if value.startswith(">") else "\n").join(line.strip() for line in below).strip()
    if value.startswith("[") and value.endswith("]"):
        return [_plain(item.strip()) for item in value[1:-1].split(",") if item.strip()]
    return _plain(" ".join([value, *kept]).strip())


def _plain(text: str) -> str:
    text = re.sub(r"^[&!]\S*\s+", "", text)
    for quote in ('"', "'"):
        if len(text) >= 2 and text.startswith(quote) and text.endswith(quote):
            return text[1:-1]
    return text
