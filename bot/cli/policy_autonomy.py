"""`assent policy simulate --autonomy`: what earned records would have let through, and how that ended."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from pydantic import ValidationError

from bot.cli import policy_history, terminal
from bot.terms import Digest, Refused

if TYPE_CHECKING:
    from bot.assess.autonomy import Past, Rehearsal, Relaxed
    from bot.assess.policy import Policies


def autonomy(
    policies: Policies, *, team: str | None, limit: int, export: Path | None
) -> tuple[int, list[Rehearsal]]:
    """How many requests were looked at, and each gate with `earned` over all of them.

    Raises Refused when no gate has `earned`, or when there is nothing to look at.
    """
    from bot.assess.autonomy import rehearse

    if not any(gate.earned for one in policies.armed.values() for gate in one.runbook.gates):
        raise Refused("No gate has `earned`. Add it to one that requires, in a draft: --policies drafts.")
    pasts = exported(export) if export is not None else recorded(policies, team, limit)
    if not pasts:
        raise Refused("There is no recorded request to look at.")
    return len(pasts), list(rehearse(policies, pasts))


def recorded(policies: Policies, team: str | None, limit: int) -> list[Past]:
    """From the store, with the facts as these policies would have summed them."""
    import asyncio

    from bot.assess.autonomy import RAN, Past
    from bot.assess.estimate import account_of

    found = []
    for one in asyncio.run(policy_history.judged(team, limit)):
        if (facts := one.facts_under(policies)) is None:
            continue
        request = one.request
        ran = request.state in RAN
        found.append(
            Past(
                request=request.id,
                sentence=request.invocation.sentence(),
                asked_at=request.asked_at,
                ended_at=(request.journal[-1].at if request.journal else request.updated_at) if ran else None,
                state=request.state,
                account=account_of(request.invocation),
                digest=request.invocation.digest,
                facts=facts,
                effect=one.then.decision.effect,
            )
        )
    return found


def exported(path: Path) -> list[Past]:
    """From what `assent requests list --json` printed, with the facts as they were recorded."""
    try:
        records = json_text.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Refused(
            f"{path} cannot be read: {error}. Make it with `assent requests list --json`."
        ) from None
    if not isinstance(records, list):
        raise Refused(f"{path} is no list of requests. Make it with `assent requests list --json`.")
    judged = [one for one in records if isinstance(one, dict) and one.get("facts") and one.get("decision")]
    if left_out := len(records) - len(judged):
        terminal.note(f"{left_out} requests in {path} were never judged, or have no facts: left out.")
    try:
        return [_past(one) for one in judged]
    except (KeyError, ValueError, ValidationError) as error:
        raise Refused(f"{path} is not what `assent requests list --json` prints: {error}.") from None


def _past(one: dict[str, Any]) -> Past:
    from bot.assess.autonomy import RAN, Past
    from bot.assess.estimate import account
    from bot.assess.facts import Facts
    from bot.lifecycle import State

    state = State(one["state"])
    ended = [step["ended"] for step in one["steps"] if step["ended"]]
    last = (ended or [one["updated_at"]])[-1]
    major = int(one["version"].partition(".")[0])
    inputs = " ".join(f"{name}={value}" for name, value in one["inputs"].items())
    return Past(
        request=one["id"],
        sentence=f"/assent {one['skill']} {inputs} to {one['environment']}",
        asked_at=datetime.fromisoformat(one["asked_at"]),
        ended_at=datetime.fromisoformat(last) if state in RAN else None,
        state=state,
        account=account(one["skill"], major, one["environment"]),
        digest=Digest(one["digest"]),
        facts=Facts.of(one["facts"]),
        effect=one["decision"]["effect"],
    )


def as_data(looked_at: int, found: Sequence[Rehearsal]) -> dict[str, Any]:
    return {
        "looked_at": looked_at,
        "ended_badly": sum(one.ended_badly for rule in found for one in rule.relaxed),
        "people_said_no": sum(one.people_said_no for rule in found for one in rule.relaxed),
        "gates": [
            {
                "rule": one.rule,
                "about": one.about,
                "relaxed": [
                    {
                        "request": each.past.request,
                        "what": each.past.sentence,
                        "asked_at": each.past.asked_at.isoformat(),
                        "then": each.past.effect,
                        "would_be": each.effect,
                        "record": each.record,
                        "state": each.past.state.value,
                        "ended_badly": each.ended_badly,
                    }
                    for each in one.relaxed
                ],
                "picked_for_review": [each.request for each in one.picked],
                "sampled": one.sampled,
                "demotions": [
                    {
                        "at": each.past.ended_at.isoformat() if each.past.ended_at else None,
                        "request": each.past.request,
                        "state": each.past.state.value,
                        "until": each.until.isoformat() if each.until else None,
                    }
                    for each in one.demotions
                ],
                "short_of": dict(one.short),
            }
            for one in found
        ],
    }


SHOWN = 20
"""Of what went well, so many of the newest are told to people; programs get all of it."""


def _shown(relaxed: Sequence[Relaxed]) -> list[Relaxed]:
    """All that people should look at, and the newest of the others, in the order of time."""
    newest = relaxed[-SHOWN:]
    return [one for one in relaxed if one.ended_badly or one.people_said_no or one in newest]


def say(looked_at: int, found: Sequence[Rehearsal]) -> None:
    for one in found:
        share = f", {one.sampled:.0%} of what was earned picked for review" if one.sampled is not None else ""
        typer.echo(f"{one.rule}: about {one.about} requests, a record enough for {len(one.relaxed)}{share}")
        if shown := _shown(one.relaxed):
            terminal.table(
                ("request", "what", "then", "would be", "record", "became"),
                [
                    (
                        each.past.request,
                        each.past.sentence,
                        each.past.effect,
                        each.effect,
                        each.record,
                        f"{each.past.state.value}{': BAD' if each.ended_badly else ''}",
                    )
                    for each in shown
                ],
                empty="",
            )
        for demotion in one.demotions:
            until = f", not earned again before {demotion.until:%Y-%m-%d}" if demotion.until else ""
            past = demotion.past
            typer.echo(f"  demoted {past.ended_at:%Y-%m-%d} by {past.request} ({past.state.value}){until}")
        if one.short:
            counted = ", ".join(f"{name} {count}" for name, count in one.short.most_common())
            typer.echo(f"  the others were short of: {counted}")
    bad = sum(one.ended_badly for rule in found for one in rule.relaxed)
    denied = sum(one.people_said_no for rule in found for one in rule.relaxed)
    terminal.note(
        f"Looked at {looked_at} requests. Of those a record was enough for, "
        f"{bad} ended badly and people said no to {denied}."
    )
