"""`assent policy explain`: the recorded reasons, and what would have had to be otherwise."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.artifacts import Artifacts
from bot.ask.invocation import Invocation
from bot.assess.assessment import Assessment, Binding, Change, Estimate, Plan, Target, digest_of
from bot.assess.facts import Facts
from bot.assess.gate import decide
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
        ceiling=ceiling, prices="1", policy_digest=policies.digest_for("deploy", "1.0.0"),
        requirements=digest_of([]), card_revision=1,
    )  # fmt: skip
    return Assessment(
        invocation=CALL, requester=Principal("alice"), plan=plan, decision=decide(policies, FACTS),
        estimate=Estimate(p50=Micros(1), p95=Micros(2), ceiling=ceiling, basis="d", runs=0, prices="1"),
        risk=25, facts=FACTS.named(), policy="simple 1", policy_digest=binding.policy_digest, binding=binding,
        digest=binding.digest(),
    )  # fmt: skip


@pytest.fixture
def asked(artifacts: dict[str, str], redis_url: str) -> str:
    """A judged request in the store; gives its id."""

    async def put() -> str:
        async with connect(redis_url) as client:
            await client.flushall()
            store = Store(client, "T1")
            await store.introduce()
            place = Place(team="T1", channel="C1")
            request, _ = await store.accept(invocation=CALL, slack_user="U1", place=place, identity="one")
            on_disk = Artifacts(Path(artifacts["ASSENT_SKILLS"]), Path(artifacts["ASSENT_POLICIES"]))
            fields = fields_of(assessment=judged(on_disk))
            await client.hset(store.keys.requests + request, mapping=fields)
            return request

    return asyncio.run(put())


def test_each_gate_says_what_kept_it_from_matching(assent, artifacts, redis_url: str, asked: str) -> None:
    env = {**artifacts, "REDIS_URL": redis_url}
    said = json.loads(assent("policy", "explain", asked, "--json", env=env).out)
    assert (said["effect"], said["same_policy"]) == ("require", True)
    gates = {gate["rule"]: gate for gate in said["gates"]}
    assert gates["simple/change"]["matched"]
    assert gates["simple/read"]["first_false"] == 'request.mode == "read_only"'
    assert (
        "because simple/change: somebody else should look" in assent("policy", "explain", asked, env=env).said
    )


def test_it_says_when_the_policies_are_no_longer_those_that_decided(
    assent, artifacts, redis_url: str, asked: str
) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().replace("version: 1", "version: 2"))
    ran = assent("policy", "explain", asked, env={**artifacts, "REDIS_URL": redis_url})
    assert ran.code == 0
    assert "The policies have changed since" in ran.err


def test_the_record_tells_the_decision_and_the_plan(assent, redis_url: str, asked: str) -> None:
    env = {"REDIS_URL": redis_url}
    shown = json.loads(assent("requests", "show", asked, "--json", env=env).out)
    assert shown["decision"]["effect"] == "require"
    assert shown["decision"]["because"][0]["rule"] == "simple/change"
    assert shown["plan"]["changes"] == [{"what": "checkout", "from": "1.4.1", "to": "1.4.2"}]
    assert shown["estimate"]["ceiling"] == 100_000
    assert "because simple/change" in assent("requests", "show", asked, env=env).said
