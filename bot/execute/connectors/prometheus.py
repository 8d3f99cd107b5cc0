"""Prometheus: what a query finds now, and over a while. It only reads."""

from __future__ import annotations

import math
import time
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
    mapping,
    seconds,
    text,
)
from bot.execute.connectors.quoting import NAME, filled

MOST_POINTS = 1000
"""Of one series. Prometheus itself stops at 11,000."""

QUERY = text(most=4000, says="PromQL, with $name for each of values: up{job=$job}")
VALUES = mapping(NAME, {"type": ["string", "integer", "number"]})
_GIVES = frozenset({"type", "series", "count", "warnings"})
_NOW = _GIVES | {"value"}


async def query(line: Http, asked: Arguments) -> Found:
    """`value` is there when exactly one number was found; NaN is none."""
    found = _found(await line.send(Outgoing(path="/api/v1/query", query=(("query", query_of(asked)),))))
    series = found["series"]
    alone = series[0] if isinstance(series, list) and len(series) == 1 else {}
    value = alone.get("value") if isinstance(alone, dict) else None
    return {**found, "value": value if isinstance(value, float) else None}


async def query_range(line: Http, asked: Arguments) -> Found:
    since, step = seconds(str(asked.get("since", "15m"))), seconds(str(asked.get("step", "30s")))
    if since / step > MOST_POINTS:
        raise Unanswerable(
            f"A point every {step} s for {since} s is more than {MOST_POINTS}: "
            "make step longer or since shorter."
        )
    end = time.time()
    said = await line.send(
        Outgoing(
            path="/api/v1/query_range",
            query=(
                ("query", query_of(asked)),
                ("start", f"{end - since:.3f}"),
                ("end", f"{end:.3f}"),
                ("step", str(step)),
            ),
        )
    )
    return _found(said)


def query_of(asked: Arguments) -> str:
    """The query with its values in place."""
    values = asked.get("values") or {}
    assert isinstance(values, dict)  # noqa: S101  the schema looked
    return filled(str(asked["query"]), {name: str(value) for name, value in values.items()})


def _found(said: JsonValue) -> Found:
    """What it found, and whether that is all of it: a warning says that it is not."""
    answer = an_object(said, what="answer of Prometheus")
    data = answer.get("data")
    if answer.get("status") != "success" or not isinstance(data, dict):
        raise Unanswerable("It answered with something that is no result of a query.")
    series = series_of(data)
    warnings = [str(one) for one in answer.get("warnings") or ()]
    return {"type": data["resultType"], "series": series, "count": len(series), "warnings": [*warnings]}


def series_of(data: dict[str, Any]) -> list[JsonValue]:
    """Prometheus' four kinds of result, and Loki's two of the same shape, as one."""
    try:
        match data["resultType"]:
            case "vector":
                return [_one(one["metric"], value=one["value"]) for one in data["result"]]
            case "matrix":
                return [_one(one["metric"], points=one["values"]) for one in data["result"]]
            case "scalar":
                return [_one({}, value=data["result"])]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unanswerable("It answered with a result that cannot be read.") from None
    raise Unanswerable("The query's result is neither numbers nor a series of numbers.")


def _one(labels: dict[str, str], *, value: Any = None, points: Any = None) -> JsonValue:
    named: dict[str, JsonValue] = {str(name): str(said) for name, said in labels.items()}
    if points is not None:
        return {"labels": named, "points": [[float(at), _number(said)] for at, said in points]}
    at, said = value
    return {"labels": named, "at": float(at), "value": _number(said)}


def _number(said: str) -> JsonValue:
    """NaN and infinity are no numbers of JSON, and are told by their names."""
    found = float(said)
    return found if math.isfinite(found) else str(said)


PROMETHEUS = Connector(
    kind="prometheus",
    greeting="/api/v1/status/buildinfo",
    verbs={
        "query": Verb(
            reads=True,
            says="What a PromQL query finds now.",
            takes=closed(("query",), query=QUERY, values=VALUES),
            gives=_NOW,
            does=query,
            plain=frozenset({"query"}),
            check=query_of,
        ),
        "range:query": Verb(
            reads=True,
            says="What a PromQL query found over a while that ends now, a point each step.",
            takes=closed(
                ("query",),
                query=QUERY,
                values=VALUES,
                since=text(DURATION, says="How far back: 15m when it is not said"),
                step=text(DURATION, says="How far the points are apart: 30s when it is not said"),
            ),
            gives=_GIVES,
            does=query_range,
            plain=frozenset({"query"}),
            check=query_of,
        ),
    },
)
