"""What a repository uses: manifests and the lock beside them, as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import ecosystem as kinds
from ecosystem import Ecosystem

Kind = Literal["uv", "pyproject", "requirements", "npm", "package.json"]


@dataclass(frozen=True)
class Named:
    """A requirement as somebody wrote it in a manifest: `requests` with `>=2.30,<3`."""

    file: str
    name: str
    spec: str

    def pinned(self, ecosystem: Ecosystem) -> str | None:
        return kinds.allowed(ecosystem, self.spec).pinned


@dataclass(frozen=True)
class Locked:
    """One entry of a lock. `needed_as` are the ranges that others ask for it with, when the lock says."""

    name: str
    version: str
    at: str = ""
    needed_as: tuple[str, ...] = ()
    changeable: bool = True


@dataclass(frozen=True)
class Unit:
    """Manifests that are resolved together. `files` is all that an upgrade of it may change."""

    ecosystem: Ecosystem
    kind: Kind
    folder: str
    files: tuple[str, ...]
    named: tuple[Named, ...] = ()
    locked: tuple[Locked, ...] = ()
    lock: str = ""
    requires_python: str = ""
    unread: tuple[str, ...] = ()
    """What stands in it and is not looked at, with the reason: said, never dropped."""

    @property
    def label(self) -> str:
        return self.lock or self.files[0]

    def used(self) -> Iterator[Used]:
        """Each package once for each version that is in use."""
        direct = {one.name for one in self.named}
        if self.lock:
            for name, version in sorted({(one.name, one.version) for one in self.locked}):
                entries = [one for one in self.locked if (one.name, one.version) == (name, version)]
                yield Used(self, name, version, direct=name in direct, entries=tuple(entries))
            for name in sorted(direct - {one.name for one in self.locked}):
                yield Used(self, name, None, direct=True)
            return
        for name in sorted(direct):
            versions = {one.pinned(self.ecosystem) for one in self.named if one.name == name}
            for version in sorted(versions, key=lambda one: one or ""):
                yield Used(self, name, version, direct=True)


@dataclass(frozen=True)
class Used:
    """A package in use. `version` is None where only a range is written: nobody knows which one runs."""

    unit: Unit
    name: str
    version: str | None
    direct: bool
    entries: tuple[Locked, ...] = ()

    @property
    def package(self) -> tuple[str, str]:
        return self.unit.ecosystem, self.name

    @property
    def specs(self) -> tuple[Named, ...]:
        """Where it is written down by people, as far as this version is meant."""
        named = [one for one in self.unit.named if one.name == self.name]
        if not self.unit.lock:
            named = [one for one in named if one.pinned(self.unit.ecosystem) == self.version]
        return tuple(named)
