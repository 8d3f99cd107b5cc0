"""The web process: how soon it is ready, and how much it holds."""

from __future__ import annotations

from statistics import median

from benchmarks.findings import Effort, Finding
from benchmarks.load import Order, ordered
from benchmarks.town import BARE, SECRET, WEB, Town
from bot.playground.people import TEAM_ID

BASELINE = "bare Bolt on aiohttp"


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """From the spawn to the first 200 of /readyz, Redis and Slack being there. Memory after some commands."""
    town.slack.request_url = None
    ready: tuple[list[float], list[float]] = [], []
    held: tuple[list[float], list[float]] = [], []
    fresh: list[float] = []
    for number in range(effort.starts):
        for argv, times, sizes in ((WEB, ready[0], held[0]), (BARE, ready[1], held[1])):
            async with town.serving(argv) as program:
                times.append(program.ready_s)
                if argv is WEB:
                    fresh.append(program.resident_mb())
                await ordered(
                    Order(
                        port=program.port,
                        secret=SECRET,
                        team=TEAM_ID,
                        label=f"9{number}",
                        count=effort.sequential,
                        at_once=1,
                    )
                )
                sizes.append(program.resident_mb())
    return [
        Finding(
            name="ready",
            what="`assent web` from its spawn to /readyz 200, median",
            against=BASELINE,
            target="< 2 s",
            unit="s",
            measured=median(ready[0]),
            baseline=median(ready[1]),
            limit=2.0,
        ),
        Finding(
            name="memory",
            what=f"resident memory of `assent web` after {effort.sequential} commands, median",
            against=BASELINE,
            target="< 90 MB",
            unit="MB",
            measured=median(held[0]),
            baseline=median(held[1]),
            limit=90.0,
            note=f"{median(fresh):.0f} MB when it was ready",
        ),
    ]
