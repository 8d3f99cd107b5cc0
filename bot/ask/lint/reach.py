"""Reach: everything a skill would touch is in its permissions, and nothing leaves by a side door."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.ask.catalog import did_you_mean
from bot.ask.lint.places import Placed
from bot.ask.lint.steps import READ_ONLY
from bot.ask.manifest import ConnectorCall, HttpRequest, Manifest, McpCall, ModelCall, reads_only
from bot.ask.reading import Finding, Path

_FROM_ENV = re.compile(r"\$\{env\.[A-Za-z_][A-Za-z0-9_]*\}(:[0-9]+)?")
_URL = re.compile(r"(https?)://([^/?#]*)")
_PORT = {"http": 80, "https": 443}


def reach(manifest: Manifest, placed: Sequence[Placed]) -> Iterator[Finding]:
    for place in placed:
        match place.body:
            case HttpRequest(url=url):
                yield from _host(url, (*place.path, "url"), manifest)
            case ConnectorCall() | McpCall():
                yield from _verb(place.body.permission, place.path, manifest)
            case ModelCall(tools=tools):
                for position, tool in enumerate(tools):
                    at = (*place.path, "tools", position)
                    yield from _verb(tool, at, manifest)
                    if tool.startswith("mcp:"):
                        hint = "A model gets verbs of connectors; ask the tool in a step before."
                        yield Finding(at, f"{tool} is a tool of an MCP server", hint)
                    elif not reads_only(tool):
                        hint = "A model gets verbs that end with read, get, list, query and the like."
                        yield Finding(at, f"{tool} is not known to only read", hint)
    yield from _read_only(manifest)
    for position, entry in enumerate(manifest.permissions.hosts):
        yield from _environment(entry, ("permissions", "hosts", position), manifest)
    for way in ("read", "write"):
        for position, entry in enumerate(getattr(manifest.permissions.files, way)):
            yield from _environment(entry, ("permissions", "files", way, position), manifest)


def _host(url: str, path: Path, manifest: Manifest) -> Iterator[Finding]:
    hosts = manifest.permissions.hosts
    if found := _FROM_ENV.match(url):
        host, permitted = found[0], found[0] in hosts
    elif not (found := _URL.match(url)):
        yield Finding(path, f"{url} does not begin with a host", "Begin with https:// or ${env.NAME}.")
        return
    else:
        host = found[2]
        if "@" in host:
            yield Finding(
                path, "a name or password stands in the address", "Put it into a header, as a secret."
            )
            return
        if "${" in host and not _FROM_ENV.fullmatch(host):
            yield Finding(path, f"the host {host} would be filled in", "Only ${env.NAME} may name a host.")
            return
        name, _, port = host.rpartition(":") if re.search(r":[0-9]+$", host) else (host, "", "")
        permitted = host in hosts or manifest.permissions.reaches(name, int(port or _PORT[found[1]]))
    if not permitted:
        yield Finding(
            path, f"{host} is not in permissions.hosts", did_you_mean(host, hosts).strip() or "Add it there."
        )


def _verb(verb: str, path: Path, manifest: Manifest) -> Iterator[Finding]:
    verbs = manifest.permissions.verbs
    if verb not in verbs:
        yield Finding(
            path, f"{verb} is not in permissions.verbs", did_you_mean(verb, verbs).strip() or "Add it there."
        )


def _read_only(manifest: Manifest) -> Iterator[Finding]:
    if not manifest.effects.read_only:
        return
    for position, verb in enumerate(manifest.permissions.verbs):
        if not reads_only(verb) and not verb.startswith("mcp:"):
            what = f"a read-only skill may do {verb}, which is not known to only read"
            yield Finding(
                ("permissions", "verbs", position), what, "Remove it, or write read_only: false.", READ_ONLY
            )
    for position, _ in enumerate(manifest.permissions.files.write):
        what = "a read-only skill may write files beyond its own folder"
        yield Finding(
            ("permissions", "files", "write", position), what, "Remove it, or write read_only: false."
        )


def _environment(entry: str, path: Path, manifest: Manifest) -> Iterator[Finding]:
    """A variable that names a place is one the skill may see."""
    for name in re.findall(r"\$\{env\.([A-Za-z0-9_]+)\}", entry):
        if name not in manifest.permissions.env:
            hint = did_you_mean(name, manifest.permissions.env).strip() or "Add it there."
            yield Finding(path, f"{name} is not in permissions.env", hint)
