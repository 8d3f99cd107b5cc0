"""A Kubernetes API small enough to read, for tests of this skill with the real kubectl. It is not Kubernetes.

It speaks what `kubectl get`, `diff --server-side`, `apply --server-side`, `rollout status` and `rollout undo`
use of deployments and replica sets: discovery, reading, listing, watching, server-side apply with owners of
fields, conflicts, dry run and resource versions, and JSON patches. A controller of a few lines turns a new
pod template into a replica set with the next revision, and moves pods over one at a time. No pod ever runs:
those of an image whose digest begins with `dead` never become available. There is no admission, no validation
of schemas, no quota, no garbage collection, and no other kind of object; what the real API does there is not
tested by this.
"""

import copy
import hashlib
import json
import threading
import time

from fields import Field, Json, as_fields, leaves, put, remove, said_only

REVISION = "deployment.kubernetes.io/revision"
STEP_SECONDS = 0.05
DEADLINE_SECONDS = 0.6


class Refusal(Exception):
    """An answer of the API that is no success, as its Status object."""

    def __init__(self, code: int, reason: str, message: str, causes: list[Json] | None = None) -> None:
        super().__init__(message)
        self.code = code
        details = {"causes": causes} if causes else {}
        self.status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self.status |= {"message": message, "reason": reason, "details": details, "code": code}


class Cluster:
    """Deployments of any namespace, their replica sets, and everybody who watches."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.deployments: dict[tuple[str, str], Json] = {}
        self.sets: dict[tuple[str, str], list[Json]] = {}
        self.events: list[tuple[int, Json]] = []
        self._owners: dict[tuple[str, str], dict[str, set[Field]]] = {}
        self._version = 100
        self._since: dict[tuple[str, str], float] = {}

    def create(self, namespace: str, name: str, image: str, *, replicas: int = 3, owner: str) -> None:
        """What was there before the test."""
        key, labels = (namespace, name), {"app": name}
        container = {"name": name, "image": image, "ports": [{"containerPort": 8080}]}
        self.deployments[key] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"uid-{name}",
                "generation": 1,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": {},
            },
            "spec": {
                "replicas": replicas,
                "progressDeadlineSeconds": 600,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
            "status": {},
        }
        self._owners[key] = {owner: set(leaves(self.deployments[key]["spec"], ("spec",)))}
        self.sets[key] = []
        self._store(key, self.deployments[key])
        while self.step():
            pass

    def get(self, namespace: str, name: str) -> Json:
        try:
            return self._shown((namespace, name), self.deployments[namespace, name])
        except KeyError:
            message = f'deployments.apps "{name}" not found'
            raise Refusal(404, "NotFound", message) from None

    def apply(self, namespace: str, name: str, wanted: Json, *, manager: str, force: bool, dry: bool) -> Json:
        """Server-side apply: set and own what is said, let go of what was owned and is said no more."""
        key = (namespace, name)
        now = copy.deepcopy(self.get(namespace, name))
        expected = wanted["metadata"].pop("resourceVersion", None)
        if expected is not None and expected != now["metadata"]["resourceVersion"]:
            raise Refusal(409, "Conflict", f'deployments.apps "{name}": the object has been modified')
        for key_of_identity in ("name", "namespace"):
            wanted["metadata"].pop(key_of_identity, None)
        said = {part: wanted[part] for part in ("metadata", "spec") if wanted.get(part)}
        fields = leaves(said, ()) if said else {}
        owners = copy.deepcopy(self._owners[key])
        before = leaves(now, ())
        if not force:
            conflicts = [
                (path, other)
                for other, owned in owners.items()
                for path in sorted(owned & set(fields))
                if other != manager and before.get(path) != fields[path]
            ]
            if conflicts:
                raise conflict(conflicts)
        for other, owned in owners.items():
            if other != manager:
                owned -= {path for path in fields if before.get(path) != fields[path]}
        for path in owners.get(manager, set()) - set(fields):
            if not any(path in owned for other, owned in owners.items() if other != manager):
                remove(now, path)
        for path, value in fields.items():
            put(now, path, value)
        owners[manager] = set(fields)
        return self._finish(key, now, owners, dry=dry)

    def patch(self, namespace: str, name: str, operations: list[Json], *, manager: str, dry: bool) -> Json:
        """A JSON patch; who changes a field owns it from then on."""
        key = (namespace, name)
        now = copy.deepcopy(self.get(namespace, name))
        before = leaves(now, ())
        for one in operations:
            *way, last = one["path"].strip("/").replace("~1", "/").split("/")
            place = now
            for part in way:
                place = place[part]
            if one["op"] not in ("add", "replace"):
                raise Refusal(400, "BadRequest", f"this API does not know the operation {one['op']}")
            place[last] = said_only(one["value"])
        after = leaves(now, ())
        touched = {path for path, value in after.items() if path[0] != "status" and before.get(path) != value}
        owners = {other: owned - touched for other, owned in self._owners[key].items()}
        owners[manager] = owners.get(manager, set()) | touched
        return self._finish(key, now, owners, dry=dry)

    def _finish(self, key: tuple[str, str], now: Json, owners: dict[str, set[Field]], *, dry: bool) -> Json:
        if now["spec"] != self.deployments[key]["spec"]:
            now["metadata"]["generation"] += 1
        if dry:
            return self._shown(key, now, owners)
        self._owners[key] = owners
        if now["spec"]["template"] != self.deployments[key]["spec"]["template"]:
            self._since[key] = time.monotonic()
        self._store(key, now)
        return self.get(*key)

    def step(self) -> bool:
        """What controllers do next; False when there is nothing left to do."""
        moved = False
        with self.changed:
            for key, deployment in self.deployments.items():
                now = copy.deepcopy(deployment)
                self._roll(key, now)
                if now != deployment:
                    self._store(key, now)
                    moved = True
        return moved

    def _roll(self, key: tuple[str, str], now: Json) -> None:
        template, wanted = now["spec"]["template"], now["spec"]["replicas"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        sets = self.sets[key]
        current = next((one for one in sets if one["metadata"]["name"].endswith(digest)), None)
        latest = max((int(one["metadata"]["annotations"][REVISION]) for one in sets), default=0)
        if current is None:
            current = replica_set(now, digest)
            sets.append(current)
        number = current["metadata"]["annotations"].get(REVISION)
        if number is None or int(number) < latest:
            number = str(latest + 1)
        annotations = {**now["metadata"]["annotations"], REVISION: number}
        now["metadata"]["annotations"] = current["metadata"]["annotations"] = annotations
        others = [one for one in sets if one is not current]
        dead = "@sha256:dead" in template["spec"]["containers"][0]["image"]
        up, old = current["spec"]["replicas"], sum(one["spec"]["replicas"] for one in others)
        if dead:
            current["spec"]["replicas"] = 1
        elif up < wanted:
            current["spec"]["replicas"] = up + 1
        elif old:
            next(one for one in others if one["spec"]["replicas"])["spec"]["replicas"] -= 1
        up, old = current["spec"]["replicas"], sum(one["spec"]["replicas"] for one in others)
        late = dead and time.monotonic() - self._since.get(key, 0.0) > DEADLINE_SECONDS
        condition = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
        if late:
            condition |= {"status": "False", "reason": "ProgressDeadlineExceeded"}
        now["status"] = {
            "observedGeneration": now["metadata"]["generation"],
            "replicas": up + old,
            "updatedReplicas": up,
            "readyReplicas": old if dead else up + old,
            "availableReplicas": old if dead else up + old,
            "conditions": [condition],
        }

    def _store(self, key: tuple[str, str], now: Json) -> None:
        with self.changed:
            self._version += 1
            now["metadata"]["resourceVersion"] = str(self._version)
            now["metadata"].pop("managedFields", None)
            self.deployments[key] = now
            event = {"type": "MODIFIED", "object": self.get(*key)}
            self.events.append((self._version, event))
            self.changed.notify_all()

    def _shown(
        self, key: tuple[str, str], deployment: Json, owners: dict[str, set[Field]] | None = None
    ) -> Json:
        shown = copy.deepcopy(deployment)
        owned = self._owners[key] if owners is None else owners
        shown["metadata"]["managedFields"] = [
            {
                "manager": manager,
                "operation": "Update" if manager.startswith("kubectl") else "Apply",
                "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": as_fields(paths),
            }
            for manager, paths in owned.items()
            if paths
        ]
        return shown


def replica_set(deployment: Json, digest: str) -> Json:
    metadata = deployment["metadata"]
    template = copy.deepcopy(deployment["spec"]["template"])
    labels = {**template["metadata"]["labels"], "pod-template-hash": digest}
    template["metadata"]["labels"] = labels
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "controller": True}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "uid": f"uid-{metadata['name']}-{digest}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": labels,
            "annotations": {},
            "ownerReferences": [owner | {"uid": metadata["uid"], "blockOwnerDeletion": True}],
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }


def conflict(found: list[tuple[Field, str]]) -> Refusal:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{other}"',
            "field": "." + ".".join(path),
        }
        for path, other in found
    ]
    message = f'Apply failed with {len(found)} conflict: conflict with "{found[0][1]}": {causes[0]["field"]}'
    return Refusal(409, "Conflict", message, causes)
