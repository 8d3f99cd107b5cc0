"""`assent policy`: whether the policies load, decide what they say, and why they decided."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused, RequestId

if TYPE_CHECKING:
    from bot.flow.request import Request

app = typer.Typer(no_args_is_help=True, help="Who decides what, and why.")

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command()
def check(json: AsJson = False) -> None:
    """Everything that keeps the policies from loading, with its place; exit 1 when there is anything."""
    problems = opened.problems(opened.config().policies_dir)
    if json:
        terminal.as_json([terminal.placed(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(str(problem))
        terminal.note(f"{len(problems)} findings: no policy is armed." if problems else "No findings.")
    if problems:
        raise typer.Exit(1)


@app.command("test")
def play(json: AsJson = False) -> None:
    """Play each policy's own decision table; exit 1 when a row comes out otherwise than it says."""
    from bot.assess.policy_table import never, run_table

    rows = []
    for name, policy in opened.policies().armed.items():
        rows += [(name, row) for row in run_table(policy)]
        unmatched, always = never(policy)
        for gates, when in ((unmatched, "in no row"), (always, "in every row")):
            if gates:
                terminal.note(f"{name}: {', '.join(gates)} matched {when}, so the table does not test it.")
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
def explain(
    request: str,
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: AsJson = False,
) -> None:
    """Why a request was decided as it was: every gate, and the first part of each that was not true."""

    async def read() -> Request | None:
        async with opened.store(team) as store:
            return await store.get(RequestId(request))

    found = asyncio.run(read())
    if found is None:
        raise Refused(f"There is no request {request}. `assent requests list` shows those there are.")
    said = explanation(found)
    if json:
        terminal.as_json(said)
        return
    typer.echo(f"{said['request']}: {said['effect']}, by policy {said['policy']}")
    for reason in said["because"]:
        typer.echo(f"  because {reason['rule']}: {reason['why']}")
    if not said["same_policy"]:
        terminal.note("The policies have changed since; the gates below are those of now.")
    terminal.table(
        ("gate", "says", "matched", "the first part that is not true"),
        [
            (
                one["rule"],
                one["effect"],
                "yes" if one["matched"] else "no",
                one["error"] or one["first_false"],
            )
            for one in said["gates"]
        ],
        empty="No policy covers this skill now.",
    )


def explanation(request: Request) -> dict[str, Any]:
    """The recorded decision, and the gates of the policies as they are now on the recorded facts."""
    from bot.assess.facts import Facts
    from bot.assess.gate import trace

    assessment = request.assessment
    if assessment is None:
        raise Refused(f"{request.id} has not been judged yet: it is {request.state}.")
    policies, call = opened.policies(), request.invocation
    gates = trace(policies, Facts.of(assessment.facts))
    return {
        "request": request.id,
        "effect": assessment.decision.effect,
        "policy": assessment.policy,
        "because": [one.model_dump() for one in assessment.decision.because],
        "facts": assessment.facts,
        "same_policy": policies.digest_for(call.skill, call.version) == assessment.policy_digest,
        "gates": [
            {
                "rule": gate.rule,
                "effect": gate.effect,
                "matched": gate.matched,
                "first_false": gate.first_false,
                "error": gate.error,
            }
            for gate in gates
        ],
    }
