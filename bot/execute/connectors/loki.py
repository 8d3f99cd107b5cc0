"""Loki: lines of logs, and numbers counted from them. It only reads."""

from __future__ import annotations

import time
from datetime import UTC, datetime
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
    number,
    seconds,
    text,
)
from bot.execute.connectors.prometheus import VALUES, query_of, series_of

FEW, MOST = 100, 1000


async def query(line: Http, asked: Arguments) -> Found:
    """The newest lines first."""
    end, most = time.time(), asked.get("limit", FEW)
    said = await line.send(
        Outgoing(
            path="/loki/api/v1/query_range",
            query=(
                ("query", query_of(asked)),
                ("start", f"{end - seconds(str(asked.get('since', '15m'))):.3f}"),
                ("end", f"{end:.3f}"),
                ("limit", str(most)),
                ("direction", "backward"),
                *((("step", str(asked["step"])),) if "step" in asked else ()),
            ),
        )
    )
    answer = an_object(said, what="answer of Loki")
    data = answer.get("data")
    if answer.get("status") != "success" or not isinstance(data, dict):
        raise Unanswerable("It answered with something that is no result of a query.")
    if data.get("resultType") != "streams":
        series, kind = series_of(data), data["resultType"]
        return {"type": kind, "lines": [], "series": series, "count": len(series), "more": False}
    lines = _lines(data)
    return {"type": "lines", "lines": lines, "series": [], "count": len(lines), "more": len(lines) == most}


def _lines(data: dict[str, Any]) -> list[JsonValue]:
    try:
        found = [
            (int(at), {str(name): str(value) for name, value in stream["stream"].items()}, str(line))
            for stream in data["result"]
            for at, line, *_ in stream["values"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unanswerable("It answered with lines that cannot be read.") from None
    found.sort(key=lambda one: -one[0])
    return [{"at": _at(at), "labels": {**labels}, "line": line} for at, labels, line in found]


def _at(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC).isoformat(timespec="milliseconds")


LOKI = Connector(
    kind="loki",
    greeting="/loki/api/v1/labels",
    verbs={
        "query": Verb(
            reads=True,
            says="The newest lines that a LogQL query finds in a while that ends now, or numbers of them.",
            takes=closed(
                ("query",),
                query=text(most=4000, says='LogQL, with $name for each of values: {app=$app} |= "error"'),
                values=VALUES,
                since=text(DURATION, says="How far back: 15m when it is not said"),
                step=text(DURATION, says="Of a query that counts: how far its points are apart"),
                limit=number(1, MOST, says=f"How many lines: {FEW} when it is not said"),
            ),
            gives=frozenset({"type", "lines", "series", "count", "more"}),
            does=query,
            plain=frozenset({"query"}),
            check=query_of,
        ),
    },
)
