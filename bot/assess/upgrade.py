"""What a skill may do that it might not when it last ran here: shown until this version has run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from bot.ask.catalog import Skill
from bot.ask.lattice import Grant, beyond, grants
from bot.assess.evidence import Line

EARLIER_MAJORS = 5
"""How many major versions back the last run is looked for: a wider permission is a new major version."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """`since` is the version that ran last; `widened` are the new permissions, as `host api.acme.test`."""

    since: str
    widened: tuple[str, ...]


def upgrade(skill: Skill, earlier: Line | None) -> Upgrade | None:
    """None when nothing is new, or when what ran before did not write down what it might."""
    if earlier is None or earlier.get("digest") == skill.digest:
        return None
    before = earlier.get("may")
    if not isinstance(before, list):
        return None
    new = beyond(grants(skill.manifest.permissions), tuple(_grants(before)))
    if not new:
        return None
    return Upgrade(since=str(earlier.get("version", "?")), widened=tuple(grant.said for grant in new))


def written(skill: Skill) -> tuple[tuple[str, str], ...]:
    """What it may, for the record."""
    return tuple((grant.part, grant.what) for grant in grants(skill.manifest.permissions))


def _grants(lines: list[JsonValue]) -> Iterator[Grant]:
    for one in lines:
        match one:
            case [str(part), str(what)]:
                yield Grant(part, what)
