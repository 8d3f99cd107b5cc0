"""A deploy by verbs alone: patched, waited for, measured, and taken back when it does not come up."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.lifecycle import State
from tests.connectors.serving import serving
from tests.connectors.test_kubernetes import TOKEN, Cluster, certificate, deployment
from tests.flow.test_deeds import everything, outputs
from tests.flow.town import Town

SKILL = """
name: touch
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Give a deployment another image.
examples: ["touch image=shop/checkout:2 to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [image]
  properties:
    image: {type: string, maxLength: 200, description: The image}
environments: [staging]
effects: {read_only: false, destructive: false, idempotent: true, open_world: false,
          risk: {staging: 20}, blast_radius: one service, lock: "${environment}"}
permissions:
  exec: [python3]
  env: [TOWN]
  verbs: ["kubernetes:deployments:get", "kubernetes:deployments:patch"]
cost: {ceiling_usd: {staging: "0.10"}}
plan:
  - {id: plan, run: [python3, step.py, plan, hello], timeout: 20s}
preconditions:
  - id: as_planned
    title: It is as it was planned
    timeout: 5s
    connector:
      name: kubernetes
      verb: deployments:get
      with: {namespace: shop, name: checkout}
      expect: {images.app: "shop/checkout:1", rolled_out: true}
steps:
  - id: patch
    title: Give it the image
    timeout: 5s
    repeat: reconcilable
    connector:
      name: kubernetes
      verb: deployments:patch
      with: {namespace: shop, name: checkout, images: {app: "${inputs.image}"}}
    probe:
      connector:
        name: kubernetes
        verb: deployments:get
        with: {namespace: shop, name: checkout}
        expect: {operation: "${idempotency_key}"}
    undo:
      connector:
        name: kubernetes
        verb: deployments:patch
        with: {namespace: shop, name: checkout, images: {app: "shop/checkout:1"}}
  - id: wait
    title: Wait for its pods
    timeout: 5s
    repeat: pure
    retry: {attempts: 5, wait: 50ms}
    connector:
      name: kubernetes
      verb: deployments:get
      with: {namespace: shop, name: checkout}
      expect: {rolled_out: true}
done_when:
  measure:
    timeout: 5s
    connector: {name: kubernetes, verb: "deployments:get", with: {namespace: shop, name: checkout}}
  checks:
    - {name: it is rolled out, observed: rolled_out, equals: true}
    - {name: pods, observed: available, at_least: 3}
on_fail: undo
limits: {wall: 1m, output_kb: 16}
"""


@pytest.fixture
async def cluster(town: Town, tmp_path: Path) -> AsyncIterator[Cluster]:
    there = Cluster(deployment())
    pair = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*pair)
    town.workshop.environment = {**town.workshop.environment, "KUBE_TOKEN": TOKEN}
    async with serving(there.answer, tls=tls) as url:
        (town.root / "policies/connectors.yaml").write_text(
            f"connectors:\n  kubernetes: {{kind: kubernetes, url: '{url}', ca: {pair[0]}, namespaces: [shop],"
            " credential: {from: env:KUBE_TOKEN}}\n"
        )
        (town.root / "skills/touch/skill.yaml").write_text(SKILL)
        town.review()
        assert not town.artifacts.skills().broken, town.artifacts.skills().broken
        yield there


def image(there: Cluster) -> str:
    return str(there.deployment["spec"]["template"]["spec"]["containers"][0]["image"])


async def test_it_is_patched_waited_for_and_measured(town: Town, cluster: Cluster) -> None:
    cluster.rolls_for = 2
    found = await town.run(await town.ask("touch image=shop/checkout:2 to staging"))
    assert found.state is State.DONE, outputs(found)
    assert image(cluster) == "shop/checkout:2"
    waits = [entry.ok for entry in found.journal if entry.step == "wait" and entry.event == "ended"]
    assert waits == [False, False, True]
    assert TOKEN not in await everything(town)


async def test_what_does_not_come_up_is_taken_back(town: Town, cluster: Cluster) -> None:
    cluster.rolls_for = -1
    found = await town.run(await town.ask("touch image=shop/checkout:2 to staging"))
    assert found.state is State.ROLLED_BACK, outputs(found)
    assert image(cluster) == "shop/checkout:1"
    assert "rolled_out is false, and true is expected." in outputs(found)


async def test_where_it_is_not_as_planned_nothing_begins(town: Town, cluster: Cluster) -> None:
    cluster.deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/checkout:7"
    found = await town.run(await town.ask("touch image=shop/checkout:2 to staging"))
    assert found.state is State.FAILED
    assert "images.app is shop/checkout:7, and shop/checkout:1 is expected." in outputs(found)
    assert {method for method, _ in cluster.heard} == {"GET"}


async def test_an_image_that_is_none_is_refused_before_anything_is_sent(town: Town, cluster: Cluster) -> None:
    found = await town.run(await town.ask("touch image='shop/x:1 --privileged' to staging"))
    assert found.state is State.FAILED
    assert image(cluster) == "shop/checkout:1"
    assert {method for method, _ in cluster.heard} == {"GET"}
