"""`assent …`: thin commands over what the rest of the house does.

Exit codes: 0 good, 1 findings, 2 could not run. A command imports what it needs when it runs, so that
`assent --help` does not wait for the whole house.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import typer

from bot.cli import audit, costs, demo, dev, doctor, manifest, policy, processes, requests, skills
from bot.terms import Refused

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Skills run in Slack, after the people who must say yes said yes to exactly that.",
)
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
app.add_typer(audit.app, name="audit")


def main(args: Sequence[str] | None = None) -> None:
    """Run one command. What we decline is said in words; anything else is a bug and shows itself."""
    try:
        app(args, prog_name="assent")
    except Refused as refusal:
        typer.echo(str(refusal), err=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a bug is not a finding: with 1 a program would take it for one
        traceback.print_exc()
        sys.exit(2)
