"""The line to an MCP server: one session a call, its tools looked at anew, and the pinned one called once.

Nothing of a server is kept from one call to the next. A server that is a program is started behind the walls
of a step, and is gone with all that comes from it when its call is over, however that ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bot.assess.mcp_servers import Reached, Started
from bot.connectors.lines import NotHeard, Secrets, finished
from bot.connectors.mcp_http import reaching
from bot.connectors.mcp_stdio import starting
from bot.connectors.processes import GuardedProcesses
from bot.execute.connectors.connector import Found, Unanswerable
from bot.execute.mcp.messages import Unfit
from bot.execute.mcp.results import result_of
from bot.execute.mcp.session import NotDone, Session, Transport
from bot.execute.mcp.tools import Tool, chosen, misfit
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.redaction import Redactor
from bot.execute.steps.mcp import Using
from bot.flow.workshop import Used

LONGEST_WORDS = 600
Until = Callable[[], float] | None
Connects = Callable[[StopSignal, Until], AbstractAsyncContextManager[Transport]]


@dataclass(frozen=True, slots=True)
class Way:
    """How one server is reached now, with its secrets in place; those are shown to nobody."""

    connect: Connects
    hidden: tuple[str, ...]


async def opened(
    using: Using,
    secrets: Secrets,
    *,
    sandbox: GuardedProcesses,
    environment: Mapping[str, str],
    under: Path,
) -> Used:
    """Raises Refused when a secret is not here, or the program of a server is not."""
    way = await way_to(
        using.name,
        using.server,
        secrets,
        sandbox=sandbox,
        environment=environment,
        under=under,
        timeout_s=using.timeout_s,
    )
    hidden = (*way.hidden, *using.hidden)

    async def used(stop: StopSignal, until: Until) -> Finished:
        line = _Line(using, way, stop, until, hide=Redactor(hidden).redact)
        return await finished(using, line.carried(), line, stop=stop, hidden=hidden)

    return used


async def way_to(
    name: str,
    server: Started | Reached,
    secrets: Secrets,
    *,
    sandbox: GuardedProcesses,
    environment: Mapping[str, str],
    under: Path,
    timeout_s: float,
) -> Way:
    match server:
        case Started():
            connect, hidden = await starting(
                name,
                server,
                secrets,
                sandbox=sandbox,
                environment=environment,
                under=under,
                timeout_s=timeout_s,
            )
            return Way(connect, hidden)
        case Reached():
            reach, hidden = await reaching(name, server, secrets, timeout_s=timeout_s)
            return Way(reach, hidden)


async def listed(way: Way, stop: StopSignal) -> tuple[Session, tuple[Tool, ...]]:
    """What a server says of itself and of its tools. Raises Unfit, or what the system says of the line."""
    async with way.connect(stop, None) as transport:
        session = Session(transport)
        await session.begin()
        return session, await session.tools()


@dataclass(slots=True)
class _Line:
    using: Using
    way: Way
    stop: StopSignal
    until: Until
    hide: Callable[[str], str] = field(repr=False)
    in_doubt: bool = False

    async def carried(self) -> Found:
        """Until it is sent nothing has happened; then nobody knows until its answer, unless it reads."""
        try:
            return await self._carried()
        except NotDone as why:
            self.in_doubt = False
            raise self._failed(str(why), why.reason) from None
        except Unfit as why:
            raise self._failed(str(why), why.reason) from None
        except aiohttp.ClientConnectorError as error:
            self.in_doubt = False
            raise self._failed(f"The server was not reached: {error}", "could not reach its server") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = f"The line to the server broke: {error or type(error).__name__}"
            raise self._failed(words, "lost the line to its server") from None

    def _failed(self, words: str, reason: str) -> Exception:
        """Hidden before it is cut, so that no half shows."""
        said = self.hide(words)
        said = said if len(said) <= LONGEST_WORDS else f"{said[:LONGEST_WORDS]}…"
        return (NotHeard if self.in_doubt else Unanswerable)(said, reason=reason)

    async def _carried(self) -> Found:
        using = self.using
        async with self.way.connect(self.stop, self.until) as transport:
            session = Session(transport)
            await session.begin()
            tool = chosen(await session.tools(), using.tool, pinned=using.pin.digest)
            arguments = using.arguments_for(tool.takes)
            if wrong := misfit(arguments, tool):
                words = f"{using.said} does not take that: {wrong} Nothing was called."
                raise Unfit(words, reason="was given arguments that the tool does not take")
            self.in_doubt = not using.pin.read_only
            answer = await session.call(using.tool, arguments)
            self.in_doubt = False
            return result_of(answer, tool)
