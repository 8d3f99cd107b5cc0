"""`assent demo`: the shipped workflows, played through the same Slack, cards and clicks as by people."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder it ran in, and say where.")] = False,
) -> None:
    """Play the whole promise in about a minute; ends with 1 if any of it did not happen."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print("[bold]Assent demo[/bold]: real Redis, real processes, a real deployment, no browser.")
    failed = asyncio.run(_play(console, keep=keep))
    raise typer.Exit(1 if failed else 0)


async def _play(console: Console, *, keep: bool) -> bool:
    from bot.cli.local import Local
    from bot.cli.scenes import SCENES, NotSeen, Stage
    from bot.cli.transcript import Transcript
    from bot.config import Config
    from bot.playground.client import NotShown, SlackClient

    began = time.monotonic()
    config = Config.from_env({})
    home = Path(tempfile.mkdtemp(prefix="assent-demo-"))
    try:
        skills = home / "skills"
        shutil.copytree(config.skills_dir, skills, ignore=shutil.ignore_patterns("__pycache__"))
        local = Local(
            home,
            port=0,
            skills_dir=skills,
            policies_dir=config.policies_dir,
            say=lambda line: console.print(f"  [green]✓[/green] {line}"),
        )
        async with local, SlackClient(local.url) as slack:
            people = {user["id"]: user["name"] for user in (await slack.state("alice"))["users"]}
            stage = Stage(local, slack, Transcript(console, people))
            for number, scene in enumerate(SCENES, start=1):
                try:
                    await scene(stage, number)
                except (NotSeen, NotShown) as missing:
                    console.print(f"[bold red]This did not happen:[/bold red] {missing}")
                    for child in (local.web, local.worker):
                        console.print(f"[dim]{child.name}: {child.last_words()}[/dim]", markup=True)
                    return True
    finally:
        if keep:
            console.print(f"Everything it left behind is in {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    console.print(f"\n[bold green]All of it happened, in {time.monotonic() - began:.0f} s.[/bold green]")
    return False
