"""What differs between Python's and npm's packages: names, versions, ranges."""

from __future__ import annotations

import re
from typing import Literal, Protocol

import pep440
import semver

Ecosystem = Literal["PyPI", "npm"]
Bump = Literal["patch", "minor", "major"]
BUMPS: tuple[Bump, ...] = ("patch", "minor", "major")

_PYTHON_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_NPM_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*", re.ASCII)
LONGEST_NAME = 214


class Version(Protocol):
    @property
    def unstable(self) -> bool: ...

    def numbers(self, count: int) -> tuple[int, ...]: ...


class Allowing(Protocol):
    """A specifier or a range."""

    @property
    def pinned(self) -> str | None: ...

    def allows(self, version: object) -> bool: ...


NotAVersion = (pep440.NotAVersion, semver.NotAVersion)


def version(ecosystem: str, text: str) -> pep440.Version | semver.Version:
    """Raises one of NotAVersion."""
    return pep440.Version.parse(text) if ecosystem == "PyPI" else semver.Version.parse(text)


def readable(ecosystem: str, text: str) -> bool:
    try:
        version(ecosystem, text)
    except NotAVersion:
        return False
    return True


def allowed(ecosystem: str, text: str) -> pep440.Specifier | semver.Range:
    """Raises one of NotAVersion."""
    return pep440.Specifier.parse(text) if ecosystem == "PyPI" else semver.Range.parse(text)


def normal(ecosystem: str, name: str) -> str:
    """The one spelling of a name: PyPI takes `Foo_Bar` and `foo-bar` for the same."""
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name


def plausible(ecosystem: str, name: str) -> bool:
    """Whether it can be a package's name at all; what cannot goes into no address and no command."""
    pattern = _PYTHON_NAME if ecosystem == "PyPI" else _NPM_NAME
    return len(name) <= LONGEST_NAME and pattern.fullmatch(name) is not None


def bump(ecosystem: str, before: str, after: str) -> Bump:
    """How far it moves, by the first number that differs. `0.1` to `0.2` is minor, as its numbers say."""
    old, new = version(ecosystem, before).numbers(3), version(ecosystem, after).numbers(3)
    epochs = [getattr(version(ecosystem, text), "epoch", 0) for text in (before, after)]
    if old[0] != new[0] or epochs[0] != epochs[1]:
        return "major"
    return "minor" if old[1] != new[1] else "patch"
