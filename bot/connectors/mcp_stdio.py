"""MCP over the input and output of a program: one message a line, behind the walls of a step."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.assess.mcp_servers import FILE, Started
from bot.connectors.lines import Secrets
from bot.connectors.processes import GuardedProcesses
from bot.connectors.spoken import Lines, Spoken, TooMuch
from bot.connectors.workcopy import remove_tree
from bot.execute.mcp.messages import Message, Unfit, read, written
from bot.execute.sandbox import Command, StopSignal, secret_values, step_environment
from bot.execute.sandbox.walls import Walls, hosts_of, places_of
from bot.terms import Refused

LONGEST, MOST = 4 << 20, 32 << 20
"""Bytes of one message, and of everything that a server says in one session."""
_KEPT = 1 << 16
_LONGER_S = 10.0
"""Whoever waits for the answer says when its time is over; the guard's own limit is only behind that."""


async def starting(
    name: str,
    server: Started,
    secrets: Secrets,
    *,
    sandbox: GuardedProcesses,
    environment: Mapping[str, str],
    under: Path,
    timeout_s: float,
) -> tuple[
    Callable[[StopSignal, Callable[[], float] | None], AbstractAsyncContextManager[Pipes]], tuple[str, ...]
]:
    """How to start it, and what no output may show. Raises Refused for what is not here."""
    handed = {
        variable: await secrets(f"{variable} of the MCP server {name} ({FILE})", source)
        for variable, source in server.secrets.items()
    }
    seen = step_environment(environment, names=server.env, home="")
    hidden = (*handed.values(), *secret_values(seen))
    walls = Walls(
        exec=(server.command[0], *server.exec),
        hosts=hosts_of(server.hosts, environment),
        read=places_of(server.files.read, environment),
        write=places_of(server.files.write, environment),
    )
    try:
        argv = sandbox.resolve(server.command, allowed=walls.exec, folder="/", path=seen["PATH"])
    except Refused as refused:
        raise Refused(f"The MCP server {name} ({FILE}) cannot be started: {refused}") from None

    @asynccontextmanager
    async def connect(stop: StopSignal, until: Callable[[], float] | None) -> AsyncIterator[Pipes]:
        async with _home(under) as home:
            command = Command(
                argv=argv,
                cwd=home,
                env={**seen, "HOME": home, "TMPDIR": home, **handed},
                timeout_s=timeout_s + _LONGER_S,
                output_limit=_KEPT,
                secrets=hidden,
                walls=Walls(exec=walls.exec, hosts=walls.hosts, read=walls.read, write=(home, *walls.write)),
                memory_bytes=server.memory_mb and server.memory_mb << 20,
                processes=server.processes,
            )
            heard = Lines(LONGEST, MOST)
            async with sandbox.spoken_to(command, heard=heard, stop=stop, until=until) as spoken:
                yield Pipes(spoken, heard)

    return connect, hidden


@asynccontextmanager
async def _home(under: Path) -> AsyncIterator[str]:
    """An empty folder of its own, gone afterwards; a crash leaves it to whoever clears the room."""

    def made() -> str:
        under.mkdir(parents=True, exist_ok=True)
        return str(Path(tempfile.mkdtemp(prefix="mcp-", dir=under)).resolve())

    home = await asyncio.to_thread(made)
    try:
        yield home
    finally:
        await asyncio.to_thread(remove_tree, Path(home))


@dataclass(slots=True)
class Pipes:
    spoken: Spoken
    heard: Lines

    async def ask(self, message: dict[str, Any]) -> AsyncGenerator[Message, None]:
        await self.tell(message)
        while True:
            try:
                line = await self.heard.next()
            except TooMuch as over:
                raise Unfit(f"The server said {over}.", reason=f"was told {over}") from None
            if line is None:
                words = self.spoken.how_it_ended() or "it said no more."
                raise Unfit(f"The server is gone: {words}", reason="lost its server before it was answered")
            if line.strip():
                yield read(line)

    async def tell(self, message: dict[str, Any]) -> None:
        await self.spoken.say(written(message) + b"\n")

    def agreed(self, revision: str) -> None:
        """Nothing is said of it on this way."""
