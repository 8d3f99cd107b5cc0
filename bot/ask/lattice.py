"""Permissions as a lattice: what one version may that another may not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.ask.lint.places import places
from bot.ask.manifest import ConnectorCall, Manifest, McpCall, ModelCall, Permissions

_MAY = {
    "exec": "start",
    "env": "see",
    "hosts": "connect to",
    "files.read": "read",
    "files.write": "write",
    "verbs": "do",
    "secrets": "use the secret",
}


_IS = {
    "exec": "program",
    "env": "variable",
    "hosts": "host",
    "files.read": "reads",
    "files.write": "writes",
    "verbs": "verb",
    "secrets": "secret",
}


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One thing that is permitted: `part` is where in the permissions."""

    part: str
    what: str

    @property
    def may(self) -> str:
        return f"{_MAY[self.part]} {self.what}"

    @property
    def said(self) -> str:
        """In two words: `host api.acme.test`."""
        return f"{_IS[self.part]} {self.what}"

    def covers(self, other: Grant) -> bool:
        """Whether who has this has the other too."""
        if self.part != other.part:
            return False
        match self.part:
            case "hosts":
                return other.what == self.what or other.what in (f"{self.what}:80", f"{self.what}:443")
            case "files.read" | "files.write":
                return PurePosixPath(other.what).is_relative_to(self.what)
            case _:
                return other.what == self.what


def grants(permissions: Permissions) -> Iterator[Grant]:
    """Every single thing that is permitted; a secret counts once a step and with where it comes from."""
    for part, listed in (
        ("exec", permissions.exec),
        ("env", permissions.env),
        ("hosts", permissions.hosts),
        ("files.read", permissions.files.read),
        ("files.write", permissions.files.write),
        ("verbs", permissions.verbs),
    ):
        yield from (Grant(part, what) for what in listed)
    for name, secret in permissions.secrets.items():
        source = secret.source if isinstance(secret.source, str) else " ".join(secret.source.command)
        yield from (Grant("secrets", f"{name} ({source}) in {step}") for step in secret.steps)


def widened(then: Permissions, now: Permissions) -> tuple[Grant, ...]:
    """What is permitted now and was not, even as a part of something larger."""
    return beyond(grants(now), tuple(grants(then)))


def beyond(now: Iterable[Grant], before: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """What of `now` nothing in `before` covers."""
    return tuple(one for one in now if not any(each.covers(one) for each in before))


def unused(manifest: Manifest) -> Iterator[Grant]:
    """Verbs that are permitted and that no step asks for. Of the rest scripts may make use unseen."""
    bodies = [place.body for place in places(manifest)]
    verbs = {body.permission for body in bodies if isinstance(body, ConnectorCall | McpCall)}
    verbs |= {tool for body in bodies if isinstance(body, ModelCall) for tool in body.tools}
    for grant in grants(manifest.permissions):
        if grant.part == "verbs" and grant.what not in verbs:
            yield grant
