"""Versions and specifiers of Python packages, as PEP 440 orders and compares them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, total_ordering
from itertools import dropwhile

_VERSION = re.compile(
    r"""\s*v?
    (?:(?P<epoch>[0-9]+)!)?
    (?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_number>[0-9]+)?)?
    (?:-(?P<post_bare>[0-9]+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>[0-9]+)?)?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>[0-9]+)?)?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?
    \s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SPELLED = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_CLAUSE = re.compile(r"\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,]+)\s*", re.ASCII)
_BEFORE, _AFTER = (-1,), (1,)


class NotAVersion(ValueError):
    """A text that PEP 440 does not know as a version or a specifier."""


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """One version; equal ones may be spelled differently (`1.0` and `1.0.0`)."""

    text: str
    epoch: int
    release: tuple[int, ...]
    pre: tuple[str, int] | None
    post: int | None
    dev: int | None
    local: tuple[int | str, ...]

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises NotAVersion."""
        found = _VERSION.fullmatch(text)
        if found is None:
            raise NotAVersion(f"{text!r} is not a version in the sense of PEP 440.")
        pre = found["pre"] and found["pre"].lower()
        post = found["post_bare"] or (found["post"] and (found["post_number"] or "0"))
        local = re.split(r"[-_.]", found["local"].lower()) if found["local"] else []
        return cls(
            text=text.strip(),
            epoch=int(found["epoch"] or 0),
            release=tuple(int(part) for part in found["release"].split(".")),
            pre=(_SPELLED.get(pre, pre), int(found["pre_number"] or 0)) if pre else None,
            post=int(post) if post else None,
            dev=int(found["dev_number"] or 0) if found["dev"] else None,
            local=tuple(int(part) if part.isdigit() else part for part in local),
        )

    @cached_property
    def key(self) -> tuple[object, ...]:
        return (*self.public_key, tuple(_local(part) for part in self.local))

    @cached_property
    def public_key(self) -> tuple[object, ...]:
        """The order without the local part; a development release comes before what it leads to."""
        release = tuple(reversed(list(dropwhile(lambda part: part == 0, reversed(self.release)))))
        only_dev = self.pre is None and self.post is None and self.dev is not None
        pre = (0, *self.pre) if self.pre else _BEFORE if only_dev else _AFTER
        post = (0, self.post) if self.post is not None else _BEFORE
        dev = (0, self.dev) if self.dev is not None else _AFTER
        return (self.epoch, release, pre, post, dev)

    @property
    def unstable(self) -> bool:
        """A pre-release or a development release: taken by nobody who did not ask for it."""
        return self.pre is not None or self.dev is not None

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


def _local(part: int | str) -> tuple[int, int | str]:
    return (1, part) if isinstance(part, int) else (0, part)


@dataclass(frozen=True)
class Clause:
    """One comparison of a specifier; `wild` is the trailing `.*` of `==1.2.*`."""

    operator: str
    operand: str
    wild: bool = False

    def allows(self, version: Version) -> bool:
        if self.operator == "===":
            return version.text.lower() == self.operand.lower()
        wanted = Version.parse(self.operand)
        match self.operator:
            case "==":
                return self._same(version, wanted)
            case "!=":
                return not self._same(version, wanted)
            case ">=":
                return version.public_key >= wanted.public_key
            case "<=":
                return version.public_key <= wanted.public_key
            case "~=":
                prefix = len(wanted.release) - 1
                within = version.epoch == wanted.epoch and version.numbers(prefix) == wanted.release[:prefix]
                return version.public_key >= wanted.public_key and within
            case "<":
                parts = 2 if wanted.post is None else 4
                early = version.unstable and not wanted.unstable and _alike(version, wanted, parts)
                return version < wanted and not early
        if not version > wanted or version.public_key == wanted.public_key:
            return False
        post_of_it = version.post is not None and wanted.post is None and wanted.dev is None
        return not (post_of_it and _alike(version, wanted, 3))

    def _same(self, version: Version, wanted: Version) -> bool:
        if self.wild:
            count = len(wanted.release)
            return version.epoch == wanted.epoch and version.numbers(count) == wanted.release
        if wanted.local:
            return version == wanted
        return version.public_key == wanted.public_key


def _alike(one: Version, other: Version, parts: int) -> bool:
    """The same epoch and release; with three parts also pre-release, with four also post-release."""
    return one.public_key[:parts] == other.public_key[:parts]


@dataclass(frozen=True)
class Specifier:
    """`>=2,<3`: every clause must allow a version. No clause allows everything."""

    clauses: tuple[Clause, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Specifier:
        """Raises NotAVersion."""
        clauses = []
        for part in text.split(",") if text.strip() else []:
            found = _CLAUSE.fullmatch(part)
            if found is None:
                raise NotAVersion(f"{text!r} is not a specifier in the sense of PEP 440.")
            operator, operand = found[1], found[2]
            wild = operator in ("==", "!=") and operand.endswith(".*")
            operand = operand.removesuffix(".*") if wild else operand
            if operator != "===":
                parsed = Version.parse(operand)
                bare = parsed.pre is None and parsed.post is None and parsed.dev is None and not parsed.local
                if (
                    (operator == "~=" and len(parsed.release) < 2)
                    or (parsed.local and operator not in ("==", "!="))
                    or (wild and not bare)
                ):
                    raise NotAVersion(f"{part.strip()!r} is not a specifier in the sense of PEP 440.")
            clauses.append(Clause(operator, operand, wild))
        return cls(tuple(clauses))

    def allows(self, version: Version) -> bool:
        """Whether every clause does; whether pre-releases are wanted at all is the caller's question."""
        return all(clause.allows(version) for clause in self.clauses)

    @property
    def pinned(self) -> str | None:
        """The one version it allows, when it is a pin."""
        match self.clauses:
            case [Clause("==" | "===", operand, False)]:
                return operand
        return None
