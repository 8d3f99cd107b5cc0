"""`assent costs`: budgets, what was spent, and how good the estimates were."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import dollars

if TYPE_CHECKING:
    from datetime import datetime

    from bot.assess.policy import Policies
    from bot.flow.request import Request

HISTORY = 1000
"""How many of the newest requests the spend per skill is counted over."""


def costs(
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Budgets, spend and estimate coverage, per skill and environment."""

    async def read() -> tuple[str, Mapping[str, int], Sequence[Request], datetime]:
        async with opened.store(team) as store:
            ledger, requests = await store.ledger(), await store.recent(limit=HISTORY)
            return store.team, ledger, requests, await store.now()

    workspace, ledger, requests, now = asyncio.run(read())
    policies = opened.policies()
    said = {
        "budgets": budgets(ledger, policies, requests, team=workspace, now=now),
        "spent": spent(requests),
    }
    if json:
        terminal.as_json(said)
        return
    money = ("limit", "held", "settled", "left")
    terminal.table(
        ("budget", *money),
        [(one["scope"], *(dollars(one[name]) for name in money)) for one in said["budgets"]],
        empty="No policy has a budget that was drawn on.",
    )
    terminal.table(
        ("skill", "environment", "runs", "cost", "per good run", "below the p95"),
        [
            (
                one["skill"],
                one["environment"],
                one["runs"],
                dollars(one["cost"]),
                "none" if one["per_good_run"] is None else dollars(one["per_good_run"]),
                f"{one['covered']} of {one['estimated']}",
            )
            for one in said["spent"]
        ],
        empty="Nothing has run yet.",
    )
    if asked := [one for one in said["spent"] if one["models"]]:
        terminal.table(
            ("skill", "environment", "used by model steps"),
            [(one["skill"], one["environment"], _units(one["models"])) for one in asked],
            empty="",
        )


def budgets(
    ledger: Mapping[str, int], policies: Policies, requests: Iterable[Request], *, team: str, now: datetime
) -> list[dict[str, Any]]:
    """The budgets of this day and month that requests like these draw on; money in micro-dollars."""
    from bot.assess.budget import accounts

    found = {
        account.key: account
        for call in (request.invocation for request in requests)
        for account in accounts(policies.for_skill(call.skill, call.version), call, team=team, now=now)
    }
    rows = []
    for account in found.values():
        held, settled = (ledger.get(f"{account.key}|{part}", 0) for part in ("held", "settled"))
        left = account.limit - held - settled
        rows.append(
            {
                "scope": account.scope,
                "key": account.key,
                "limit": account.limit,
                "held": held,
                "settled": settled,
                "left": left,
            }
        )
    return rows


def spent(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """What ended runs cost, by skill and environment; `covered` cost no more than their p95.

    `models` is what model steps used, in units of prices.yaml; their price is in the cost.
    """
    from bot.settle.ledger import own_units

    groups: dict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in requests:
        if request.cost is not None:
            groups[request.invocation.skill, request.invocation.environment.value].append(request)
    rows = []
    for (skill, environment), ran in sorted(groups.items()):
        cost = sum(request.cost or 0 for request in ran)
        good = sum(1 for request in ran if request.outcome is not None and request.outcome.kind == "done")
        estimated = [request for request in ran if request.assessment is not None]
        covered = [
            one for one in estimated if one.assessment and (one.cost or 0) <= one.assessment.estimate.p95
        ]
        rows.append(
            {
                "skill": skill,
                "environment": environment,
                "runs": len(ran),
                "cost": cost,
                "good_runs": good,
                "per_good_run": cost // good if good else None,
                "estimated": len(estimated),
                "covered": len(covered),
                "models": own_units([entry for request in ran for entry in request.journal]),
            }
        )
    return rows


def _units(used: Mapping[str, float]) -> str:
    return ", ".join(f"{amount:,.0f} {unit}" for unit, amount in sorted(used.items()))
