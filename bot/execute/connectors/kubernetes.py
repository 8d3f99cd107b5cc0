"""Kubernetes: deployments, their pods and events, by its HTTP API.

What a step changes has the step's key in an annotation, `assent-operation`, so that a probe can ask for it. A
restart is a new annotation of the pods' template with the key as its value: the same attempt again changes
nothing, and restarts nothing.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from bot.ask.catalog import did_you_mean
from bot.execute.connectors.connector import (
    Arguments,
    Connector,
    Found,
    Http,
    Outgoing,
    Unanswerable,
    Verb,
    an_object,
    closed,
    listed,
    mapping,
    number,
    path,
    text,
)

OPERATION, RESTARTED_BY = "assent-operation", "assent-restarted-by"
REVISION = "deployment.kubernetes.io/revision"
MOST = 500
"""Of one list; who needs more asks for fewer by their labels."""

_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
NAMESPACE = text(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", most=63)
NAME = text(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", most=253)
LABELS = mapping(rf"(?:[a-z0-9.-]+/)?{_WORD}", text(_WORD, most=63))
IMAGE = text(r"[a-z0-9][A-Za-z0-9._/:@+-]*", most=512)
_DEPLOYMENT = frozenset(
    {
        "name", "namespace", "generation", "revision", "images", "replicas", "updated", "ready", "available",
        "rolled_out", "failed", "operation", "restarted_by",
    }
)  # fmt: skip


async def deployments_get(line: Http, asked: Arguments) -> Found:
    return _deployment(await _get(line, asked))


async def deployments_patch(line: Http, asked: Arguments) -> Found:
    """Other images or another number of pods, of the deployment as it was a moment ago: else it declines."""
    images, replicas = asked.get("images") or {}, asked.get("replicas")
    assert isinstance(images, dict)  # noqa: S101  the schema looked
    if not images and replicas is None:
        raise Unanswerable("It was told neither images nor replicas, so there is nothing to change.")
    now = await _get(line, asked)
    known = [str(one["name"]) for one in now["spec"]["template"]["spec"]["containers"]]
    for container in images:
        if container not in known:
            guess = did_you_mean(container, known) if known else ""
            raise Unanswerable(f"It has no container {container}. {guess}It has {', '.join(known)}.")
    spec: dict[str, JsonValue] = {} if replicas is None else {"replicas": replicas}
    if images:
        containers: JsonValue = [{"name": name, "image": image} for name, image in images.items()]
        spec["template"] = {"spec": {"containers": containers}}
    return await _patched(line, asked, now, spec)


async def deployments_restart(line: Http, asked: Arguments) -> Found:
    """All its pods anew, one after the other."""
    now = await _get(line, asked)
    annotations: JsonValue = {RESTARTED_BY: line.key}
    return await _patched(line, asked, now, {"template": {"metadata": {"annotations": annotations}}})


async def pods_list(line: Http, asked: Arguments) -> Found:
    items, more = await _items(line, asked, "pods", labels=asked.get("labels"))
    return {"pods": [_pod(one) for one in items], "count": len(items), "more": more}


async def events_list(line: Http, asked: Arguments) -> Found:
    """The newest first."""
    about = asked.get("about")
    fields: JsonValue = {"involvedObject.name": about} if about else {}
    items, more = await _items(line, asked, "events", fields=fields)
    events = sorted((_event(one) for one in items), key=lambda one: str(one["last"]), reverse=True)
    return {"events": [*events], "count": len(events), "more": more}


async def _get(line: Http, asked: Arguments) -> dict[str, Any]:
    try:
        return an_object(await line.send(Outgoing(path=_path(asked))), what="deployment")
    except Unanswerable as why:
        said = why.answer if isinstance(why.answer, dict) else {}
        if why.status == 404 and said.get("kind") == "Status" and said.get("reason") == "NotFound":
            name = f"{asked['namespace']}/{asked['name']}"
            raise Unanswerable(f"There is no deployment {name}.", absent=True, status=404) from None
        raise


async def _patched(line: Http, asked: Arguments, now: dict[str, Any], spec: dict[str, JsonValue]) -> Found:
    """By a merge of what is said into what was seen: somebody else's change in between is a conflict."""
    seen = now["metadata"]
    if asked.get("generation", seen.get("generation")) != seen.get("generation"):
        raise Unanswerable(
            f"The target moved: its generation is {seen.get('generation')}, not {asked['generation']}. "
            "Plan again."
        )
    metadata: JsonValue = {"resourceVersion": seen["resourceVersion"], "annotations": {OPERATION: line.key}}
    said = await line.send(
        Outgoing(
            method="PATCH",
            path=_path(asked),
            query=(("fieldManager", "assent"),),
            headers={"Content-Type": "application/strategic-merge-patch+json"},
            body={"metadata": metadata, "spec": spec},
        )
    )
    return _deployment(an_object(said, what="deployment"))


def _path(asked: Arguments) -> str:
    namespace, name = str(asked["namespace"]), str(asked["name"])
    return path("apis", "apps", "v1", "namespaces", namespace, "deployments", name)


async def _items(
    line: Http, asked: Arguments, what: str, *, labels: JsonValue = None, fields: JsonValue = None
) -> tuple[list[dict[str, Any]], bool]:
    """What is listed, and whether there is more."""
    query = [("limit", str(asked.get("limit", MOST)))]
    for selector, wanted in (("labelSelector", labels), ("fieldSelector", fields)):
        if isinstance(wanted, dict) and wanted:
            query.append((selector, ",".join(f"{name}={value}" for name, value in wanted.items())))
    where = path("api", "v1", "namespaces", str(asked["namespace"]), what)
    said = an_object(await line.send(Outgoing(path=where, query=tuple(query))), what=f"list of {what}")
    return listed(said.get("items"), what=what), bool((said.get("metadata") or {}).get("continue"))


def _deployment(found: dict[str, Any]) -> Found:
    """What of it a skill asks for. Rolled out is what `kubectl rollout status` waits for."""
    metadata, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    annotations = metadata.get("annotations") or {}
    template = spec["template"]
    wanted, generation = spec.get("replicas", 1), metadata.get("generation")
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    conditions = {one.get("type"): one for one in status.get("conditions") or ()}
    late = conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded"
    seen = status.get("observedGeneration", 0) >= (generation or 0)
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "generation": generation,
        "revision": annotations.get(REVISION),
        "images": {one["name"]: one["image"] for one in template["spec"]["containers"]},
        "replicas": wanted,
        "updated": updated,
        "ready": status.get("readyReplicas", 0),
        "available": available,
        "rolled_out": seen and status.get("replicas", 0) == updated == wanted and available >= wanted,
        "failed": seen and late,
        "operation": annotations.get(OPERATION),
        "restarted_by": (template.get("metadata", {}).get("annotations") or {}).get(RESTARTED_BY),
    }


def _pod(found: dict[str, Any]) -> JsonValue:
    status, containers = found.get("status") or {}, found.get("spec", {}).get("containers") or ()
    states = status.get("containerStatuses") or ()
    waiting = [(one.get("state") or {}).get("waiting", {}).get("reason") for one in states]
    return {
        "name": found["metadata"]["name"],
        "phase": status.get("phase"),
        "ready": bool(states) and all(one.get("ready") for one in states),
        "restarts": sum(one.get("restartCount", 0) for one in states),
        "waits_for": next((one for one in waiting if one), None),
        "node": found.get("spec", {}).get("nodeName"),
        "since": status.get("startTime"),
        "images": [one.get("image") for one in containers],
    }


def _event(found: dict[str, Any]) -> dict[str, JsonValue]:
    about = found.get("involvedObject") or {}
    return {
        "type": found.get("type"),
        "reason": found.get("reason"),
        "message": found.get("message"),
        "about": f"{about.get('kind')}/{about.get('name')}",
        "times": found.get("count"),
        "last": found.get("lastTimestamp") or found.get("eventTime"),
    }


KUBERNETES = Connector(
    kind="kubernetes",
    greeting="/version",
    verbs={
        "deployments:get": Verb(
            reads=True,
            says="A deployment: its images, how many pods are ready, and whether it is rolled out.",
            takes=closed(("namespace", "name"), namespace=NAMESPACE, name=NAME),
            gives=_DEPLOYMENT,
            does=deployments_get,
        ),
        "pods:list": Verb(
            reads=True,
            says="The pods of a namespace that have those labels, and how they are.",
            takes=closed(("namespace",), namespace=NAMESPACE, labels=LABELS, limit=number(1, MOST)),
            gives=frozenset({"pods", "count", "more"}),
            does=pods_list,
        ),
        "events:list": Verb(
            reads=True,
            says="What has happened in a namespace lately, or to one object of it.",
            takes=closed(("namespace",), namespace=NAMESPACE, about=NAME, limit=number(1, MOST)),
            gives=frozenset({"events", "count", "more"}),
            does=events_list,
        ),
        "deployments:patch": Verb(
            reads=False,
            says="Give a deployment other images, or another number of pods.",
            takes=closed(
                ("namespace", "name"),
                namespace=NAMESPACE,
                name=NAME,
                images=mapping(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", IMAGE),
                replicas=number(0, 10_000),
                generation=number(1, 2**31, says="Only if it is of this generation still"),
            ),
            gives=_DEPLOYMENT,
            does=deployments_patch,
        ),
        "deployments:restart": Verb(
            reads=False,
            says="Start all pods of a deployment anew, one after the other.",
            takes=closed(("namespace", "name"), namespace=NAMESPACE, name=NAME, generation=number(1, 2**31)),
            gives=_DEPLOYMENT,
            does=deployments_restart,
        ),
    },
)
