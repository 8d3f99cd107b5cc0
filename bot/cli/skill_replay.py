"""`assent skills replay`: what recorded invocations would come to under another version of their skill."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, policy_history, skill_diff, terminal
from bot.cli.skill_signing import one
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.ask.catalog import Skill
    from bot.assess.policy import Policies
    from bot.assess.rerun import Rerun
    from bot.cli.policy_history import Judged


def replay(
    name: Annotated[str, typer.Argument(help="The skill.")],
    with_: Annotated[
        str | None,
        typer.Option(
            "--with", help="A folder of skills, one skill's folder, or a git revision; else as it is."
        ),
    ] = None,
    history: Annotated[int, typer.Option(min=1, max=10_000, help="So many recorded requests at most.")] = 500,
    plan: Annotated[
        bool, typer.Option("--plan", help="Run the plan steps too: they only read, from the real target.")
    ] = False,
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """What past invocations would do under a new version: refused, wider, stopped, decided otherwise.

    Nothing is started unless --plan is said, and then nothing but plans. Exit 1 when one of them would be
    refused or stopped, or would ask fewer people.

    Such as: assent skills replay deploy --with ../new-skills
    """
    skill = _version(name, with_)
    policies = opened.policies()
    rows = asyncio.run(_rows(skill, policies, team, history, plan=plan))
    if json:
        terminal.as_json(
            {"skill": skill.name, "version": skill.version, "digest": skill.digest, "requests": rows}
        )
    else:
        _say(skill, rows)
    if not all(row["good"] for row in rows):
        raise typer.Exit(1)


def _version(name: str, with_: str | None) -> Skill:
    if with_ is None:
        return one(name)
    found = skill_diff.older(name, with_)
    if found is None:
        raise Refused(f"There is no {name} in {with_}.")
    return found


async def _rows(
    skill: Skill, policies: Policies, team: str | None, limit: int, *, plan: bool
) -> list[dict[str, Any]]:
    rows = []
    for judged in await policy_history.judged(team, limit):
        if judged.then.invocation.skill == skill.name:
            rows.append(_row(judged, found := _rerun(judged, skill, policies)))
            if plan and not found.refused:
                rows[-1] |= await _planned(judged, skill)
    return rows


def _rerun(judged: Judged, skill: Skill, policies: Policies) -> Rerun:
    from bot.assess.rerun import rerun

    ran = sum(entry.wall_ms for entry in judged.request.journal if entry.event == "ended") / 1000
    return rerun(
        judged.then,
        skill,
        facts=judged.facts_under(policies),
        policies=policies,
        cost=judged.request.cost,
        ran_s=ran,
    )


def _row(judged: Judged, found: Rerun) -> dict[str, Any]:
    request = judged.request
    return {
        "request": request.id,
        "sentence": request.invocation.sentence(),
        "version": request.invocation.version,
        "state": request.state.value,
        "good": found.good,
        "refused": found.refused,
        "new_permissions": None if found.wider is None else list(found.wider),
        "stopped": list(found.stopped),
        "decision": None if found.decision is None else found.decision.value,
        "effect": found.effect,
    }


async def _planned(judged: Judged, skill: Skill) -> dict[str, Any]:
    """What its plan says now, of the target as it is now."""
    from bot.ask.inputs import invocation
    from bot.connectors.processes import GuardedProcesses
    from bot.connectors.workshop import LocalWorkshop
    from bot.flow.planning import Planning

    call = judged.then.invocation
    with tempfile.TemporaryDirectory(prefix="assent-replay-") as room:
        workshop = LocalWorkshop(sandbox=GuardedProcesses(), environment=dict(os.environ), under=Path(room))
        again = invocation(skill, call.inputs, call.environment)
        try:
            made = await Planning(workshop).plan(judged.request.id, again, skill)
        except Refused as refused:
            return {"plan": None, "good": False, "refused": str(refused)}
    return {"plan": made.summary}


def _say(skill: Skill, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        typer.echo(f"{row['request']} {row['sentence']} ({row['version']}, {row['state']})")
        for line in _words(row):
            typer.echo(f"  {line}")
    bad = sum(not row["good"] for row in rows)
    words = f"{bad} of them would come out worse" if bad else "none of them would come out worse"
    if rows:
        many = "1 request" if len(rows) == 1 else f"{len(rows)} requests"
        terminal.note(f"{many} under {skill.name} {skill.version}: {words}.")
    else:
        terminal.note(f"There is no recorded request of {skill.name}.")


_DECIDED = {
    "looser": "fewer people would be asked",
    "stricter": "more would be asked",
    "both": "others would be asked",
}


def _words(row: dict[str, Any]) -> list[str]:
    said = [f"refused: {row['refused']}"] if row["refused"] else []
    said += [f"new permission: {each}" for each in row["new_permissions"] or ()]
    said += [f"stopped: {each}" for each in row["stopped"]]
    if row["decision"] in _DECIDED:
        said.append(f"decided otherwise ({row['effect']}): {_DECIDED[row['decision']]}")
    if row.get("plan"):
        said.append(f"plan: {row['plan']}")
    return said or ["as before"]
