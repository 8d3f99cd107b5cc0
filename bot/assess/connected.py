"""The shape of `policies/connectors.yaml`: what verbs are carried out against, and by whose credential."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator

from bot.ask.catalog import did_you_mean
from bot.ask.manifest import Manifest
from bot.ask.manifest.permissions import Source
from bot.ask.manifest.words import Name, Text
from bot.ask.reading import Finding
from bot.assess.assessment import digest_of
from bot.terms import Digest, Record

FILE = "policies/connectors.yaml"
MCP = "mcp"
"""Verbs that begin with this word are tools of an MCP server, which is no connector."""


class Credential(Record):
    """A reference, never a value. `as: basic` is for `name:password`."""

    model_config = ConfigDict(populate_by_name=True)

    source: Source = Field(alias="from")
    scheme: Literal["bearer", "basic"] = Field(default="bearer", alias="as")

    def __str__(self) -> str:
        return self.source if isinstance(self.source, str) else self.source.command[0]


class Addressed(Record):
    """`url` is where it is asked, and nowhere else; `ca` is the file of who may vouch for it."""

    url: Text
    credential: Credential | None = None
    ca: Text | None = None

    @field_validator("url")
    @classmethod
    def _is_one_place(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            port_is_a_number = parts.port is None or parts.port > 0
        except ValueError:
            parts, port_is_a_number = urlsplit(""), False
        if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_a_number:
            raise ValueError("an address is https://prometheus.acme.test or http://127.0.0.1:9090")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a password does not stand in an address: it is a credential")
        if parts.query or parts.fragment or ".." in parts.path.split("/"):
            raise ValueError("an address ends with its path: no ?, no #, no ..")
        return url.rstrip("/")

    @field_validator("ca")
    @classmethod
    def _is_absolute(cls, ca: str | None) -> str | None:
        return ca if ca is None else _absolute(ca)


class Prometheus(Addressed):
    kind: Literal["prometheus"]


class Alertmanager(Addressed):
    kind: Literal["alertmanager"]


class Loki(Addressed):
    """`tenant` is said to it as X-Scope-OrgID."""

    kind: Literal["loki"]
    tenant: Annotated[str, Field(pattern=r"\A[A-Za-z0-9!._*'()-]{1,150}\z")] | None = None


Repository = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*/[A-Za-z0-9_.-]+\z")]
"""In ASCII, as GitHub has it: with Unicode's letters each validator of it holds another 0.2 MB."""


class GitHub(Addressed):
    """`repositories` are those it is asked about, and no others."""

    kind: Literal["github"]
    url: Text = "https://api.github.com"
    repositories: tuple[Repository, ...] = Field(min_length=1)


class Kubernetes(Addressed):
    """`namespaces` are those it is asked about, and no others."""

    kind: Literal["kubernetes"]
    namespaces: tuple[Name, ...] = Field(min_length=1)


class Git(Record):
    """`repositories` by the names that verbs use: folders on the worker's machine."""

    kind: Literal["git"]
    repositories: dict[Name, Text] = Field(min_length=1)

    @field_validator("repositories")
    @classmethod
    def _are_absolute(cls, found: dict[str, str]) -> dict[str, str]:
        return {name: _absolute(path) for name, path in found.items()}


class Slack(Record):
    """Slack as the bot itself is there: it has no address and no credential of its own."""

    kind: Literal["slack"]


Served = Prometheus | Alertmanager | Loki | GitHub | Kubernetes
_KINDS: Mapping[str, type[Record]] = {
    "prometheus": Prometheus,
    "alertmanager": Alertmanager,
    "loki": Loki,
    "github": GitHub,
    "kubernetes": Kubernetes,
    "git": Git,
    "slack": Slack,
}


def _kind(said: Any) -> str | None:
    """Tags are the classes' names; one that is not known is told with those that are."""
    if isinstance(said, Mapping):
        known = _KINDS.get(str(said.get("kind")))
        return known.__name__ if known else None
    return type(said).__name__


Connected = Annotated[
    Annotated[Prometheus, Tag("Prometheus")]
    | Annotated[Alertmanager, Tag("Alertmanager")]
    | Annotated[Loki, Tag("Loki")]
    | Annotated[GitHub, Tag("GitHub")]
    | Annotated[Kubernetes, Tag("Kubernetes")]
    | Annotated[Git, Tag("Git")]
    | Annotated[Slack, Tag("Slack")],
    Discriminator(
        _kind,
        custom_error_type="not_one_kind",
        custom_error_message=f"needs a kind: {', '.join(_KINDS)}",
    ),
]


class Connectors(Record):
    """Every connector of this installation, by the name that verbs begin with. None without the file."""

    connectors: dict[Name, Connected] = Field(default_factory=dict)

    def digest_for(self, manifest: Manifest) -> Digest | Literal[""]:
        """Of those that the skill may ask; empty when it asks none, so that the others may change."""
        asked: dict[str, JsonValue] = {
            name: one.model_dump(mode="json", by_alias=True)
            for name, one in self.connectors.items()
            if name in asked_by(manifest.permissions.verbs)
        }
        return digest_of(asked) if asked else ""

    def told_for(self, manifest: Manifest) -> tuple[str, ...]:
        """Whom the skill asks, and where that is, for whoever approves it."""
        asked = asked_by(manifest.permissions.verbs)
        return tuple(f"{name}: {_where(one)}" for name, one in self.connectors.items() if name in asked)

    def lacks(self, manifest: Manifest) -> str:
        """What must be added before the skill can start; empty when nothing must."""
        for name in asked_by(manifest.permissions.verbs):
            if name not in self.connectors:
                return f"{manifest.name} asks the connector {name}, and {self.how_to_add(name)}"
        return ""

    def how_to_add(self, name: str) -> str:
        guess = did_you_mean(name, list(self.connectors)) if self.connectors else ""
        kind = name if name in _KINDS else "prometheus"
        more = {"slack": "", "git": ", repositories: {shop: /srv/shop}"}.get(kind, ", url: …, credential: …")
        return f"{FILE} has none of that name. {guess}Add there: {name}: {{kind: {kind}{more}}}."


NONE = Connectors()


def asked_by(verbs: Iterable[str]) -> tuple[str, ...]:
    """The connectors that verbs such as `kubernetes:deployments:patch` belong to."""
    names = (verb.partition(":")[0] for verb in verbs)
    return tuple(dict.fromkeys(name for name in names if name != MCP))


def _where(one: Connected) -> str:
    match one:
        case Kubernetes(url=url, namespaces=about) | GitHub(url=url, repositories=about):
            return f"{url} ({', '.join(about)})"
        case Prometheus(url=url) | Alertmanager(url=url) | Loki(url=url):
            return url
        case Git(repositories=folders):
            return ", ".join(folders)
        case Slack():
            return "the thread of this card"


def findings(found: Connectors) -> Iterator[Finding]:
    """What the file must keep beyond its shape."""
    if MCP in found.connectors:
        what = f"verbs that begin with {MCP}: are tools of MCP servers"
        yield Finding(("connectors", MCP), what, "Give the connector another name.")
    for name, one in found.connectors.items():
        if name in _KINDS and one.kind != name:
            what = f"{name} is a kind, and this is {one.kind}: who reads {name}:… would expect the other"
            yield Finding(("connectors", name, "kind"), what, f"Call it otherwise, or write kind: {name}.")


def _absolute(path: str) -> str:
    if not posixpath.isabs(path) or ".." in path.split("/"):
        raise ValueError("a path begins with / and has no ..")
    return path
