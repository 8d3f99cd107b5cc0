"""A cluster as kubectl tells of it: the one of the kubeconfig's context with the environment's name."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

from script import Stopped

MANAGER = "assent"
CHANGE = "assent/change"
"""The annotation with the key of the last change of ours."""
REVISION = "deployment.kubernetes.io/revision"
PATIENCE = "20s"
GIVE_UP_SECONDS = 600
PEOPLE = (MANAGER, "kubectl")
"""Who may have set an image before us: other managers are controllers, which would set it again."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def last_words(self) -> str:
        return (self.err.strip() or self.out.strip() or "it said nothing").splitlines()[-1]


def kubectl(environment: str, *words: str, said: str | None = None) -> Ran:
    """Whatever its exit code is. It sees the kubeconfig of KUBECONFIG and nobody's home."""
    if not os.environ.get("KUBECONFIG"):
        raise Stopped(
            "KUBECONFIG is not set: it names a kubeconfig with a context for each environment, which says "
            "the cluster, the user and the namespace."
        )
    command = ["kubectl", f"--context={environment}", f"--request-timeout={PATIENCE}", *words]
    try:
        done = subprocess.run(
            command,
            input=said,
            stdin=subprocess.DEVNULL if said is None else None,
            capture_output=True,
            text=True,
            timeout=GIVE_UP_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Stopped("kubectl is not installed where the worker runs.") from None
    except subprocess.TimeoutExpired:
        raise Stopped(f"kubectl {words[0]} did not end within {GIVE_UP_SECONDS} s.") from None
    return Ran(done.returncode, done.stdout, done.stderr)


def told(environment: str, *words: str, said: str | None = None) -> str:
    """What it printed; stopped in kubectl's own words when it failed."""
    ran = kubectl(environment, *words, said=said)
    if ran.code != 0:
        raise Stopped(f"kubectl {words[0]}: {ran.last_words()}")
    return ran.out


class Deployment:
    """One reading of a deployment, with who owns which of its fields."""

    def __init__(self, environment: str, name: str) -> None:
        config = json.loads(told(environment, "config", "view", "--minify", "--output=json"))
        context = config["contexts"][0]["context"]
        namespace = context.get("namespace", "default")
        self.environment, self.name = environment, name
        self.identity = f"{context['cluster']}/{namespace}/{name}"
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
        read: dict[str, Any] = json.loads(told(environment, "get", f"--raw={path}"))
        self.metadata, self.spec, self.status = read["metadata"], read["spec"], read.get("status", {})
        self.namespace: str = self.metadata["namespace"]
        self._template: Any = self.spec["template"]

    @property
    def number(self) -> str:
        """The revision that `rollout undo` knows what runs now by."""
        return str(self._annotations().get(REVISION, "0"))

    @property
    def revision(self) -> str:
        """Differs after every change of what runs; scaling is not one."""
        template = json.dumps(self._template, sort_keys=True).encode()
        return f"{self.number}-{hashlib.sha256(template).hexdigest()[:12]}"

    @property
    def change(self) -> str:
        return str(self._annotations().get(CHANGE, ""))

    def container(self) -> str:
        """The one that is called like the deployment, or the only one there is."""
        names = [one["name"] for one in self._template["spec"]["containers"]]
        if self.name in names or len(names) == 1:
            return self.name if self.name in names else str(names[0])
        raise Stopped(f"{self.name} has the containers {', '.join(names)}, and none is called {self.name}.")

    def image(self) -> str:
        wanted = self.container()
        return next(
            str(one["image"]) for one in self._template["spec"]["containers"] if one["name"] == wanted
        )

    def others(self) -> list[str]:
        """Managers that own the image and are neither we nor a person with kubectl."""
        way = (
            "f:spec",
            "f:template",
            "f:spec",
            "f:containers",
            f'k:{{"name":"{self.container()}"}}',
            "f:image",
        )
        found = []
        for entry in self.metadata.get("managedFields", []):
            place: Any = entry.get("fieldsV1", {})
            for part in way:
                place = place.get(part) if isinstance(place, dict) else None
            if place is not None and not str(entry["manager"]).startswith(PEOPLE):
                found.append(str(entry["manager"]))
        return found

    def settled(self) -> bool:
        """Everything wanted is up, and nothing else is."""
        wanted = self.spec.get("replicas", 1)
        counts = [self.status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return self.status.get("observedGeneration") == self.metadata["generation"] and counts == [wanted] * 3

    def with_image(self, image: str, **metadata: Any) -> str:
        """The part of the deployment that we own, as server-side apply takes it."""
        container = {"name": self.container(), "image": image}
        whole = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.namespace, **metadata},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        return json.dumps(whole)

    def _annotations(self) -> dict[str, str]:
        return self.metadata.get("annotations") or {}


def short(image: str) -> str:
    """Without the registry, and the first digits of the digest."""
    name, sign, digest = image.rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:12]}" if sign else name
