"""`assent policy`: whether the policies load, decide what they say, and why they decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli import opened, policy_diff, policy_explain, policy_proof, policy_simulate, terminal

if TYPE_CHECKING:
    from bot.ask.reading import Problem

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Who decides what, and why.")
app.command("prove")(policy_proof.prove)
app.command("explain")(policy_explain.explain)
app.command("simulate")(policy_simulate.simulate)
app.command("diff")(policy_diff.diff)

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command()
def check(json: AsJson = False) -> None:
    """Everything that keeps the policies from loading, with its place; exit 1 when there is anything.

    Warnings keep nothing from loading and change no exit code: who would be missing when one of the approvers
    asks, records that can never be good enough, a review that is due.
    """
    # A folder without any policy has nothing wrong in a file of its own, and loads as little.
    problems = opened.problems(opened.config().policies_dir) or list(opened.artifacts().policies().problems)
    doubts = () if problems else _doubts()
    if json:
        terminal.as_json([terminal.placed(problem) for problem in (*problems, *doubts)])
    else:
        for problem in problems:
            typer.echo(str(problem))
        for doubt in doubts:
            typer.echo(f"warning: {doubt}")
        many = "1 finding" if len(problems) == 1 else f"{len(problems)} findings"
        said = f"{many}: no policy is armed." if problems else "No findings."
        count = "1 warning" if len(doubts) == 1 else f"{len(doubts)} warnings"
        terminal.note(f"{said} {count}." if doubts else said)
    if problems:
        raise typer.Exit(1)


def _doubts() -> Sequence[Problem]:
    from datetime import UTC, datetime

    from bot.assess.policy_warnings import warnings

    return warnings(opened.policies(), today=datetime.now(UTC).date())


@app.command("test")
def play(json: AsJson = False) -> None:
    """Play each policy's own decision table; exit 1 when a row comes out otherwise than it says."""
    from bot.assess.policy_table import never, run_table
    from bot.assess.unfolding import told

    rows = []
    for name, policy in opened.policies().armed.items():
        rows += [(name, row) for row in run_table(policy)]
        unmatched, always = never(policy)
        for gates, when in ((unmatched, "in no row"), (always, "in every row")):
            if gates:
                named = ", ".join(map(told, gates))
                terminal.note(f"{name}: {named} matched {when}, so the table does not test it.")
    if json:
        terminal.as_json(
            [
                {
                    "policy": name,
                    "row": row.name,
                    "passed": row.passed,
                    "expected": row.expected,
                    "got": row.got,
                }
                for name, row in rows
            ]
        )
    else:
        terminal.table(
            ("policy", "row", "", "decision"),
            [
                (name, row.name, "good", row.got)
                if row.passed
                else (name, row.name, "WRONG", f"expected {row.expected}; got {row.got}")
                for name, row in rows
            ],
            empty="No policy has a table of tests.",
        )
    if not all(row.passed for _, row in rows):
        raise typer.Exit(1)


@app.command()
def schema(
    kind: Annotated[
        Literal["policy", "people", "prices", "connectors", "models", "mcp"], typer.Argument()
    ] = "policy",
) -> None:
    """The JSON Schema of a policy, or of the other files beside it: editors complete and check with it."""
    from bot.artifacts import schemas

    typer.echo(schemas.text(kind), nl=False)
