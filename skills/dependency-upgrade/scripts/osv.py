"""One OSV record held against one version, exactly as the OSV schema says to evaluate it.

The answer has three values. What cannot be compared (a range of git commits only, a bound that is no version)
is `unknown`: a record that we cannot read must not look like one that does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ecosystem as kinds

Status = Literal["vulnerable", "clear", "unknown"]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{2,63}", re.ASCII)
_COMPARED = {"PyPI": ("ECOSYSTEM", "SEMVER"), "npm": ("SEMVER", "ECOSYSTEM")}


@dataclass(frozen=True)
class Advisory:
    """A record that stands (not withdrawn), as far as it is about one package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    ecosystem: str
    affected: tuple[Mapping[str, Any], ...]

    def status(self, text: str) -> Status:
        """Whether this version is affected; the worst of all that the record says about the package."""
        said = [_status(self.ecosystem, one, text) for one in self.affected]
        return worst(said)

    @property
    def names(self) -> tuple[str, ...]:
        """Its id, and a CVE number when it has one: what people search for."""
        return (self.id, *(alias for alias in self.aliases if alias.startswith("CVE-")))


def worst(said: Iterable[Status]) -> Status:
    found = set(said)
    return "vulnerable" if "vulnerable" in found else "unknown" if "unknown" in found else "clear"


def read(record: Mapping[str, Any], ecosystem: str, name: str) -> Advisory | None:
    """The part of a record about one package; None when it is withdrawn or about something else.

    Raises ValueError when it is not a record.
    """
    identity = record.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise ValueError("an OSV record without an id")
    if record.get("withdrawn"):
        return None
    affected = tuple(one for one in _list(record.get("affected")) if _about(one, ecosystem, name))
    if not affected:
        return None
    aliases = tuple(
        one for one in _list(record.get("aliases")) if isinstance(one, str) and _ID.fullmatch(one)
    )
    summary = record.get("summary")
    return Advisory(identity, aliases, summary if isinstance(summary, str) else "", ecosystem, affected)


def _about(one: Any, ecosystem: str, name: str) -> bool:
    package = one.get("package") if isinstance(one, dict) else None
    if not isinstance(package, dict):
        return False
    # An ecosystem may carry a suffix (`PyPI:something`); it is of the same family.
    family = str(package.get("ecosystem", "")).partition(":")[0]
    return family == ecosystem and kinds.normal(ecosystem, str(package.get("name", ""))) == name


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _status(ecosystem: str, affected: Mapping[str, Any], text: str) -> Status:
    try:
        version = kinds.version(ecosystem, text)
    except kinds.NotAVersion:
        return "unknown"
    listed = _list(affected.get("versions"))
    if any(_same(ecosystem, one, version) for one in listed):
        return "vulnerable"
    said: list[Status] = []
    comparable = bool(listed)
    for one in _list(affected.get("ranges")):
        if isinstance(one, dict) and one.get("type") in _COMPARED[ecosystem]:
            comparable = True
            said.append(_in_range(ecosystem, _list(one.get("events")), version))
    return worst(said) if comparable else "unknown"


def _same(ecosystem: str, one: Any, version: Any) -> bool:
    try:
        return bool(isinstance(one, str) and kinds.version(ecosystem, one) == version)
    except kinds.NotAVersion:
        return False  # a spelling that is no version cannot be the one we have


def _in_range(ecosystem: str, events: list[Any], version: Any) -> Status:
    """Walk the events in the order of their versions, as the schema's own algorithm does.

    `introduced` and `fixed` count from their version on, `last_affected` after it. A version has to be below
    a `limit` when there are any. A range without `introduced` is not one we can read: unknown. Where one
    ends and another begins at the same version, that version is affected.
    """
    walk: list[tuple[Any, int, bool]] = []
    limits: list[Any] = []
    from_the_start = began = False
    for event in events:
        for kind, bound in event.items() if isinstance(event, dict) else ():
            if kind == "introduced" and bound == "0":
                from_the_start = began = True
                continue
            if kind == "limit" and bound == "*":
                continue
            try:
                at = kinds.version(ecosystem, str(bound))
            except kinds.NotAVersion:
                return "unknown"
            match kind:
                case "introduced":
                    began = True
                    walk.append((at, 1, True))
                case "fixed":
                    walk.append((at, 0, False))
                case "last_affected":
                    walk.append((at, 2, False))
                case "limit":
                    limits.append(at)
    if not began:
        return "unknown"
    if limits and not any(version < limit for limit in limits):
        return "clear"
    vulnerable = from_the_start
    for at, order, affects in sorted(walk, key=lambda one: (one[0], one[1])):
        if version > at or (version == at and order != 2):
            vulnerable = affects
    return "vulnerable" if vulnerable else "clear"
