"""Where skills run on this machine: private copies, guarded processes, an environment to allow from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType

from bot.ask.manifest import HttpRequest
from bot.ask.manifest.permissions import SecretCommand
from bot.connectors import secrets
from bot.connectors.lines import Opens
from bot.connectors.mcp_line import opened
from bot.connectors.processes import GuardedProcesses
from bot.connectors.requests import send
from bot.connectors.workcopy import Workcopy, remove_tree
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.steps.connector import Calling
from bot.execute.steps.http import Sending
from bot.execute.steps.mcp import Using
from bot.execute.steps.model import Asking, Reply, Unanswered
from bot.flow.workshop import Bench, Carried, Models, Used
from bot.terms import Digest, Refused


class LocalWorkshop:
    """`under` holds the copies while they are in use; `environment` is what a manifest may name from.

    `lent` are further folders that every step may write: the fakes of a skill's cases keep their state there.
    `lines` lead to connectors, by their kind; `models` are a worker's alone.
    """

    def __init__(
        self,
        *,
        sandbox: GuardedProcesses,
        environment: Mapping[str, str],
        under: Path,
        lent: tuple[str, ...] = (),
        lines: Mapping[str, Opens] = MappingProxyType({}),
        models: Models | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.environment = environment
        self.lent = lent
        self._under, self._lines = under, lines
        self.models = models or _NoModels()

    @asynccontextmanager
    async def copy(self, folder: str, files: Mapping[str, Digest]) -> AsyncIterator[Bench]:
        """Files are read in a thread: the event loop keeps renewing leases meanwhile."""
        copy = await asyncio.to_thread(Workcopy.make, Path(folder), files, under=self._under)
        try:
            yield Bench(str(copy.folder), str(copy.home))
        finally:
            await asyncio.to_thread(copy.remove)

    async def secret(self, name: str, source: str | SecretCommand) -> str:
        return await secrets.value(name, source, self.environment)

    @asynccontextmanager
    async def handing(self, bench: Bench, values: Mapping[str, str]) -> AsyncIterator[str]:
        """Beside the run's home: in it, a step could put a link there for the worker to follow.

        A crash leaves it to whoever clears the run.
        """
        if not values:
            yield ""
            return
        folder = Path(bench.home).with_name(f"secrets-{token_hex(4)}")
        await asyncio.to_thread(secrets.write, folder, values)
        try:
            yield str(folder)
        finally:
            await asyncio.to_thread(remove_tree, folder)

    async def send(self, request: HttpRequest, sending: Sending, *, stop: StopSignal) -> Finished:
        return await send(request, sending, stop=stop)

    async def calling(self, calling: Calling) -> Carried:
        kind = calling.settings.kind
        if kind not in self._lines:
            raise Refused(f"{calling.said} cannot be asked from here: there is no line to {kind}.")
        return await self._lines[kind](calling, self.secret)

    async def using(self, using: Using) -> Used:
        return await opened(
            using,
            self.secret,
            sandbox=self.sandbox,
            environment=self.environment,
            under=self._under,
        )


class _NoModels:
    """Where cases are played, and wherever no worker is."""

    async def load(self) -> None:
        return None

    async def ask(self, asking: Asking) -> Reply:
        return Unanswered(why="No model can be asked from here: only a worker asks any.", free=True)
