"""Every command by its name."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import audit, costs, demo, dev, doctor, manifest, mcp, policy, processes, requests, skills

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"assent {version('assent')}")
        raise typer.Exit


@app.callback()
def main(
    _wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Skills run in Slack, after the people who must say yes said yes to exactly that."""


app.command("dev")(dev.dev)
app.command("demo")(demo.demo)
app.command("web")(processes.web)
app.command("worker")(processes.worker)
app.command("doctor")(doctor.doctor)
app.command("manifest")(manifest.manifest)
app.command("costs")(costs.costs)
app.add_typer(requests.app, name="requests")
app.add_typer(skills.app, name="skills")
app.add_typer(policy.app, name="policy")
app.add_typer(mcp.app, name="mcp")
app.add_typer(audit.app, name="audit")
