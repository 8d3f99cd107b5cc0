"""A request in the store that the real gate has judged, for commands that look back at judgements."""

from __future__ import annotations

from pathlib import Path

from bot.artifacts import Artifacts
from bot.ask.invocation import Invocation
from bot.assess.assessment import Assessment, Binding, Change, Estimate, Plan, Target, digest_of
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.authorize.approval import Vote
from bot.flow.request import Place
from bot.store.connection import connect
from bot.store.records import fields_of
from bot.store.store import Store
from bot.terms import Digest, Environment, Micros, Principal

CALL = Invocation(
    skill="deploy",
    version="1.0.0",
    digest=Digest("sha256:" + "5" * 64),
    inputs={"service": "checkout", "version": "1.4.2"},
    environment=Environment.STAGING,
)
FACTS = Facts.of(
    {
        "request.skill": "deploy",
        "request.environment": "staging",
        "request.mode": "mutate",
        "actor.principal": "alice",
    }
)


def judged(artifacts: Artifacts) -> Assessment:
    """The real gate's answer under the policies on disk."""
    policies = artifacts.policies()
    target = Target(identity="host/staging/checkout", revision="7")
    plan = Plan(
        summary="checkout 1.4.1 → 1.4.2",
        changes=(Change(what="checkout", before="1.4.1", after="1.4.2"),),
        target=target,
    )
    ceiling = Micros(100_000)
    binding = Binding(
        skill=CALL.skill, version=CALL.version, skill_digest=CALL.digest, inputs=dict(CALL.inputs),
        environment=CALL.environment, target=target, plan=digest_of("plan"),
        requester=Principal("alice"),
        ceiling=ceiling, prices="1", policy_digest=policies.digest_for("deploy", "2.0.0"),
        requirements=digest_of([]), card_revision=1,
    )  # fmt: skip
    return Assessment(
        invocation=CALL, requester=Principal("alice"), plan=plan, decision=decide(policies, FACTS),
        estimate=Estimate(p50=Micros(1), p95=Micros(2), ceiling=ceiling, basis="d", runs=0, prices="1"),
        risk=25, facts=FACTS.named(), policy="simple 1", policy_digest=binding.policy_digest, binding=binding,
        digest=binding.digest(),
    )  # fmt: skip


async def put(redis_url: str, artifacts: dict[str, str]) -> str:
    """Asked for, judged under the policies on disk, and waiting; gives its id."""
    async with connect(redis_url) as client:
        await client.flushall()
        store = Store(client, "T1")
        await store.introduce()
        place = Place(team="T1", channel="C1")
        request, _ = await store.accept(invocation=CALL, slack_user="U1", place=place, identity="one")
        on_disk = Artifacts(Path(artifacts["ASSENT_SKILLS"]), Path(artifacts["ASSENT_POLICIES"]))
        fields = fields_of(assessment=judged(on_disk), state="waiting", requester="alice")
        await client.hset(store.keys.requests + request, mapping=fields)
        return request


async def vote(redis_url: str, request: str, vote: Vote) -> None:
    async with connect(redis_url) as client:
        await client.rpush(f"{Store(client, 'T1').keys.requests}{request}:votes", vote.model_dump_json())
