"""`assent policy explain`: why it was decided so, what would change it, and who could say yes now."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from bot.cli import opened, terminal
from bot.cli.decisions import (
    gate,
    person_told,
    reach_told,
    remedies,
    say_gates,
    say_remedies,
    words_of_person,
)
from bot.terms import Group, Principal, Refused, RequestId

if TYPE_CHECKING:
    from datetime import datetime

    from bot.assess.policy import Policies
    from bot.flow.request import Request


def explain(
    request: Annotated[str, typer.Argument(help="Such as r-42.")],
    person: Annotated[
        str | None, typer.Option("--for", help="Somebody: what their yes would do, or why it cannot count.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Why a request was decided as it was, what would change it, and who could say yes now.

    Every gate is shown with the first part of it that was not true. Members of Slack's own user groups and
    of on-call schedules are asked for when SLACK_BOT_TOKEN is set.

    Such as: assent policy explain r-42 --for bob
    """

    async def read() -> tuple[Request | None, datetime, str]:
        async with opened.store(team) as store:
            return await store.get(RequestId(request)), await store.now(), store.team

    found, now, workspace = asyncio.run(read())
    if found is None:
        raise Refused(f"There is no request {request}. `assent requests list` shows those there are.")
    whom = Principal(person) if person is not None else None
    said = explanation(found, opened.policies(), now=now, team=workspace, person=whom)
    if json:
        terminal.as_json(said)
        return
    typer.echo(f"{said['request']}: {said['effect']}, by policy {said['policy']}")
    if not said["same_policy"]:
        terminal.note("The policies have changed since; the gates below are those of now.")
    say_gates(said)
    say_remedies(said)
    _say_who(said)


def explanation(
    request: Request, policies: Policies, *, now: datetime, team: str, person: Principal | None = None
) -> dict[str, Any]:
    """The recorded decision, the gates of the policies as they are now on the recorded facts, and who could
    answer; nobody when nobody is asked any more.
    """
    from bot.assess.decision import RequireApproval
    from bot.authorize.explanation import explain as explained
    from bot.authorize.seating import groups_of
    from bot.lifecycle import State

    assessment, asked = request.assessment, request.asked
    if assessment is None:
        raise Refused(f"{request.id} has not been judged yet: it is {request.state}.")
    waits = request.state is State.WAITING and isinstance(assessment.decision, RequireApproval)
    groups = groups_of(asked) if asked is not None and waits else frozenset()
    try:
        found = explained(
            assessment,
            policies,
            members=known_members(policies, groups, now=now, team=team),
            now=now,
            votes=request.votes,
            steps=request.escalated,
            waits=waits,
            judged_at=request.asked_at,
            person=person,
        )
    except ValidationError:
        raise Refused(f"{request.id} was judged by another release, with other facts.") from None
    call = request.invocation
    return {
        "request": request.id,
        "state": request.state.value,
        "effect": assessment.decision.effect,
        "policy": assessment.policy,
        "because": [one.model_dump() for one in assessment.decision.because],
        "facts": assessment.facts,
        "same_policy": policies.digest_for(call.skill, call.version) == assessment.policy_digest,
        "gates": [gate(one) for one in found.gates],
        **remedies(found),
        "missing": list(found.missing),
        "could_approve": [reach_told(one) for one in found.could_approve],
        "held_back": [{"principal": one.principal, "why": one.why} for one in found.held_back],
        "groups_not_known": list(found.unknown),
        "person": person_told(person, found.person),
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
    typer.echo(f"Still needed: {', '.join(said['missing'])}")
    for one in said["could_approve"]:
        typer.echo(f"  {words_of_person(one)}")
    for group in said["groups_not_known"]:
        typer.echo(f"  whoever is in @{group}: only Slack or its schedule knows, and was not asked")
    if not said["could_approve"] and not said["groups_not_known"]:
        typer.echo("  nobody could say yes now: add members to these groups, or change the policy")
    for one in said["held_back"]:
        typer.echo(f"  {one['principal']} {one['why']}")
    if (person := said["person"]) is not None:
        typer.echo(words_of_person(person))
