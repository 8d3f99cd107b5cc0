"""`assent dev`: the whole thing on one machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console


def dev(
    port: Annotated[int, typer.Option(help="Where the page of the local Slack is served.")] = 3000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget everything of earlier runs first.")] = False,
) -> None:
    """Run everything on this machine: no keys, no services, no network. Open the page and try it."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print("[bold]Assent[/bold] is starting, on this machine only. Ctrl-C ends it.")
    asyncio.run(_dev(console, port=port, fresh=fresh))


async def _dev(console: Console, *, port: int, fresh: bool) -> None:
    from bot.cli.local import Local
    from bot.config import Config

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config.from_env(os.environ)
    local = Local(
        config.home,
        port=port,
        fresh=fresh,
        skills_dir=config.skills_dir,
        policies_dir=config.policies_dir,
        command=config.command,
        say=lambda line: console.print(f"  [green]✓[/green] {line}"),
    )
    async with local:
        console.print(
            f"\nOpen [bold cyan]{local.url}[/bold cyan] and type, as alice in #deploys:\n"
            f"{_typed(config.command, local.example)}"
            f"What the bot's processes say is written to {local.home / 'logs'}."
        )
        await stop.wait()
        console.print("\nEnding: what runs is finished or handed back.")
    console.print("Ended.")


def _typed(command: str, example: str | None) -> str:
    """Lines to try out: those of the shipped skills, or what this folder's own skills can be asked for."""
    from rich.markup import escape

    if example is not None:
        return f"  [bold]{command} {escape(example or 'help')}[/bold]\n"
    return (
        f"  [bold]{command} deploy checkout 1.4.2 to staging[/bold]      policy allows it\n"
        f"  [bold]{command} deploy checkout 1.4.2 to production[/bold]   bob and carol decide\n"
    )
