"""What it costs to start one command behind the walls of each tier that this machine has."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.findings import Effort, Finding
from benchmarks.town import Town
from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.around import Wall
from bot.connectors.walls.probing import tried
from bot.execute.sandbox import Command
from bot.execute.sandbox.walls import Tier, Walls

PROGRAM = shutil.which("true") or "/bin/true"
LIMITS_MS: dict[Tier, float] = {"bubblewrap": 30.0, "landlock": 5.0}


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """`true`, from asking for it to its end: plainly, guarded, and guarded behind each wall, in turns.

    What a wall adds is the median over the turns of its difference to the guard alone.
    """
    walls = {tier: wall for tier in LIMITS_MS if (wall := (await tried(tier)).wall)}
    plain: list[float] = []
    guarded: list[float] = []
    added: dict[Tier, list[float]] = {tier: [] for tier in walls}
    with tempfile.TemporaryDirectory(prefix="assent-bench-walls-") as name:
        home = str(Path(name).resolve())  # noqa: ASYNC240  (once)
        for _ in range(effort.starts * 8):
            began = time.perf_counter()
            await asyncio.to_thread(subprocess.run, [PROGRAM], check=True, cwd=home, env={})
            plain.append(since(began))
            guarded.append(await took(None, home))
            for tier, wall in walls.items():
                added[tier].append(await took(wall, home) - guarded[-1])
    return [
        Finding(
            name=f"start-{tier}",
            what=f"what {tier} adds to the start of one guarded command, with proxy and rules",
            against="subprocess.run of the same program, without guard or walls",
            target=f"< {LIMITS_MS[tier]:g} ms",
            unit="ms",
            measured=median(times),
            baseline=median(plain),
            limit=LIMITS_MS[tier],
            note=f"the guard alone takes {median(guarded):.1f} ms",
        )
        for tier, times in added.items()
    ]


async def took(wall: Wall | None, home: str) -> float:
    """Milliseconds."""
    command = Command(
        argv=(PROGRAM,),
        cwd=home,
        env={"PATH": os.defpath},
        timeout_s=60.0,
        output_limit=1024,
        walls=Walls(exec=("true",), write=(home,)),
    )
    began = time.perf_counter()
    finished = await GuardedProcesses(wall=wall).run(command, on_line=lambda _: None, stop=asyncio.Event())
    assert finished.exit_code == 0, finished.stderr
    return since(began)


def since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
