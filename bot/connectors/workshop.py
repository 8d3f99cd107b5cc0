"""Where skills run on this machine: private copies, guarded processes, an environment to allow from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.connectors.processes import GuardedProcesses
from bot.connectors.workcopy import Workcopy
from bot.flow.ports import Bench
from bot.terms import Digest


class LocalWorkshop:
    """`under` holds the copies while they are in use; `environment` is what a manifest may name from."""

    def __init__(self, *, sandbox: GuardedProcesses, environment: Mapping[str, str], under: Path) -> None:
        self.sandbox = sandbox
        self.environment = environment
        self._under = under

    @asynccontextmanager
    async def copy(self, folder: str, files: Mapping[str, Digest]) -> AsyncIterator[Bench]:
        """Files are read in a thread: the event loop keeps renewing leases meanwhile."""
        copy = await asyncio.to_thread(Workcopy.make, Path(folder), files, under=self._under)
        try:
            yield Bench(str(copy.folder), str(copy.home))
        finally:
            await asyncio.to_thread(copy.remove)
