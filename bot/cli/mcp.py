"""`assent mcp`: what MCP servers have, held against what was reviewed of it; a person looks, and pastes."""

from __future__ import annotations

import asyncio
import json as json_
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.assess.mcp_servers import Reached, Started
    from bot.config import Config
    from bot.connectors.walls.around import Wall
    from bot.execute.mcp.tools import Tool

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Tools of MCP servers.")
PATIENCE_S = 30.0
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML takes for something else than text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One server as it is now. `states` says of each tool how it stands to what is pinned."""

    name: str
    calls_itself: str
    revision: str
    tools: tuple[Tool, ...]
    states: dict[str, str]

    @property
    def as_pinned(self) -> bool:
        return all(state in ("pinned", "not pinned") for state in self.states.values())


@app.command("list")
def list_(
    server: Annotated[str | None, typer.Argument(help="One server; every one when it is left out.")] = None,
    json: AsJson = False,
) -> None:
    """The tools of configured servers, and how they stand to their pins; exit 1 when one is not as pinned."""
    chosen = [server] if server is not None else list(_servers())
    seen = asyncio.run(_all(chosen))
    if json:
        terminal.as_json([row for one in seen for row in _rows(one)])
    else:
        terminal.table(
            ("server", "tool", "", "digest"),
            [(row["server"], row["tool"], row["state"], row["digest"]) for one in seen for row in _rows(one)],
            empty="policies/mcp.yaml has no server, or they have no tools.",
        )
    if not all(one.as_pinned for one in seen):
        raise typer.Exit(1)


@app.command()
def pin(server: Annotated[str, typer.Argument()]) -> None:
    """Print a server's tools with their digests, to be read, judged and pasted into policies/mcp.yaml.

    `read_only` is false until somebody says otherwise: what a tool says of itself is a hint.
    """
    [seen] = asyncio.run(_all([server]))
    for line in pasted(seen, _servers()[server]):
        typer.echo(line)


def pasted(seen: Seen, server: Started | Reached) -> Iterator[str]:
    """Lines of YAML. What the server says stands in comments, and can be neither unseen nor leave them."""
    yield f"# {_plain(seen.name)}: {_plain(seen.calls_itself)} (MCP {_plain(seen.revision)})"
    yield "tools:"
    for tool in seen.tools:
        yield f"  {_key(tool.name)}:"
        state = seen.states[tool.name]
        if state not in ("pinned", "not pinned"):
            yield f"    # {state.upper()}"
        for line in (tool.description or "(it does not say what it does)").split("\n"):
            yield f"    # {_plain(line)}".rstrip()
        yield f"    # takes {json_.dumps(tool.takes)}"
        if tool.gives is not None:
            yield f"    # gives {json_.dumps(tool.gives)}"
        if tool.annotations:
            yield f"    # says of itself {json_.dumps(tool.annotations)}"
        yield f"    digest: {tool.digest}"
        pinned = server.tools.get(tool.name)
        kept = pinned is not None and pinned.digest == tool.digest and pinned.read_only
        yield f"    read_only: {'true' if kept else 'false'}"


async def look(
    config: Config, name: str, server: Started | Reached, *, wall: Wall | None, timeout_s: float = PATIENCE_S
) -> Seen:
    """Ask a server what it has, as a worker would. Raises Refused when nothing came of it."""
    import aiohttp

    from bot.connectors import secrets
    from bot.connectors.mcp_line import listed, way_to
    from bot.connectors.processes import GuardedProcesses
    from bot.execute.mcp.messages import Unfit
    from bot.execute.sandbox.harmless import harmless
    from bot.execute.sandbox.redaction import Redactor

    async def secret(called: str, source: Any) -> str:
        return await secrets.value(called, source, os.environ)

    with tempfile.TemporaryDirectory(prefix="assent-mcp-") as folder:
        way = await way_to(
            name,
            server,
            secret,
            sandbox=GuardedProcesses(wall=wall, trusted=True),
            environment=os.environ,
            under=Path(folder),
            timeout_s=timeout_s,
        )
        try:
            async with asyncio.timeout(timeout_s):
                session, tools = await listed(way, asyncio.Event())
        except (Unfit, aiohttp.ClientError, TimeoutError, OSError) as error:
            said = str(error) or f"no answer within {timeout_s:g} s"
            raise Refused(f"{name}: {harmless(Redactor(way.hidden).redact(said))[:600]}") from None
    return Seen(
        name=name,
        calls_itself=session.server,
        revision=session.revision,
        tools=tools,
        states=_states(server, tools),
    )


def _states(server: Started | Reached, tools: tuple[Tool, ...]) -> dict[str, str]:
    found = {}
    for tool in tools:
        pinned = server.tools.get(tool.name)
        if tool.name in found:
            found[tool.name] = "is there twice, so it is not called"
        elif pinned is None:
            found[tool.name] = "not pinned"
        else:
            found[tool.name] = "pinned" if pinned.digest == tool.digest else "is not the one that was pinned"
    return found | {name: "is pinned and not there" for name in server.tools if name not in found}


def _rows(seen: Seen) -> Iterator[dict[str, str]]:
    digests = {tool.name: str(tool.digest) for tool in seen.tools}
    for name, state in seen.states.items():
        yield {
            "server": seen.name,
            "tool": _plain(name),
            "state": state,
            "digest": digests.get(name, ""),
        }


async def _all(names: list[str]) -> list[Seen]:
    from bot.connectors.walls.choosing import choose

    config, servers = opened.config(), _servers()
    for name in names:
        if name not in servers:
            from bot.assess.mcp_servers import FILE

            raise Refused(f"{FILE} has no server {name}. It has {', '.join(servers) or 'none'}.")
    held_by = await choose("any" if config.sandbox == "auto" else config.sandbox)
    return [await look(config, name, servers[name], wall=held_by.wall) for name in names]


def _servers() -> dict[str, Started | Reached]:
    return dict(opened.policies().servers.servers)


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").isalpha() and name.lower() not in _WORDS
    return name if plain else json_.dumps(name)


def _plain(text: str) -> str:
    """With everything that a reader would not see written out."""
    from bot.ask.unseen import unseen

    while (found := unseen(text)) is not None:
        at, named = found
        text = f"{text[:at]}‹{named.partition(' ')[0]}›{text[at + 1 :]}"
    return text
