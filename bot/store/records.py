"""Between the request as people think of it and the fields that Redis keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from bot.ask.invocation import Invocation
from bot.assess.assessment import Assessment
from bot.authorize.approval import Vote
from bot.execute.journal import Entry
from bot.flow.request import CardRef, Place, Request, Review
from bot.settle.outcome import Outcome

_PARTS: dict[str, type[Any]] = {
    "invocation": Invocation,
    "assessment": Assessment,
    "place": Place,
    "outcome": Outcome,
    "card": CardRef,
    "review": Review,
}
_PLAIN = ("id", "state", "asked_by", "requester", "progress", "stopped")
_NUMBERS = ("revision", "fence", "card_revision", "cost", "escalated")
_TIMES = ("asked_at", "updated_at", "expires_at", "lease_until", "waits_since")
_LISTS = ("notes", "missing", "redact")
UNSENT = "unsent:"
"""Begins the names of fields that say why an output was not sent."""
_STRINGS = TypeAdapter(tuple[str, ...])


def request_from(fields: Mapping[str, str], votes: Sequence[str], journal: Sequence[str]) -> Request:
    """Read a stored request; unknown fields are the store's own and are left alone."""
    found: dict[str, Any] = {name: fields[name] for name in _PLAIN if fields.get(name)}
    found |= {name: int(fields[name]) for name in _NUMBERS if fields.get(name)}
    found |= {name: int(fields[name]) for name in _TIMES if fields.get(name)}
    found |= {name: _STRINGS.validate_json(fields[name]) for name in _LISTS if fields.get(name)}
    found |= {
        name: kind.model_validate_json(fields[name]) for name, kind in _PARTS.items() if fields.get(name)
    }
    found["unsent"] = tuple(text for name, text in sorted(fields.items()) if name.startswith(UNSENT))
    found["votes"] = tuple(Vote.model_validate_json(vote) for vote in votes)
    found["journal"] = tuple(Entry.model_validate_json(entry) for entry in journal)
    return Request.model_validate(found)


def fields_of(**parts: Any) -> dict[str, str]:
    """The fields that a commit sets, as text: records as JSON, lists as JSON, the rest as it is."""
    return {name: _text(name, value) for name, value in parts.items() if value is not None}


def _text(name: str, value: Any) -> str:
    if name in _PARTS:
        return str(value.model_dump_json(by_alias=True))
    if name in _LISTS:
        return _STRINGS.dump_json(tuple(value)).decode()
    return str(value)
