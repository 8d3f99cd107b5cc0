"""Which versions to move to: a judgement over what is used, what there is, what is vulnerable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import ecosystem as kinds
import specs
from advisories import Known
from advisories import Package as Name
from ecosystem import Bump
from osv import Status
from registry import Package, Release
from units import Used

Group = Literal["security", "minor", "major", "all"]


def last_upload(min_age_days: int, *, now: datetime) -> datetime | None:
    """When a version must have been uploaded to be old enough, in whole days; None when every age will do."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=min_age_days) if min_age_days else None


@dataclass(frozen=True)
class Upgrade:
    """One package of one unit, from the version in use (or the range that was written) to a resolved one."""

    used: Used
    before: str
    after: str
    bump: Bump
    clears: tuple[str, ...]
    """Ids of the advisories that hold for `before` and not for `after`."""
    status: Status
    """What is known of `before`."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.used.unit.label, self.used.name, self.before


@dataclass(frozen=True)
class Choice:
    """`security`, `minor` and `major` are ways to move the same package; grouping takes one of them."""

    used: Used
    security: Upgrade | None = None
    minor: Upgrade | None = None
    major: Upgrade | None = None
    held: tuple[str, ...] = ()
    """What was not chosen although somebody might expect it, with the reason."""


@dataclass(frozen=True)
class Choosing:
    """`youngest` is the last moment a version may have been uploaded at; None lets every age pass."""

    packages: Mapping[Name, Package]
    known: Mapping[Name, Known]
    youngest: datetime | None
    min_age_days: int

    def choose(self, used: Used) -> Choice:
        package, known = self.packages[used.package], self.known[used.package]
        if package.unknown:
            return Choice(used, held=(f"{used.name}: {package.unknown}",))
        if used.version is None:
            return self._unpinned(used, package, known)
        newer, held = self._newer(used, package, known, used.version)
        status = known.status(used.version)
        security = None
        if status == "vulnerable":
            fixed = [one for one in newer if known.status(one.version) == "clear"]
            security = self._upgrade(used, fixed[0], known) if fixed else None
            if security is None:
                ids = ", ".join(one.id for one in known.those(used.version))
                held = (
                    *held,
                    f"{used.name} {used.version} is vulnerable ({ids}): nothing that may be taken clears it",
                )
        if not used.direct:
            return Choice(used, security=security, held=held if status == "vulnerable" else ())
        same = [one for one in newer if self._bump(used, one) != "major"]
        other = [one for one in newer if self._bump(used, one) == "major"]
        return Choice(
            used,
            security=security,
            minor=self._upgrade(used, same[-1], known) if same else None,
            major=self._upgrade(used, other[-1], known) if other else None,
            held=held,
        )

    def _newer(
        self, used: Used, package: Package, known: Known, current: str
    ) -> tuple[list[Release], tuple[str, ...]]:
        """What may be moved to, lowest first, and what is too young or cannot be written down."""
        ecosystem = used.unit.ecosystem
        now = kinds.version(ecosystem, current)
        newest = package.newest
        latest = kinds.version(ecosystem, newest) if newest and kinds.readable(ecosystem, newest) else None
        found, held = [], []
        for release in sorted(package.releases, key=lambda one: kinds.version(ecosystem, one.version)):
            version = kinds.version(ecosystem, release.version)
            if version <= now or (version.unstable and not now.unstable):
                continue
            if latest is not None and version > latest >= now:
                continue
            if known.status(release.version) == "vulnerable" or not _runs(used, release):
                continue
            if not self._old_enough(release):
                since = f"uploaded {release.uploaded:%Y-%m-%d}" if release.uploaded else "no upload time"
                held.append(
                    f"{used.name} {release.version} waits: {since}, must be {self.min_age_days} days old"
                )
                continue
            if why := _unwritable(used, release.version):
                held.append(why)
                continue
            found.append(release)
        return found, tuple(held[-1:])

    def _old_enough(self, release: Release) -> bool:
        if self.youngest is None:
            return True
        return release.uploaded is not None and release.uploaded <= self.youngest

    def _unpinned(self, used: Used, package: Package, known: Known) -> Choice:
        """Only a range is written: it moves when the newest is outside. What runs now, nobody knows."""
        ecosystem = used.unit.ecosystem
        ranges = [kinds.allowed(ecosystem, one.spec) for one in used.specs]
        inside = [
            one
            for one in sorted(package.releases, key=lambda one: kinds.version(ecosystem, one.version))
            if not (version := kinds.version(ecosystem, one.version)).unstable
            and all(spec.allows(version) for spec in ranges)
        ]
        if not inside:
            return Choice(used, held=(f"{used.name}: no version is allowed by what is written",))
        newer, held = self._newer(used, package, known, inside[-1].version)
        if not newer:
            return Choice(used, held=held)
        bump = kinds.bump(ecosystem, inside[-1].version, newer[-1].version)
        upgrade = Upgrade(
            used, ", ".join(one.spec for one in used.specs), newer[-1].version, bump, (), "unknown"
        )
        return (
            Choice(used, major=upgrade, held=held)
            if bump == "major"
            else Choice(used, minor=upgrade, held=held)
        )

    def _bump(self, used: Used, release: Release) -> Bump:
        return kinds.bump(used.unit.ecosystem, str(used.version), release.version)

    def _upgrade(self, used: Used, release: Release, known: Known) -> Upgrade:
        before = str(used.version)
        left = {one.id for one in known.those(release.version)}
        clears = tuple(name for one in known.those(before) if one.id not in left for name in one.names)
        return Upgrade(used, before, release.version, self._bump(used, release), clears, known.status(before))


def _runs(used: Used, release: Release) -> bool:
    """Whether it supports the oldest Python that the project does."""
    if used.unit.ecosystem != "PyPI" or not used.unit.requires_python or not release.requires_python:
        return True
    try:
        project = kinds.allowed("PyPI", used.unit.requires_python)
        wanted = kinds.allowed("PyPI", release.requires_python)
    except kinds.NotAVersion:
        return False
    lowest = [one.operand for one in project.clauses if one.operator in (">=", "==", "~=", "===")]
    return all(wanted.allows(kinds.version("PyPI", one)) for one in lowest)


def _unwritable(used: Used, version: str) -> str:
    """Why the version cannot be written into the manifests, or is not wanted by what needs it."""
    ecosystem = used.unit.ecosystem
    for named in used.specs:
        if specs.rewritten(ecosystem, named.spec, version) is None:
            return f"{used.name} {version}: {named.file} says {named.spec!r}, which a person must rewrite"
    new = kinds.version(ecosystem, version)
    for entry in used.entries:
        if not entry.changeable:
            return f"{used.name} {version}: it is bundled in another package"
        for text in entry.needed_as:
            if not _allows(ecosystem, text, new):
                return f"{used.name} {version}: something that needs it asks for {text}"
    return ""


def _allows(ecosystem: str, text: str, version: object) -> bool:
    try:
        return kinds.allowed(ecosystem, text).allows(version)
    except kinds.NotAVersion:
        return False


@dataclass(frozen=True)
class Part:
    """Upgrades that go together: one branch, one pull request."""

    kind: Literal["security", "minor", "major"]
    slug: str
    upgrades: tuple[Upgrade, ...]


def title(part: Part, upgrades: Sequence[Upgrade]) -> str:
    """What a person calls it, of the upgrades that were possible in the end."""
    names = sorted({one.used.name for one in upgrades})
    one = upgrades[0]
    what = f"{one.used.name} {one.before} → {one.after}" if len(names) == 1 else f"{len(names)} packages"
    match part.kind:
        case "security":
            return f"Clear known vulnerabilities: {what}"
        case "minor":
            return f"Minor and patch upgrades: {what}"
    return f"Major upgrade: {what}"


def grouped(choices: Iterable[Choice], group: Group) -> list[Part]:
    """Security first, as small as possible; then minor and patch together; each major apart.

    A package is in one part only: two branches that both move it could not both be merged.
    """
    security: list[Upgrade] = []
    minor: list[Upgrade] = []
    major: list[Upgrade] = []
    for choice in choices:
        if choice.security and group in ("security", "all"):
            security.append(choice.security)
        elif choice.minor and group in ("minor", "all"):
            minor.append(choice.minor)  # a major one as well comes when this is merged
        elif choice.major and group in ("major", "all"):
            major.append(choice.major)
    small = tuple(one for one in security if one.bump != "major")
    parts = [Part("security", "security", small)] if small else []
    parts += _apart("security", "security-major", [one for one in security if one.bump == "major"])
    parts += [Part("minor", "minor", tuple(minor))] if minor else []
    return [*parts, *_apart("major", "major", major)]


def _apart(kind: Literal["security", "major"], slug: str, upgrades: list[Upgrade]) -> list[Part]:
    """One part for each package; the same package in several units moves together."""
    by_name: dict[Name, list[Upgrade]] = {}
    for one in upgrades:
        by_name.setdefault(one.used.package, []).append(one)
    return [
        Part(kind, f"{slug}/{ecosystem.lower()}-{name.replace('@', '').replace('/', '-')}", tuple(some))
        for (ecosystem, name), some in sorted(by_name.items())
    ]
