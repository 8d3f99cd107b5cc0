"""`assent policy explain`: why it was decided so, what would change it, and who could say yes now."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.cli.decisions import gates, say_gates
from bot.terms import Group, Principal, Refused, RequestId

if TYPE_CHECKING:
    from datetime import datetime

    from bot.assess.policy import Policies
    from bot.flow.request import Request


def explain(
    request: Annotated[str, typer.Argument(help="Such as r-42.")],
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Why a request was decided as it was, what would change it, and who could say yes now.

    Every gate is shown with the first part of it that was not true. Members of Slack's own user groups and
    of on-call schedules are asked for when SLACK_BOT_TOKEN is set.

    Such as: assent policy explain r-42
    """

    async def read() -> tuple[Request | None, datetime, str]:
        async with opened.store(team) as store:
            return await store.get(RequestId(request)), await store.now(), store.team

    found, now, workspace = asyncio.run(read())
    if found is None:
        raise Refused(f"There is no request {request}. `assent requests list` shows those there are.")
    policies = opened.policies()
    said = explanation(found, policies) | answers(found, policies, now=now, team=workspace)
    if json:
        terminal.as_json(said)
        return
    typer.echo(f"{said['request']}: {said['effect']}, by policy {said['policy']}")
    if not said["same_policy"]:
        terminal.note("The policies have changed since; the gates below are those of now.")
    say_gates(said)
    _say_who(said)


def explanation(request: Request, policies: Policies) -> dict[str, Any]:
    """The recorded decision, and the gates of the policies as they are now on the recorded facts."""
    from bot.assess.facts import Facts

    assessment = request.assessment
    if assessment is None:
        raise Refused(f"{request.id} has not been judged yet: it is {request.state}.")
    call = request.invocation
    return {
        "request": request.id,
        "state": request.state.value,
        "effect": assessment.decision.effect,
        "policy": assessment.policy,
        "because": [one.model_dump() for one in assessment.decision.because],
        "facts": assessment.facts,
        "same_policy": policies.digest_for(call.skill, call.version) == assessment.policy_digest,
        "gates": gates(policies, Facts.of(assessment.facts)),
    }


def answers(request: Request, policies: Policies, *, now: datetime, team: str) -> dict[str, Any]:
    """Who is still needed, and what each person's yes would leave; nothing when nobody is asked any more."""
    from bot.assess.decision import RequireApproval
    from bot.authorize.approval import groups_of, sits_for, tally
    from bot.authorize.reach import reaches, unknown
    from bot.lifecycle import State

    assessment = request.assessment
    nothing: dict[str, Any] = {"missing": [], "could_approve": [], "groups_not_known": []}
    if (
        assessment is None
        or request.state is not State.WAITING
        or not isinstance(decision := assessment.decision, RequireApproval)
    ):
        return nothing
    members = known_members(policies, groups_of(decision), now=now, team=team)
    asked: dict[str, Any] = {
        "digest": assessment.digest,
        "members": members,
        "requester": assessment.requester,
    }
    counted = tally(decision, request.votes, **asked)
    return {
        "missing": [*counted.missing, *counted.later],
        "could_approve": [
            {
                "principal": one.principal,
                "sits_for": sits_for(
                    decision, members, one.principal, stage=one.stage, requester=assessment.requester
                ),
                "stage": one.stage,
                "grants": one.grants,
                "still_missing": list(one.missing),
            }
            for one in reaches(decision, request.votes, **asked, now=now)
        ],
        "groups_not_known": list(unknown(decision, members)),
    }


def known_members(
    policies: Policies, groups: frozenset[Group], *, now: datetime, team: str
) -> dict[Group, frozenset[Principal]]:
    """Groups of the file, and Slack's own and schedules asked for; one that nobody could name is left out."""
    from bot.assess.groups import Rotation
    from bot.authorize.directory import Directory
    from bot.authorize.schedules import turn

    directory, found = Directory(policies.roster), {}
    for group in groups:
        schedule = directory.schedule(group)
        people = turn(schedule, now) if isinstance(schedule, Rotation) else directory.members(group)
        if people is not None:
            found[group] = directory.seats(group, people, now=now)
    return found | asyncio.run(_elsewhere(policies, sorted(groups - found.keys()), team=team))


async def _elsewhere(
    policies: Policies, groups: list[Group], *, team: str
) -> dict[Group, frozenset[Principal]]:
    config = opened.config()
    if not groups or config.slack_bot_token is None:
        return {}
    from aiohttp import ClientSession, ClientTimeout
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.authorize.directory import Directory
    from bot.authorize.people import Undetermined
    from bot.connectors.oncall import OnCallFeeds
    from bot.slack.people import SlackPeople

    found = {}
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        token = config.slack_bot_token.get_secret_value()
        client = AsyncWebClient(token=token, base_url=config.slack_api_url, session=session)
        feeds = OnCallFeeds(session, folder=config.policies_dir, environment=os.environ)
        people = SlackPeople(client, team=team, directory=lambda: Directory(policies.roster), feeds=feeds)
        for group in groups:
            try:
                found[group] = await people.members(group)
            except Undetermined as silent:
                terminal.note(str(silent))
    return found


def _say_who(said: dict[str, Any]) -> None:
    if said["state"] != "waiting":
        terminal.note(f"It is {said['state'].replace('_', ' ')}: nobody is asked for an answer now.")
        return
    from bot.authorize.delegation import in_words

    typer.echo(f"Still needed: {', '.join(said['missing'])}")
    for one in said["could_approve"]:
        after = "it is granted" if one["grants"] else f"still needed: {', '.join(one['still_missing'])}"
        who = in_words(one["principal"], one["sits_for"])
        typer.echo(f"  {who} could say yes now ({one['stage']}); then {after}")
    for group in said["groups_not_known"]:
        typer.echo(f"  whoever is in @{group}: only Slack or its schedule knows, and was not asked")
    if not said["could_approve"] and not said["groups_not_known"]:
        typer.echo("  nobody could say yes now: add members to these groups, or change the policy")
