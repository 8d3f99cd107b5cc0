"""From a document to a checked record, with every mistake in words and with its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from bot.ask.catalog import did_you_mean

Path = tuple[str | int, ...]
Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at `path` (keys and positions from the top of the document), and what would be right."""

    path: Path
    message: str
    hint: str = ""
    rule: str = "manifest"


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a file from being used, where it is, and what would be right."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    rule: str = "manifest"
    level: Level = "error"
    """An error stops the skill; a warning is a guess that may be suppressed; a note is for who looks."""

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{said.rstrip('.')}. {self.hint}" if self.hint else said


class Unreadable(Exception):
    """A manifest that cannot be used; `findings` says everything that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = tuple(findings)


Model = TypeVar("Model", bound=BaseModel)


def read_as(model: type[Model], data: JsonValue) -> Model:
    """The document as `model`; raises Unreadable with every finding.

    Strict, so that `"10"` is not 10: by way of JSON, where a list may still be a tuple and a word an enum.
    Keys are called as in the file and not as in the code: `limit_usd`, never `limit`.
    """
    try:
        return model.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors()
        # A list whose items are wrong is also "too short": said once is enough.
        paths = [one["loc"] for one in found]
        said = [
            one
            for one in found
            if one["type"] != "too_short"
            or not any(
                len(path) > len(one["loc"]) and path[: len(one["loc"])] == one["loc"] for path in paths
            )
        ]
        raise Unreadable([worded(one["type"], one["loc"], one["msg"], data, model) for one in said]) from None


_PLAINLY = {
    "too_short": "needs at least one",
    "tuple_type": "should be a list",
    "dict_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "string_type": "should be text",
    "bool_type": "should be true or false",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
}
_HINTS = {
    "additionalProperties": "Write additionalProperties: false, so that an unknown input is refused.",
    "run": "Write the program and its arguments as a list: [python3, scripts/plan.py]. There is no shell.",
}


def worded(kind: str, path: Path, message: str, data: JsonValue, model: type[BaseModel]) -> Finding:
    """One pydantic error in our words, with the likely key when one is misspelt."""
    key = str(path[-1]) if path else "document"
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1], model)
        guess = did_you_mean(key, known).strip()
        path = _existing(path, data)
        return Finding(path, f'unknown key "{key}"', guess or f"Known here: {', '.join(known)}.")
    if kind == "missing" and isinstance(path[-1], int):
        return Finding(_existing(path[:-1], data), f"it has {path[-1]} parts, and needs more")
    if kind == "missing":
        return Finding(_existing(path[:-1], data), f'"{key}" is missing', _HINTS.get(key, ""))
    path = _existing(path, data)
    message = _PLAINLY.get(kind) or message.removeprefix("Value error, ").removeprefix("Input ")
    message = f"{message[:1].lower()}{message[1:]}"
    if kind == "literal_error":  # as YAML has them
        message = message.replace("True", "true").replace("False", "false")
    if kind == "int_type" and _too_large(path, data):
        message = f"a whole number is at most {2**53 - 1}: larger ones are not exact everywhere"
    return Finding(path, f"{_called(path)} {message}", _hint(path))


def _called(path: Path) -> str:
    match path:
        case (*_, str(key)):
            return f'"{key}":'
        case (*_, str(key), int(position)):
            return f'item {position + 1} of "{key}":'
    return "the document"


def _hint(path: Path) -> str:
    return next((_HINTS[part] for part in reversed(path) if isinstance(part, str) and part in _HINTS), "")


def _too_large(path: Path, data: JsonValue) -> bool:
    """Whether it is a whole number that no document is read with (it comes as the text that it was)."""
    at: Any = data
    for part in path:
        at = at[part]
    return isinstance(at, str) and at.lstrip("+-").isdecimal() and len(at.lstrip("+-0")) >= 16


def _existing(path: Path, data: JsonValue) -> Path:
    """What of a path is in the document: pydantic adds names of its own branches."""
    at: JsonValue = data
    found: list[str | int] = []
    for part in path:
        match at, part:
            case dict(), str() if part in at:
                at = at[part]
            case list(), int() if part < len(at):
                at = at[part]
            case _, str():
                continue
            case _:
                break
        found.append(part)
    return tuple(found)


def _keys_at(path: Path, model: type[BaseModel]) -> list[str]:
    """The keys that a place of the document knows, read from the model's own schema.

    Of a place that may have one of several shapes, the keys of the others come last.
    """
    node: dict[str, Any] = model.model_json_schema(by_alias=True)
    definitions = node.get("$defs", {})
    others: list[str] = []
    for part in path:
        shapes = [
            *node.get("oneOf", ()),
            *(one for any_ in node.get("anyOf", ()) for one in any_.get("oneOf", ())),
        ]
        if isinstance(part, str) and shapes:
            if part in definitions:  # a branch that is tagged with its class's name
                branches = [definitions[one["$ref"].rsplit("/", 1)[-1]] for one in shapes if "$ref" in one]
                others = [key for branch in branches for key in branch.get("properties", {})]
                node = definitions[part]
            continue
        others = []
        node = _below(node, part)
        for branch in node.get("anyOf", ()):
            node = branch if "$ref" in branch or branch.get("type") == "array" else node
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
    return list(dict.fromkeys([*node.get("properties", {}), *others]))


def _below(node: dict[str, Any], part: str | int) -> dict[str, Any]:
    if isinstance(part, int):
        found = node.get("items", {})
    else:
        loose = [*node.get("patternProperties", {}).values(), node.get("additionalProperties", {})]
        found = node.get("properties", {}).get(part) or loose[0]
    return found if isinstance(found, dict) else {}
