"""The bot with one of its rules taken out: what watches it must notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bot.assess.decision import Requirement
from bot.authorize import approval, asked, seating
from bot.flow import checking, voting
from bot.store import store

LINES: Mapping[str, str] = {
    "revision": "if c.revision and c.revision ~= tonumber(revision) then",
    "expiry": "if c.unexpired and expires and",
    "fence": "if c.fence and c.fence ~= fence then",
}
"""Lines of the script that carries out every transition."""


@contextmanager
def weakened(rule: str) -> Iterator[None]:
    """Without the line of the script, the exclusion of whoever asks, or the second look at the run."""
    match rule:
        case "exclusion":
            changes = [
                (approval, "eligible", _anybody),
                (seating, "eligible", _anybody),
                (asked, "eligible", _anybody),
                (voting, "not_excluded", lambda *_: None),
                (voting, "not_barred", lambda *_: None),
            ]
        case "second look":
            changes = [(checking.Checking, "still_holds", _always)]
        case _:
            changes = [(store, "script", _without(LINES[rule]))]
    patches = [patch.object(where, name, new) for where, name, new in changes]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _without(line: str) -> Any:
    whole = store.script

    def script(name: str) -> str:
        text = whole(name)
        if name != "commit":
            return text
        kept = [each for each in text.splitlines() if not each.startswith(line)]
        assert len(kept) == len(text.splitlines()) - 1, f"the script has no line {line}"
        return "\n".join(kept)

    return script


_eligible = seating.eligible


def _anybody(requirement: Requirement, members: Any, *, requester: Any) -> Any:
    return _eligible(requirement.model_copy(update={"exclude": ()}), members, requester=requester)


async def _always(*_: Any) -> bool:
    return True
