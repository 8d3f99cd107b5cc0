"""What a call of a tool gave, for the journal. Text and data are carried, everything else is named."""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue

from bot.execute.connectors.connector import Found
from bot.execute.connectors.fitting import LEFT_OUT, fitted, weight
from bot.execute.mcp.messages import Unfit, Violation, part
from bot.execute.mcp.tools import Tool, wrong_result

TEXT, NOT_CARRIED = "text", "not_carried"
_MOST_NAMED = 20
_DEEPEST = 32


def result_of(found: dict[str, JsonValue], tool: Tool) -> Found:
    """Its structured content, or the object that its text is, or its text.

    Raises Unfit when it says that it failed, or gives another thing than it described.
    """
    content = part(found, "content", list) if "content" in found else []
    texts, others = _read(content)
    if found.get("isError") is True:
        said = " ".join(" ".join(texts).split())
        words = f"The tool failed. It said: {said}" if said else "The tool failed, and did not say why."
        raise Unfit(words, reason="was told by the tool that it failed")
    structured = found.get("structuredContent")
    if structured is not None and not isinstance(structured, dict):
        raise Violation("Its structured content is no object.")
    if tool.gives is not None:
        if structured is None:
            raise _another("it gave no structured content, and described one")
        if why := wrong_result(structured, tool):
            raise _another(why)
    given = dict(structured) if structured is not None else _of_text(texts)
    if _depth(given) > _DEEPEST:
        raise Violation(f"Its result is nested more than {_DEEPEST} deep.")
    return {**given, NOT_CARRIED: others} if others else given


def kept(found: Found, limit: int) -> Found:
    """At most `limit` bytes: text keeps its beginning and its end, data loses the end of its longest list."""
    text = found.get(TEXT)
    if weight(found) <= limit or not isinstance(text, str) or found.keys() - {TEXT, NOT_CARRIED}:
        return fitted(found, limit)
    room = limit - weight({**found, TEXT: ""}) - 100
    share = max(0, room) // 2
    while True:  # what JSON escapes takes more room than it has characters
        cut = {
            **found,
            TEXT: f"{text[:share]}\n[…]\n{text[len(text) - share :]}",
            LEFT_OUT: len(text) - 2 * share,
        }
        if weight(cut) <= limit or not share:
            return cut
        share //= 2


def _another(why: str) -> Unfit:
    return Unfit(
        f"The tool answered, and its result is not as it described it: {why}",
        reason="was given another thing than the tool described",
    )


def _of_text(texts: list[str]) -> Found:
    if len(texts) == 1:
        try:
            found = json.loads(texts[0], parse_constant=_no_number)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
    return {TEXT: "\n".join(texts)}


def _no_number(word: str) -> JsonValue:
    raise ValueError(f"{word} is no number of JSON")


def _read(content: list[Any]) -> tuple[list[str], list[JsonValue]]:
    """Every text, and what else there is by its kind and name."""
    texts: list[str] = []
    others: list[JsonValue] = []
    for one in content:
        match one:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "resource", "resource": dict(resource)}:
                others.append(_named("resource", resource.get("uri"), resource.get("mimeType")))
            case {"type": "resource_link"}:
                others.append(_named("resource_link", one.get("uri"), one.get("mimeType")))
            case {"type": str(kind)}:
                others.append(_named(kind, one.get("mimeType")))
            case _:
                raise Violation("Its result has content that is of no kind.")
    if len(others) > _MOST_NAMED:
        others = [*others[:_MOST_NAMED], f"and {len(others) - _MOST_NAMED} more"]
    return texts, others


def _named(*words: Any) -> str:
    return " ".join(word for word in words if isinstance(word, str))


def _depth(value: JsonValue) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest
