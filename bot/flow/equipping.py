"""What a run works with: exactly what was approved of it, and what it has said and used until now."""

from __future__ import annotations

from dataclasses import replace

from bot.ask.catalog import Skill
from bot.assess.assessment import Assessment
from bot.assess.connected import NONE
from bot.assess.mcp_servers import NO_SERVERS
from bot.assess.models import NO_MODELS
from bot.execute.steps.ask import answers
from bot.execute.steps.connector import Thread
from bot.execute.steps.said import said
from bot.flow.commands import Commands
from bot.flow.means import Means
from bot.flow.ports import Artifacts
from bot.flow.request import Request
from bot.flow.workshop import Bench, Workshop
from bot.terms import Refused


def assessed(request: Request) -> Assessment:
    """What people approved. Raises `Refused` for a request that never was assessed."""
    if request.assessment is None:
        raise Refused(f"{request.id} was never assessed.")
    return request.assessment


def equipped(
    artifacts: Artifacts, workshop: Workshop, request: Request, skill: Skill, bench: Bench
) -> Commands:
    """How its steps are carried out. What changed in this very moment nobody approved, so it is left out."""
    assessment, policies = assessed(request), artifacts.policies()
    bound, manifest = assessment.binding, skill.manifest
    connectors, servers, models = policies.connectors, policies.servers, policies.models
    as_bound = models.digest_for(manifest) == bound.models
    return Commands(
        skill=skill,
        invocation=assessment.invocation,
        request=request.id,
        bench=bench,
        workshop=workshop,
        plan=assessment.plan,
        connectors=connectors if connectors.digest_for(manifest) == bound.connectors else NONE,
        servers=servers if servers.digest_for(manifest) == bound.mcp else NO_SERVERS,
        thread=_thread(request),
        answers=answers(request.journal),
        means=Means(models=models if as_bound else NO_MODELS, ceiling=assessment.estimate.ceiling),
    )


def informed(commands: Commands, artifacts: Artifacts, request: Request) -> Commands:
    """With what the run has said and used until now, at the prices of now."""
    journal, prices = request.journal, artifacts.policies().prices
    return replace(
        commands,
        said=said(commands.skill.manifest, journal),
        means=replace(commands.means, prices=prices, journal=journal),
    )


def _thread(request: Request) -> Thread | None:
    """Of its card; a card that stands in a thread already is a part of that one."""
    card = request.card
    return None if card is None else Thread(card.channel, request.place.thread_ts or card.ts)
