"""Alertmanager: which alerts there are, and silences.

It knows no idempotency keys. A silence of ours has the step's key in its comment, and is looked for by that
before one is made: an attempt that was made again finds the first one's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from bot.execute.connectors.connector import (
    DURATION,
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
    path,
    seconds,
    text,
)
from bot.execute.connectors.quoting import quoted

LABELS = mapping(r"[a-zA-Z_][a-zA-Z0-9_]*", text(most=500))
OPERATION = text(
    "[0-9a-f]{32}", says="The ${idempotency_key} of the step that made it: only silences of that step"
)
_SILENCES = frozenset({"silences", "count"})


async def alerts_list(line: Http, asked: Arguments) -> Found:
    """Those that fire; silenced and inhibited ones are among them, and say so."""
    said = listed(await line.send(Outgoing(path="/api/v2/alerts", query=_matching(asked))), what="alerts")
    alerts = [_alert(one) for one in said]
    return {"alerts": [*alerts], "count": len(alerts)}


async def silences_list(line: Http, asked: Arguments) -> Found:
    silences = [_silence(one) for one in await _silences(line, asked)]
    return {"silences": [*silences], "count": len(silences)}


async def silences_create(line: Http, asked: Arguments) -> Found:
    """From now on, for so long, of alerts that have all of these labels."""
    if made := await _silences(line, {"operation": line.key}):
        return {"id": made[0]["id"], "made_before": True}
    labels, now = asked["labels"], datetime.now(UTC)
    assert isinstance(labels, dict)  # noqa: S101  the schema looked
    matchers: list[JsonValue] = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()
    ]
    body: JsonValue = {
        "matchers": matchers,
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(seconds=seconds(str(asked["for"])))).isoformat(),
        "createdBy": "assent",
        "comment": f"{asked['comment']} {_mark(line.key)}",
    }
    said = await line.send(Outgoing(method="POST", path="/api/v2/silences", body=body))
    return {"id": str(an_object(said, what="silence").get("silenceID")), "made_before": False}


async def silences_delete(line: Http, asked: Arguments) -> Found:
    """Ended, not forgotten: Alertmanager keeps a silence that is over. None is left to end when all are."""
    if "id" not in asked and "operation" not in asked:
        raise Unanswerable("silences:delete takes id or operation, and neither was said.")
    found = await _silences(line, asked)
    if "id" in asked:
        found = [one for one in found if one["id"] == asked["id"]]
    for one in found:
        await line.send(Outgoing(method="DELETE", path=path("api", "v2", "silence", str(one["id"]))))
    return {"ended": [str(one["id"]) for one in found], "count": len(found)}


async def _silences(line: Http, asked: Arguments) -> list[dict[str, Any]]:
    """Those that are not over."""
    said = listed(await line.send(Outgoing(path="/api/v2/silences", query=_matching(asked))), what="silences")
    lasting = [one for one in said if (one.get("status") or {}).get("state") != "expired" and "id" in one]
    if "operation" not in asked:
        return lasting
    mark = _mark(str(asked["operation"]))
    return [one for one in lasting if str(one.get("comment", "")).endswith(mark)]


def _matching(asked: Arguments) -> tuple[tuple[str, str], ...]:
    labels = asked.get("labels") or {}
    assert isinstance(labels, dict)  # noqa: S101  the schema looked
    return tuple(("filter", f"{name}={quoted(str(value))}") for name, value in labels.items())


def _mark(key: str) -> str:
    return f"[assent {key}]"


def _alert(one: dict[str, Any]) -> JsonValue:
    status = one.get("status") or {}
    return {
        "labels": one.get("labels"),
        "annotations": one.get("annotations"),
        "state": status.get("state"),
        "silenced_by": status.get("silencedBy"),
        "since": one.get("startsAt"),
        "source": one.get("generatorURL"),
    }


def _silence(one: dict[str, Any]) -> JsonValue:
    return {
        "id": one.get("id"),
        "state": (one.get("status") or {}).get("state"),
        "matchers": one.get("matchers"),
        "comment": one.get("comment"),
        "by": one.get("createdBy"),
        "from": one.get("startsAt"),
        "to": one.get("endsAt"),
    }


ALERTMANAGER = Connector(
    kind="alertmanager",
    greeting="/api/v2/status",
    verbs={
        "alerts:list": Verb(
            reads=True,
            says="The alerts that fire, of those labels.",
            takes=closed(labels=LABELS),
            gives=frozenset({"alerts", "count"}),
            does=alerts_list,
        ),
        "silences:list": Verb(
            reads=True,
            says="The silences that are not over.",
            takes=closed(labels=LABELS, operation=OPERATION),
            gives=_SILENCES,
            does=silences_list,
        ),
        "silences:create": Verb(
            reads=False,
            says="Silence alerts that have all of these labels, for so long.",
            takes=closed(
                ("labels", "for", "comment"),
                **{
                    "labels": LABELS | {"minProperties": 1},
                    "for": text(DURATION),
                    "comment": text(most=1000),
                },
            ),
            gives=frozenset({"id", "made_before"}),
            does=silences_create,
        ),
        "silences:delete": Verb(
            reads=False,
            says="End a silence, or those that a step made.",
            takes=closed(id=text(r"[0-9a-fA-F-]{36}"), operation=OPERATION),
            gives=frozenset({"ended", "count"}),
            does=silences_delete,
        ),
    },
)
