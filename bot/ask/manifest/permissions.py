"""What a skill may touch. Deny by default: what is not listed is not there for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Discriminator, Field, Tag

from bot.ask.manifest.words import Argv, Text, Variable, Word, shaped
from bot.terms import Record

_FROM_ENV = r"\$\{env\.[A-Za-z_][A-Za-z0-9_]*\}"
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"({_FROM_ENV}|{_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:[1-9][0-9]{{0,4}})?")
_PLACE = re.compile(rf"({_FROM_ENV}|/)[^\x00-\x1f*?]*")
TOOL = r"[A-Za-z0-9_][A-Za-z0-9_./-]*"
"""Names of tools of MCP servers, which may have capitals."""
_VERB = re.compile(rf"[a-z][a-z0-9_-]*(:[a-z0-9][a-z0-9_./-]*)+|mcp:[a-z0-9]+(-[a-z0-9]+)*:{TOOL}")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f]+")

Host = Annotated[
    str,
    Field(max_length=255),
    shaped(_HOST, "a host is api.acme.test, api.acme.test:8443 or ${env.NAME}"),
]
Place = Annotated[
    str, Field(max_length=1024), shaped(_PLACE, "a place is an absolute path or begins with ${env.NAME}")
]
Verb = Annotated[
    str, Field(max_length=128), shaped(_VERB, "a verb is connector:what:action: kubernetes:deployments:patch")
]
Reference = Annotated[
    str,
    Field(max_length=1024),
    shaped(_REFERENCE, "a secret is from env:NAME, file:/path or {command: [program, argument]}"),
]

_USUAL_PORTS = (80, 443)
_READING = frozenset(
    {"read", "get", "list", "watch", "view", "search", "query", "diff", "describe", "head", "status"}
)


def reads_only(verb: str) -> bool:
    """Whether the last word of a verb is one that is known to change nothing; an unknown word is not."""
    return verb.rpartition(":")[2] in _READING


class Files(Record):
    """Places outside the run's own folder; a folder means everything below it."""

    read: tuple[Place, ...] = ()
    write: tuple[Place, ...] = ()


class SecretCommand(Record):
    """A program of the worker's machine whose output is the secret: a password store, a vault's client."""

    command: Argv


def _kind(found: object) -> str:
    return "SecretCommand" if isinstance(found, Mapping | SecretCommand) else "Reference"


Source = Annotated[
    Annotated[Reference, Tag("Reference")] | Annotated[SecretCommand, Tag("SecretCommand")],
    Discriminator(_kind),
]
"""Where a secret's value is, in the worker's terms."""


class Secret(Record):
    """A reference, never a value. Only the steps that are named get it, those of the plan among them.

    `optional`: where the reference names nothing (the variable is not set, there is no such file) its steps
    begin without it. One that names something and cannot be had stops them all the same.
    """

    model_config = ConfigDict(populate_by_name=True)

    source: Source = Field(alias="from")
    steps: tuple[Word, ...] = Field(min_length=1)
    optional: bool = False


class Permissions(Record):
    """`exec`: programs a step may start; `env`: variables it may see; `hosts`: where it may connect to;
    `files`: places beyond its own folder; `verbs`: what it may ask of connectors; `secrets` by their names.
    """

    exec: tuple[Text, ...] = ()
    env: tuple[Variable, ...] = ()
    hosts: tuple[Host, ...] = ()
    files: Files = Files()
    verbs: tuple[Verb, ...] = ()
    secrets: dict[Word, Secret] = Field(default_factory=dict)

    def reaches(self, host: str, port: int) -> bool:
        """Whether it may connect there. A host without a port means the usual ones, 80 and 443.

        Entries with `${env.NAME}` are compared as they stand: who knows the environment fills them first.
        """
        return f"{host}:{port}" in self.hosts or (port in _USUAL_PORTS and host in self.hosts)
