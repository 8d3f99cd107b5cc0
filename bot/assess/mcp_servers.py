"""The shape of `policies/mcp.yaml`: MCP servers, how each is reached, and which of its tools were reviewed.

A server says what its tools are each time it is asked. What was reviewed is a digest here; another tool under
the same name is not called. What a server says of its tools' effects is a hint and counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator

from bot.ask.catalog import did_you_mean
from bot.ask.manifest import Argv, Files, Manifest, Name, Text
from bot.ask.manifest.permissions import TOOL, Host, Source
from bot.ask.manifest.words import Variable, shaped
from bot.ask.reading import Finding
from bot.assess.assessment import digest_of
from bot.assess.connected import MCP, Addressed
from bot.terms import Digest, Record

FILE = "policies/mcp.yaml"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

ToolName = Annotated[
    str,
    Field(max_length=128),
    shaped(re.compile(TOOL), "a tool is letters, digits, _, -, . and /, as its server calls it: find_host"),
]
Pinned = Annotated[
    str,
    shaped(re.compile(r"sha256:[0-9a-f]{64}"), "a digest is sha256: and 64 digits: `assent mcp pin` says it"),
]


class Pin(Record):
    """A tool as it was reviewed. `read_only` is their judgement: it changes nothing, whatever it is given."""

    digest: Pinned
    read_only: bool = False


class _Server(Record):
    tools: dict[ToolName, Pin] = Field(default_factory=dict)
    """Those that skills may be permitted to call; `assent mcp pin` prints them."""


class Started(_Server):
    """A server that is a program: started for each call behind the walls of a step, with what stands here.

    `env` are variables of the worker that it may see, `secrets` variables that are set for it.
    """

    command: Argv
    exec: tuple[Text, ...] = ()
    """Further programs that it may start."""
    env: tuple[Variable, ...] = ()
    secrets: dict[Variable, Source] = Field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    files: Files = Files()
    memory_mb: int | None = Field(default=None, ge=16, le=1024 * 1024)
    processes: int | None = Field(default=None, ge=1, le=4096)

    @field_validator("command")
    @classmethod
    def _is_found_wherever_it_starts(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if "/" in command[0] and not command[0].startswith("/"):
            raise ValueError("a program is a name that PATH knows, or a path from / on")
        return command


class Reached(_Server, Addressed):
    """A server that is asked by streamable HTTP, at its `url` and nowhere else."""

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("http:// is for this machine's own loopback: write https://")
        return url


def _kind(said: Any) -> str | None:
    if isinstance(said, Mapping):
        found = [tag for key, tag in (("command", "Started"), ("url", "Reached")) if key in said]
        return found[0] if len(found) == 1 else None
    return type(said).__name__


Server = Annotated[
    Annotated[Started, Tag("Started")] | Annotated[Reached, Tag("Reached")],
    Discriminator(
        _kind,
        custom_error_type="not_one_kind",
        custom_error_message="needs exactly one of command (a program to start), url (where it is asked)",
    ),
]


class Servers(Record):
    """Every MCP server of this installation, by the name that manifests use. None without the file."""

    servers: dict[Name, Server] = Field(default_factory=dict)

    def digest_for(self, manifest: Manifest) -> Digest | str:
        """Of the servers and the tools that the skill may use; empty when there are none of them."""
        said: dict[str, JsonValue] = {}
        for name, tools in used_by(manifest.permissions.verbs).items():
            if (server := self.servers.get(name)) is not None:
                pinned = {
                    tool: pin.model_dump(mode="json") for tool, pin in server.tools.items() if tool in tools
                }
                said[name] = server.model_dump(mode="json", by_alias=True, exclude={"tools"}) | {
                    "tools": pinned
                }
        return digest_of(said) if said else ""

    def told_for(self, manifest: Manifest) -> tuple[str, ...]:
        """Which tools the skill uses, and where they lead, for whoever approves it."""
        return tuple(
            f"{MCP}:{name}: {where(self.servers[name])} ({', '.join(tools)})"
            for name, tools in used_by(manifest.permissions.verbs).items()
            if name in self.servers
        )

    def lacks(self, manifest: Manifest) -> str:
        """What must be added before the skill can start; empty when nothing must."""
        for name, tools in used_by(manifest.permissions.verbs).items():
            if name not in self.servers:
                return f"{manifest.name} uses the MCP server {name}, and {self.how_to_add(name)}"
            for tool in tools:
                if tool not in self.servers[name].tools:
                    return f"{manifest.name} uses {MCP}:{name}:{tool}, and {self.how_to_pin(name, tool)}"
        return ""

    def how_to_add(self, name: str) -> str:
        guess = did_you_mean(name, list(self.servers)) if self.servers else ""
        return f"{FILE} has none of that name. {guess}Add there: {name}: {{command: [program, …]}} or {{url: https://…}}."

    def how_to_pin(self, name: str, tool: str) -> str:
        known = list(self.servers[name].tools)
        guess = did_you_mean(tool, known) if known else ""
        return (
            f"{FILE} has no such tool of {name}. {guess}`assent mcp pin {name}` prints what it has: "
            f"look at it, and add it under servers.{name}.tools."
        )


NO_SERVERS = Servers()


def used_by(verbs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The servers, and the tools of each, that verbs such as `mcp:inventory:find_host` name."""
    found: dict[str, tuple[str, ...]] = {}
    for verb in verbs:
        kind, _, rest = verb.partition(":")
        if kind == MCP:
            server, _, tool = rest.partition(":")
            found[server] = tuple(dict.fromkeys((*found.get(server, ()), tool)))
    return found


def where(server: Started | Reached) -> str:
    match server:
        case Started(command=argv):
            return " ".join(argv)
        case Reached(url=url):
            return url


def findings(found: Servers) -> Iterator[Finding]:
    """What the file must keep beyond its shape."""
    for name, server in found.servers.items():
        if isinstance(server, Started):
            for variable in server.secrets:
                if variable in server.env:
                    at = ("servers", name, "secrets", variable)
                    yield Finding(at, f"{variable} is in env too", "Keep one: it cannot be both.")
