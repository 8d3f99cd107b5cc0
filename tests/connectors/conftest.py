"""Real commands, and a way to see whether anything of them is left."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.around import Wall
from bot.connectors.walls.probing import Tried, tried
from bot.execute.sandbox import Command, Finished
from bot.execute.sandbox.walls import Tier, Walls

PATIENCE_S = 60.0  # how long a condition may take to come true on a busy machine; never asserted on

# Leaves a process in its own session that has no parent, ignores TERM and says when it is up.
DAEMONISE = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(1, b"daemon up\\n")
    time.sleep(600)
    os._exit(0)
"""


async def comes_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (other processes set no events)
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Bench:
    """Runs Python code as a command; all its processes carry `token` on their command line."""

    def __init__(self, folder: Path, wall: Wall | None = None) -> None:
        self.folder = folder
        self.wall = wall
        self.token = f"token-{uuid.uuid4()}"
        self.lines: list[str] = []
        self.stop = asyncio.Event()

    def left(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                mine = self.token.encode() in (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mine and is_running(int(entry.name)):
                found.append(int(entry.name))
        return found

    def command(self, code: str, *arguments: str, **changes: Any) -> Command:
        fields: dict[str, Any] = {
            "argv": (sys.executable, "-c", code, self.token, *arguments),
            "cwd": str(self.folder),
            "env": {"PATH": os.defpath},
            "timeout_s": PATIENCE_S,
            "output_limit": 1 << 16,
            "walls": self.walls(),
        }
        return Command(**(fields | changes))

    def walls(self, **changes: Any) -> Walls:
        return Walls(**({"exec": ("python3",), "write": (str(self.folder),)} | changes))

    async def run(
        self, code: str, *arguments: str, sandbox: GuardedProcesses | None = None, **changes: Any
    ) -> Finished:
        sandbox = sandbox or GuardedProcesses(alive_for_s=PATIENCE_S, grace_s=0.3, wall=self.wall)
        return await sandbox.run(
            self.command(code, *arguments, **changes), on_line=self.lines.append, stop=self.stop
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    if sys.platform != "linux":
        pytest.skip("looks at /proc to see what is left")
    yield (bench := Bench(tmp_path))
    for pid in bench.left():  # only when the test failed
        os.kill(pid, signal.SIGKILL)


_TRIED: dict[Tier, Tried] = {}


@pytest.fixture(params=["bubblewrap", "landlock"])
async def walled(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench behind the walls of one tier, in a folder with neighbours."""
    tier: Tier = request.param
    if tier not in _TRIED:
        _TRIED[tier] = await tried(tier)
    if (wall := _TRIED[tier].wall) is None:
        pytest.skip(f"{tier}: {_TRIED[tier].why}")
    own = tmp_path / "own"
    own.mkdir()
    yield (bench := Bench(own, wall))
    for pid in bench.left():  # only when the test failed
        os.kill(pid, signal.SIGKILL)
