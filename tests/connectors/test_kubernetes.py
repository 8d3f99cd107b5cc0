"""Kubernetes, asked as steps ask it: a small API of our own that keeps one deployment and merges patches.

It is not Kubernetes: no admission, no controllers, one kind of patch, and of selectors only equality.
"""

from __future__ import annotations

import copy
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.terms import Refused
from tests.connectors.asking import KEY, ask, found
from tests.connectors.serving import serving

TOKEN = "of-a.test-only"
WHO = {"namespace": "shop", "name": "checkout"}
OTHER = "f" * 32


@dataclass
class Cluster:
    deployment: dict[str, Any]
    pods: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    races: int = 0
    """So many changes by somebody else come right before a patch."""
    rolls_for: int = 0
    """So many looks are taken until other pods are there; it never ends when that is negative."""
    _looks: int = 0

    async def answer(self, asked: web.Request) -> web.StreamResponse:
        self.heard.append((asked.method, asked.raw_path))
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.status(401, "Unauthorized", f"no user has {asked.headers.get('Authorization')}")
        match asked.path.strip("/").split("/"):
            case ["api", "v1", "namespaces", "shop", "pods"]:
                return self.listed(self.pods, asked, "labelSelector", lambda one: one["metadata"]["labels"])
            case ["api", "v1", "namespaces", "shop", "events"]:
                about = {"involvedObject.name": ""}
                return self.listed(
                    self.events,
                    asked,
                    "fieldSelector",
                    lambda one: {**about, "involvedObject.name": one["involvedObject"]["name"]},
                )
            case ["apis", "apps", "v1", "namespaces", "shop", "deployments", "checkout"]:
                return await self.of_deployment(asked)
            case ["apis", "apps", "v1", "namespaces", _, "deployments", name]:
                return self.status(404, "NotFound", f'deployments.apps "{name}" not found')
        return web.Response(status=404, text="404 page not found")

    def listed(self, items: list[Any], asked: web.Request, selector: str, of: Any) -> web.Response:
        wanted = dict(one.split("=") for one in asked.query.get(selector, "").split(",") if one)
        mine = [one for one in items if wanted.items() <= of(one).items()]
        limit = int(asked.query["limit"])
        more = {"continue": "abc"} if len(mine) > limit else {}
        return web.json_response({"metadata": more, "items": mine[:limit]})

    async def of_deployment(self, asked: web.Request) -> web.Response:
        if asked.method == "GET":
            self._looks += 1
            if self._looks > self.rolls_for >= 0:
                status = self.deployment["status"]
                status["observedGeneration"] = self.deployment["metadata"]["generation"]
                status["updatedReplicas"] = self.deployment["spec"]["replicas"]
            return web.json_response(self.deployment)
        assert asked.headers["Content-Type"] == "application/strategic-merge-patch+json"
        if self.races:
            self.races -= 1
            self.deployment["metadata"]["resourceVersion"] += "0"
        said = json.loads(await asked.text())
        metadata = said["metadata"]
        if metadata["resourceVersion"] != self.deployment["metadata"]["resourceVersion"]:
            return self.status(409, "Conflict", "the object has been modified")
        before = copy.deepcopy(self.deployment["spec"])
        self.deployment["metadata"]["annotations"] |= metadata["annotations"]
        spec, now = said["spec"], self.deployment["spec"]
        now["replicas"] = spec.get("replicas", now["replicas"])
        template = spec.get("template", {})
        now["template"]["metadata"].setdefault("annotations", {}).update(
            template.get("metadata", {}).get("annotations", {})
        )
        for container in template.get("spec", {}).get("containers", ()):
            mine = [one for one in now["template"]["spec"]["containers"] if one["name"] == container["name"]]
            assert mine, "a merge would add a container here"
            mine[0]["image"] = container["image"]
        if now != before:
            self.deployment["metadata"]["generation"] += 1
            self.deployment["status"]["updatedReplicas"] = self._looks = 0
        self.deployment["metadata"]["resourceVersion"] += "1"
        return web.json_response(self.deployment)

    def status(self, code: int, reason: str, message: str) -> web.Response:
        said = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
        return web.json_response(said, status=code)


def deployment() -> dict[str, Any]:
    containers = [{"name": "app", "image": "shop/checkout:1"}, {"name": "proxy", "image": "envoy:3"}]
    return {
        "metadata": {
            **WHO,
            "generation": 5,
            "resourceVersion": "7",
            "annotations": {"deployment.kubernetes.io/revision": "3"},
        },
        "spec": {"replicas": 3, "template": {"metadata": {}, "spec": {"containers": containers}}},
        "status": {
            "observedGeneration": 5,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "conditions": [{"type": "Progressing", "reason": "NewReplicaSetAvailable"}],
        },
    }


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, its own authority, for a day."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a small Kubernetes API for tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "ca.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[tuple[Cluster, dict[str, Any]]]:
    there = Cluster(deployment())
    pair = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*pair)
    (tmp_path / "token").write_text(TOKEN + "\n")
    async with serving(there.answer, tls=tls) as url:
        yield (
            there,
            {
                "kind": "kubernetes",
                "url": url,
                "credential": {"from": f"file:{tmp_path}/token"},
                "ca": str(pair[0]),
                "namespaces": ["shop"],
            },
        )


Small = tuple[Cluster, dict[str, Any]]


async def test_a_deployment_is_told_as_a_skill_needs_it(cluster: Small) -> None:
    there, settings = cluster
    assert await found(settings, "deployments:get", **WHO) == {
        **WHO,
        "generation": 5,
        "revision": "3",
        "images": {"app": "shop/checkout:1", "proxy": "envoy:3"},
        "replicas": 3,
        "updated": 3,
        "ready": 3,
        "available": 3,
        "rolled_out": True,
        "failed": False,
        "operation": None,
        "restarted_by": None,
    }
    there.rolls_for = -1
    there.deployment["status"] |= {"updatedReplicas": 1}
    assert (await found(settings, "deployments:get", **WHO))["rolled_out"] is False
    there.deployment["status"]["conditions"][0]["reason"] = "ProgressDeadlineExceeded"
    assert (await found(settings, "deployments:get", **WHO))["failed"] is True
    there.deployment["status"]["observedGeneration"] = 4
    assert (await found(settings, "deployments:get", **WHO))["failed"] is False, "that was the one before"


async def test_a_patch_changes_what_is_said_and_can_be_asked_for(cluster: Small) -> None:
    _, settings = cluster
    said = await found(settings, "deployments:patch", **WHO, images={"app": "shop/checkout:2"}, replicas=4)
    assert (said["images"], said["replicas"]) == ({"app": "shop/checkout:2", "proxy": "envoy:3"}, 4)
    assert (said["operation"], said["generation"]) == (KEY, 6)
    asks = {"asks": True, "expect": {"operation": KEY}}
    assert (await ask(settings, "deployments:get", WHO, **asks)).exit_code == 0
    assert (
        await ask(settings, "deployments:get", WHO, **{**asks, "expect": {"operation": OTHER}})
    ).exit_code == 1
    assert (
        await ask(settings, "deployments:get", WHO, **{**asks, "expect": {"operatoin": KEY}})
    ).exit_code == 2


async def test_a_restart_made_again_restarts_nothing(cluster: Small) -> None:
    there, settings = cluster
    for _ in range(2):
        said = await found(settings, "deployments:restart", **WHO)
        assert (said["restarted_by"], said["generation"]) == (KEY, 6)
    assert (await ask(settings, "deployments:restart", WHO, key=OTHER)).result is not None
    assert there.deployment["metadata"]["generation"] == 7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"images": {"ap": "x:1"}}, "It has no container ap. Did you mean app? It has app, proxy."),
        ({}, "neither images nor replicas"),
        ({"replicas": 1, "generation": 4}, "The target moved: its generation is 5, not 4. Plan again."),
        ({"replicas": 1, "name": "chekout"}, "There is no deployment shop/chekout."),
    ],
)
async def test_what_does_not_fit_the_cluster_changes_nothing(
    cluster: Small, arguments: dict[str, Any], words: str
) -> None:
    there, settings = cluster
    finished = await ask(settings, "deployments:patch", {**WHO, **arguments})
    assert finished.exit_code != 0
    assert words in finished.stdout
    assert (there.deployment, {method for method, _ in there.heard} | {"GET"}) == (deployment(), {"GET"})


async def test_somebody_elses_change_in_between_is_not_overwritten(cluster: Small) -> None:
    there, settings = cluster
    there.races = 1
    finished = await ask(settings, "deployments:patch", {**WHO, "replicas": 9})
    assert (finished.exit_code, finished.cut) == (2, False)
    assert "it answered 409" in finished.stdout
    assert there.deployment["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({**WHO, "namespace": "kube-system"}, "not asked about the namespace kube-system. It is about shop"),
        ({"namespace": "shop", "name": "../../../secrets"}, "name"),
        ({"namespace": "shop/../kube-system", "name": "x"}, "namespace"),
        ({"namespace": "shop", "name": "checkout\n"}, "name"),
        ({"namespace": "shop", "name": "checkout?watch=1"}, "name"),
    ],
)  # fmt: skip
async def test_nothing_leads_out_of_what_it_is_asked_about(
    cluster: Small, arguments: dict[str, Any], words: str
) -> None:
    there, settings = cluster
    with pytest.raises(Refused, match=words):
        await ask(settings, "deployments:get", arguments)
    assert there.heard == []


async def test_only_certain_absence_is_a_no(cluster: Small) -> None:
    _, settings = cluster
    asks = {"asks": True, "expect": {"replicas": 3}}
    nowhere = {**WHO, "name": "nowhere"}
    assert (await ask(settings, "deployments:get", nowhere, **asks)).exit_code == 1
    below = {**settings, "url": f"{settings['url']}/proxy"}
    assert (await ask(below, "deployments:get", nowhere, **asks)).exit_code == 2, "another 404"
    stranger = {**settings, "credential": {"from": "env:KUBE"}}
    finished = await ask(stranger, "deployments:get", WHO, environment={"KUBE": "wr0ng.t0ken"}, **asks)
    assert finished.exit_code == 2
    assert "env:KUBE (policies/connectors.yaml)" in finished.stdout
    assert "wr0ng" not in finished.stdout


async def test_who_is_not_vouched_for_gets_no_token(cluster: Small, tmp_path: Path) -> None:
    there, settings = cluster
    without = {key: value for key, value in settings.items() if key != "ca"}
    finished = await ask(without, "deployments:get", WHO)
    assert finished.exit_code == 2
    assert "CERTIFICATE_VERIFY_FAILED" in finished.stdout or "certificate" in finished.stdout.lower()
    assert there.heard == []
    (tmp_path / "empty").write_text("")
    for path in ("empty", "nowhere"):
        with pytest.raises(Refused, match=r"The authority of the connector it .* cannot be read from"):
            await ask({**settings, "ca": str(tmp_path / path)}, "deployments:get", WHO)


async def test_pods_and_events_are_listed_and_what_is_left_out_is_said(cluster: Small) -> None:
    there, settings = cluster
    states = [{"ready": False, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    for name, labels in (("a", {"app": "checkout"}), ("b", {"app": "checkout"}), ("c", {"app": "other"})):
        there.pods.append(
            {
                "metadata": {"name": name, "labels": labels},
                "spec": {"nodeName": "n1", "containers": [{"image": "shop/checkout:1"}]},
                "status": {"phase": "Running", "containerStatuses": states},
            }
        )
    said = await found(settings, "pods:list", namespace="shop", labels={"app": "checkout"})
    assert (said["count"], said["more"], [one["name"] for one in said["pods"]]) == (2, False, ["a", "b"])
    pod = said["pods"][0]
    assert (pod["ready"], pod["restarts"], pod["waits_for"]) == (False, 4, "CrashLoopBackOff")
    few = {"namespace": "shop", "limit": 1}
    assert (await found(settings, "pods:list", **few))["more"] is True
    assert (await ask(settings, "pods:list", few, asks=True)).exit_code == 0
    assert (await ask(settings, "pods:list", few, asks=True, expect={"count": 1})).exit_code == 2
    with pytest.raises(Refused, match="labels"):
        await ask(settings, "pods:list", {"namespace": "shop", "labels": {"app": "x,app!=y"}})
    for number, name in enumerate(("checkout", "other", "checkout")):
        about = {"involvedObject": {"kind": "Deployment", "name": name}}
        there.events.append({**about, "message": f"m{number}", "lastTimestamp": f"2026-01-0{number + 1}"})
    said = await found(settings, "events:list", namespace="shop", about="checkout")
    assert [one["message"] for one in said["events"]] == ["m2", "m0"]
