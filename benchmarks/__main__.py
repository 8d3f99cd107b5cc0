"""`python -m benchmarks`: measure everything, say for each target whether it is met."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import (
    acknowledging,
    cards,
    committing,
    judging,
    loading,
    peers,
    shelving,
    starting,
    table,
    walling,
)
from benchmarks.findings import FULL, LITTLE, Effort, Finding
from benchmarks.town import Town

Measure = Callable[[Town, Effort], Awaitable[list[Finding]]]
BENCHMARKS: dict[str, Measure] = {
    "acknowledging": acknowledging.measure,
    "cards": cards.measure,
    "judging": judging.measure,
    "peers": peers.measure,
    "loading": loading.measure,
    "shelving": shelving.measure,
    "committing": committing.measure,
    "starting": starting.measure,
    "walling": walling.measure,
}


async def measured(names: list[str], effort: Effort, say: Callable[[str], None]) -> list[Finding]:
    """Each in a town of its own: what one leaves behind must not slow the next."""
    found: list[Finding] = []
    for name in names:
        say(f"{name} …")
        with tempfile.TemporaryDirectory(prefix="assent-bench-") as home:
            async with Town(Path(home)) as town:
                found += await BENCHMARKS[name](town, effort)
    return found


def main(
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(BENCHMARKS)}; may be said again.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One document for programs.")] = False,
    quick: Annotated[bool, typer.Option(help="See that it works; the numbers say nothing.")] = False,
) -> None:
    """Measure speed and memory against their baselines. Missing a target is no error: the exit code is 0."""
    names = only or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        raise typer.BadParameter(f"there is no {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    notes = Console(stderr=True)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    notes.print(f"{os.cpu_count()} cores, load {load}", style="dim", highlight=False)
    findings = asyncio.run(
        measured(names, LITTLE if quick else FULL, lambda line: notes.print(line, style="dim"))
    )
    if json_:
        print(json.dumps(table.as_json(findings), ensure_ascii=False, indent=2))
    else:
        table.shown(findings, Console())


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
