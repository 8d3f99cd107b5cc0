"""Versions and ranges of npm packages, as node-semver orders and compares them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, total_ordering

_NUMBER = r"0|[1-9][0-9]*"
_WORD = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"[v=\s]*({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_WORD}(?:\.{_WORD})*))?(?:\+{_WORD}(?:\.{_WORD})*)?\s*",
    re.ASCII,
)
_X = rf"{_NUMBER}|[xX*]"
_PARTIAL = re.compile(
    rf"(<=|>=|<|>|=|~>|~|\^)?[v=\s]*({_X})(?:\.({_X})(?:\.({_X})(?:-({_WORD}(?:\.{_WORD})*))?"
    rf"(?:\+{_WORD}(?:\.{_WORD})*)?)?)?",
    re.ASCII,
)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_GAP = re.compile(r"(<=|>=|<|>|=|~>|~|\^)\s+")


class NotAVersion(ValueError):
    """A text that node-semver does not know as a version or a range."""


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """One version; what stands behind a `+` tells builds apart and is no part of the order."""

    text: str
    release: tuple[int, int, int]
    pre: tuple[int | str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises NotAVersion."""
        found = _VERSION.fullmatch(text)
        if found is None:
            raise NotAVersion(f"{text!r} is not a version in the sense of semver.")
        pre = tuple(_identifier(part, text) for part in found[4].split(".")) if found[4] else ()
        return cls(text.strip().lstrip("v= "), (int(found[1]), int(found[2]), int(found[3])), pre)

    @cached_property
    def key(self) -> tuple[object, ...]:
        words = tuple((0, part, "") if isinstance(part, int) else (1, 0, part) for part in self.pre)
        return (self.release, not self.pre, words)

    @property
    def unstable(self) -> bool:
        return bool(self.pre)

    def numbers(self, count: int) -> tuple[int, ...]:
        return (*self.release, *(0,) * count)[:count]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


def _identifier(part: str, text: str) -> int | str:
    if not part.isdigit():
        return part
    if len(part) > 1 and part[0] == "0":
        raise NotAVersion(f"{text!r} is not a version in the sense of semver: {part} begins with a zero.")
    return int(part)


@dataclass(frozen=True)
class Bound:
    operator: str
    version: Version

    def allows(self, version: Version) -> bool:
        match self.operator:
            case ">=":
                return version >= self.version
            case ">":
                return version > self.version
            case "<=":
                return version <= self.version
            case "<":
                return version < self.version
        return version == self.version


@dataclass(frozen=True)
class Range:
    """`^1.2.0 || >=3 <4`: one of the alternatives must hold with all its bounds."""

    alternatives: tuple[tuple[Bound, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Raises NotAVersion."""
        found = tuple(tuple(_alternative(part, text)) for part in text.split("||"))
        return cls(((),) if () in found else found)  # beside "anything" the others say nothing

    def allows(self, version: Version) -> bool:
        return any(_within(bounds, version) for bounds in self.alternatives)

    @property
    def pinned(self) -> str | None:
        """The one version it allows, when it is a pin."""
        match self.alternatives:
            case [[Bound("=", version)]]:
                return version.text
        return None


def _within(bounds: tuple[Bound, ...], version: Version) -> bool:
    if not all(bound.allows(version) for bound in bounds):
        return False
    # A pre-release counts only where the range itself names one of the same release.
    return not version.pre or any(
        bound.version.pre and bound.version.release == version.release for bound in bounds
    )


def _alternative(text: str, whole: str) -> Iterator[Bound]:
    if hyphen := _HYPHEN.fullmatch(text):
        yield from _expanded(">=", hyphen[1], whole)
        yield from _expanded("<=", hyphen[2], whole)
        return
    for part in _GAP.sub(r"\1", text.strip()).split():
        found = _PARTIAL.fullmatch(part)
        if found is None:
            raise NotAVersion(f"{whole!r} is not a range in the sense of semver.")
        yield from _expanded(found[1] or "", part[len(found[1] or "") :], whole)


def _expanded(operator: str, text: str, whole: str) -> Iterator[Bound]:
    """A comparison with a version that may have parts missing, as comparisons with whole versions."""
    found = _PARTIAL.fullmatch(text)
    if found is None or found[1] not in (None, "="):
        raise NotAVersion(f"{whole!r} is not a range in the sense of semver.")
    given = [None if part is None or part in "xX*" else int(part) for part in found.group(2, 3, 4)]
    if None in given:
        given = [*given[: given.index(None)], *[None] * (3 - given.index(None))]
    major, minor, patch = (part or 0 for part in given)
    known = sum(part is not None for part in given)
    words = found[5] if known == 3 else None
    pre = tuple(_identifier(part, whole) for part in words.split(".")) if words else ()
    low = Version(f"{major}.{minor}.{patch}" + (f"-{words}" if words else ""), (major, minor, patch), pre)
    match operator:
        case "^":
            first = next((i for i, part in enumerate(given) if part), min(known, 3) - 1)
            yield from (Bound(">=", low), _below(given, first)) if known else ()
        case "~" | "~>":
            yield from (Bound(">=", low), _below(given, min(known, 2) - 1)) if known else ()
        case "" | "=":
            if known == 3:
                yield Bound("=", low)
            elif known:
                yield from (Bound(">=", low), _below(given, known - 1))
        case ">":
            if known == 0:
                yield _nothing()
            else:
                yield Bound(">", low) if known == 3 else Bound(">=", _next(given, known - 1))
        case "<=":
            if known:
                yield Bound("<=", low) if known == 3 else _below(given, known - 1)
        case "<":
            if known == 0:
                yield _nothing()
            else:
                yield Bound("<", low) if known == 3 else Bound("<", _first(low.release))
        case ">=" if known:
            yield Bound(">=", low)


def _below(given: list[int | None], position: int) -> Bound:
    """Below the next value of that part, its pre-releases too."""
    return Bound("<", _first(_next(given, position).release))


def _next(given: list[int | None], position: int) -> Version:
    parts = [part or 0 for part in given[: position + 1]]
    parts[-1] += 1
    release = (*parts, 0, 0)[:3]
    return Version(".".join(map(str, release)), (release[0], release[1], release[2]))


def _first(release: tuple[int, int, int]) -> Version:
    """Before every pre-release of that release."""
    return Version(".".join(map(str, release)) + "-0", release, (0,))


def _nothing() -> Bound:
    return Bound("<", _first((0, 0, 0)))
