"""Loki, asked as steps ask it: a small API of our own that answers what the test says. It is not Loki."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.connectors.asking import ask, found
from tests.connectors.serving import serving

AT = "170000000"


@dataclass
class Logs:
    heard: list[web.Request] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    async def answer(self, asked: web.Request) -> web.StreamResponse:
        self.heard.append(asked)
        return web.json_response({"status": "success", "data": self.data})


@pytest.fixture
async def loki() -> AsyncIterator[tuple[Logs, dict[str, Any]]]:
    there = Logs()
    async with serving(there.answer) as url:
        yield there, {"kind": "loki", "url": url, "tenant": "shop"}


Small = tuple[Logs, dict[str, Any]]


async def test_lines_of_all_streams_come_newest_first(loki: Small) -> None:
    there, settings = loki
    there.data = {
        "resultType": "streams",
        "result": [
            {
                "stream": {"app": "a"},
                "values": [["1700000003000000000", "three"], ["1700000001000000000", "one"]],
            },
            {"stream": {"app": "b"}, "values": [["1700000002000000000", "two"]]},
        ],
    }
    said = await found(settings, "query", query='{app=~".+"}', since="1h", limit=3)
    assert [(one["line"], one["labels"]["app"]) for one in said["lines"]] == [
        ("three", "a"), ("two", "b"), ("one", "a"),
    ]  # fmt: skip
    assert (said["count"], said["more"], said["lines"][0]["at"]) == (3, True, "2023-11-14T22:13:23.000+00:00")
    [asked] = there.heard
    assert (asked.path, asked.headers["X-Scope-OrgID"]) == ("/loki/api/v1/query_range", "shop")
    assert float(asked.query["end"]) - float(asked.query["start"]) == pytest.approx(3600, abs=0.01)


async def test_a_value_is_a_string_of_the_query_and_no_part_of_it(loki: Small) -> None:
    there, settings = loki
    there.data = {"resultType": "streams", "result": []}
    hostile = '"} |= "" or {app="secret'
    await found(settings, "query", query="{app=$app} |~ $word", values={"app": hostile, "word": ".*"})
    expected = '{app="\\"} |= \\"\\" or {app=\\"secret"} |~ "\\\\.\\\\*"'
    assert there.heard[0].query["query"] == expected


async def test_numbers_are_told_as_prometheus_tells_them(loki: Small) -> None:
    there, settings = loki
    there.data = {"resultType": "matrix", "result": [{"metric": {"app": "a"}, "values": [[1700000000, "3"]]}]}
    said = await found(settings, "query", query="sum by (app) (count_over_time({app=~'.+'}[1m]))", step="1m")
    assert said["series"] == [{"labels": {"app": "a"}, "points": [[1700000000.0, 3.0]]}]
    assert (said["type"], said["lines"], there.heard[0].query["step"]) == ("matrix", [], "1m")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"resultType": "streams"},
        {"resultType": "streams", "result": [{"stream": {}, "values": [["soon", "x"]]}]},
        {"resultType": "streams", "result": [{"stream": [], "values": [["1", "x"]]}]},
        {"resultType": "matrix", "result": [{"metric": {}, "values": [["x"]]}]},
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_answer(loki: Small, data: dict[str, Any]) -> None:
    there, settings = loki
    there.data = data
    assert (await ask(settings, "query", {"query": "{a='b'}"}, asks=True)).exit_code == 2
