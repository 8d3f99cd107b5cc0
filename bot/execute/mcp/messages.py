"""Messages of JSON-RPC 2.0 as MCP has them, read strictly: what a server sends is somebody else's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import JsonValue


class Unfit(Exception):
    """Why nothing good came of speaking with a server.

    The words may hold the server's own, whole: whoever shows them hides secrets first and cuts them then.
    `reason` is short, follows "it", and is of our own words alone: it goes where a server's words do not.
    """

    def __init__(self, words: str, *, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


class Violation(Unfit):
    """It does not keep to the protocol."""

    def __init__(self, words: str) -> None:
        super().__init__(words, reason="was told something that is no MCP")


@dataclass(frozen=True, slots=True)
class Answer:
    """To the request of this id."""

    id: int
    result: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Declined:
    """The request of this id was not carried out, in the server's words."""

    id: int | None
    code: int
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """It wants nothing back."""

    method: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The server asks us for something."""

    id: str | int
    method: str


Message = Answer | Declined | Notice | Wanted


def read(data: bytes | str) -> Message:
    """One message. Raises Violation for what is none, batches among it: the revision spoken has none."""
    try:
        found = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Violation(f"It sent something that is no JSON: {_seen(data)}") from None
    if isinstance(found, list):
        raise Violation("It sent several messages in one, which this revision of MCP does not have.")
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0":
        raise Violation(f"It sent something that is no message of JSON-RPC 2.0: {_seen(data)}")
    match found:
        case {"method": str(method), "id": str() | int() as asked} if not isinstance(asked, bool):
            return Wanted(asked, method)
        case {"method": str(method)} if "id" not in found:
            return Notice(method)
        case {"id": int(asked), "result": dict(result)} if (
            _alone(found, "error", "method") and asked is not True
        ):
            return Answer(asked, result)
        case {"error": {"code": int(code), "message": str(words)}} if _alone(found, "result", "method"):
            answered = found.get("id")
            return Declined(answered if isinstance(answered, int) else None, code, words)
    raise Violation(f"It sent a message that is neither request nor answer: {_seen(data)}")


def written(message: dict[str, Any]) -> bytes:
    """One message in one line."""
    return json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, allow_nan=False).encode()


Kind = TypeVar("Kind", str, dict[str, Any], list[Any])


def part(found: dict[str, Any], name: str, kind: type[Kind]) -> Kind:
    """A part that must be there. Raises Violation."""
    value = found.get(name)
    if not isinstance(value, kind):
        raise Violation(f"Its answer has no {name} as it should.")
    return value


def _alone(found: dict[str, Any], *others: str) -> bool:
    return not any(other in found for other in others)


def _no_number(word: str) -> JsonValue:
    raise ValueError(f"{word} is no number of JSON")


def _seen(data: bytes | str) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes) else data
