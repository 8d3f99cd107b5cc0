"""deploy-kubernetes: every command of its manifest, the real kubectl against the small API of its tests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import Ran, SkillRun
from target_process import target


def image(digit: str) -> str:
    return f"registry.test/checkout@sha256:{digit.ljust(64, '0')}"


FIRST, NEXT, THIRD, DEAD = image("1" * 64), image("2"), image("3"), image("dead")


class Cluster:
    """What the tests look at and do past the skill, with kubectl themselves."""

    def __init__(self, variables: dict[str, str], home: Path) -> None:
        self.variables = variables
        self._home = str(home)

    def kubectl(self, *words: str, said: str | None = None) -> str:
        done = subprocess.run(
            ["kubectl", "--context=production", *words],
            input=said,
            env={**os.environ, **self.variables, "HOME": self._home},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def live(self, name: str = "checkout") -> dict[str, Any]:
        return dict(
            json.loads(self.kubectl("get", f"--raw=/apis/apps/v1/namespaces/shop/deployments/{name}"))
        )

    def image(self) -> str:
        return str(self.live()["spec"]["template"]["spec"]["containers"][0]["image"])

    def put_live(self, wanted: str) -> None:
        """Arrange a test: what somebody with kubectl would have left."""
        if self.image() != wanted:
            container = {"name": "checkout", "image": wanted}
            body = {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "checkout"},
                "spec": {"template": {"spec": {"containers": [container]}}},
            }
            words = (
                "--server-side",
                "--force-conflicts",
                "--validate=false",
                "--field-manager=kubectl-somebody",
            )
            self.kubectl("apply", *words, "--filename=-", said=json.dumps(body))
        self.kubectl("rollout", "status", "deployment/checkout", "--timeout=20s")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("cluster")
    with target("deploy-kubernetes", home, "quick") as variables:
        yield Cluster(variables, home)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def deployment(cluster: Cluster, wanted: str, name: str, of: str = "checkout") -> SkillRun:
    return SkillRun(
        "deploy-kubernetes",
        variables=cluster.variables,
        request=name,
        environment="production",
        deployment=of,
        image=wanted,
    )


def planned(cluster: Cluster, wanted: str, name: str, *, before: str = FIRST) -> SkillRun:
    cluster.put_live(before)
    run = deployment(cluster, wanted, name)
    assert (ran := run.plan()).code == 0, ran
    return run


def refusal(ran: Ran) -> str:
    assert ran.code == 3, ran
    return str(ran.result["refused"])


def test_the_plan_is_the_servers_own_difference_and_the_same_each_time(cluster: Cluster, name: str) -> None:
    cluster.put_live(FIRST)
    before = cluster.live()
    plan = deployment(cluster, NEXT, name).plan().result
    assert plan["summary"] == "checkout checkout@111111111111 → checkout@200000000000 in production"
    assert f"-      - image: {FIRST}" in plan["details"].splitlines()
    assert f"+      - image: {NEXT}" in plan["details"].splitlines()
    assert plan["target"]["identity"] == "small/shop/checkout"
    assert cluster.live() == before
    assert deployment(cluster, NEXT, name).plan().result == plan


def test_what_cannot_be_deployed_is_refused_before_anything_happens(cluster: Cluster, name: str) -> None:
    assert "The image of ledger is set by argocd-controller" in refusal(
        deployment(cluster, NEXT, name, of="ledger").plan()
    )
    assert '"nope" not found' in refusal(deployment(cluster, NEXT, name, of="nope").plan())
    run = deployment(cluster, NEXT, name)
    run.variables = {}
    assert "KUBECONFIG is not set" in refusal(run.plan())


def test_an_image_that_is_live_already_is_nothing_to_do(cluster: Cluster, name: str) -> None:
    cluster.put_live(FIRST)
    assert deployment(cluster, FIRST, name).plan().result["nothing_to_do"] is True


def test_an_image_is_applied_once_owned_by_us_and_known_to_the_probe(cluster: Cluster, name: str) -> None:
    run = planned(cluster, NEXT, name)
    assert run.step("apply", "probe").code == 1
    assert [ran.code for ran in run.steps()] == [0, 0]
    assert run.step("apply", "probe").code == 0
    once = cluster.live()
    assert "It was applied already" in run.step("apply").text
    assert cluster.live()["metadata"]["generation"] == once["metadata"]["generation"]
    managers = [entry["manager"] for entry in once["metadata"]["managedFields"]]
    assert "assent" in managers
    owned = next(entry for entry in once["metadata"]["managedFields"] if entry["manager"] == "assent")
    assert set(owned["fieldsV1"]["f:spec"]) == {"f:template"}  # not the number of replicas, for one


def test_what_moved_since_the_plan_is_refused(cluster: Cluster, name: str) -> None:
    run = planned(cluster, NEXT, name)
    cluster.put_live(THIRD)
    ran = run.step("apply")
    assert ran.code == 1
    assert "The target moved: checkout@300000000000 is live" in ran.text
    assert cluster.image() == THIRD
    assert run.step("apply", "undo").code == 0  # there was nothing of ours to take back
    assert cluster.image() == THIRD


def test_an_image_that_never_comes_up_fails_its_rollout_and_is_undone(cluster: Cluster, name: str) -> None:
    run = planned(cluster, DEAD, name)
    applied, rollout = run.steps()
    assert applied.code == 0
    assert rollout.code == 1
    assert "exceeded its progress deadline" in rollout.errors
    assert [ran.code for ran in run.undo()] == [0]
    assert cluster.image() == FIRST
    once = cluster.live()["metadata"]["generation"]
    assert [ran.code for ran in run.undo()] == [0]
    assert cluster.live()["metadata"]["generation"] == once


def test_undo_leaves_a_later_change_by_somebody_else_alone_and_says_so(cluster: Cluster, name: str) -> None:
    run = planned(cluster, NEXT, name)
    assert run.step("apply").code == 0
    cluster.put_live(THIRD)
    ran = run.step("apply", "undo")
    assert ran.code == 1
    assert "checkout@300000000000 is live by a later change" in ran.text
    assert cluster.image() == THIRD


def test_after_an_undo_the_next_image_can_be_applied(cluster: Cluster, name: str) -> None:
    """`rollout undo` makes kubectl the owner of the image, which must not lock us out."""
    run = planned(cluster, NEXT, name)
    assert [ran.code for ran in (*run.steps(), *run.undo())] == [0, 0, 0]
    again = planned(cluster, NEXT, f"{name}/again")
    assert again.step("apply").code == 0
    assert cluster.image() == NEXT


def test_the_probe_says_that_nobody_can_tell_when_the_cluster_does_not_answer(
    cluster: Cluster, name: str, tmp_path: Path
) -> None:
    run = planned(cluster, NEXT, name)
    config = json.loads(Path(cluster.variables["KUBECONFIG"]).read_text(encoding="utf-8"))
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    run.variables = {"KUBECONFIG": str(tmp_path / "kubeconfig")}
    assert run.step("apply", "probe").code == 2


def test_without_prometheus_nobody_can_tell_and_it_is_not_called_done(cluster: Cluster, name: str) -> None:
    run = planned(cluster, NEXT, name, before=NEXT)
    run.variables = {**cluster.variables, "PROMETHEUS_URL": "http://127.0.0.1:9", "PROMETHEUS_WINDOW": "10ms"}
    observed = run.measure().result
    assert observed == {"image": NEXT, "settled": True, "available_ratio": 1.0}
    assert run.manifest.done_when.no_data == "unknown"
