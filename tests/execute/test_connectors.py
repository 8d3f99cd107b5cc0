"""What may be asked of a connector: permitted, known, in its shape; and no value becomes a part of the words."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.ask.manifest import ConnectorCall, reads_only
from bot.ask.reading import read_as
from bot.assess.connected import Connectors
from bot.execute.connectors import VERBS
from bot.execute.connectors.connector import Unanswerable, path
from bot.execute.connectors.fitting import fitted, weight
from bot.execute.connectors.quoting import filled
from bot.execute.steps.connector import Calling, answered, ready
from bot.terms import Refused

CONNECTORS = read_as(
    Connectors,
    {
        "connectors": {
            "prometheus": {"kind": "prometheus", "url": "http://127.0.0.1:9090"},
            "alerts": {"kind": "alertmanager", "url": "http://127.0.0.1:9093"},
        }
    },
)
INPUTS = {"${inputs.job}": 'a"b\\c', "${inputs.count}": "3", "${inputs.word}": "three"}
PERMITTED = (
    "prometheus:query",
    "prometheus:range:query",
    "alerts:silences:create",
    "alerts:silences:creat",
    "loki:query",
)


def fill(text: str) -> str:
    return re.sub(r"\$\{[^}]*\}", lambda mark: INPUTS[mark[0]], text)


def made(said: dict[str, Any], **more: Any) -> Calling:
    call = read_as(ConnectorCall, said)
    usual: dict[str, Any] = {
        "permitted": PERMITTED,
        "connectors": CONNECTORS,
        "key": "0" * 32,
        "timeout_s": 5.0,
        "output_limit": 1 << 14,
    }
    return ready(call, fill, **(usual | more))


@pytest.mark.parametrize("kind", VERBS)
def test_every_verb_says_by_its_name_whether_it_reads_and_takes_a_closed_object(kind: str) -> None:
    for name, verb in VERBS[kind].items():
        assert reads_only(name) == verb.reads, name
        Draft202012Validator.check_schema(dict(verb.takes))
        assert verb.takes["additionalProperties"] is False
        assert verb.plain <= verb.takes["properties"].keys()
        assert verb.says
        assert verb.gives


QUERY = {"name": "prometheus", "verb": "query", "with": {"query": "up"}}
SILENCE = {
    "name": "alerts",
    "verb": "silences:create",
    "with": {"labels": {"job": "x"}, "for": "1h", "comment": "why"},
}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param({**QUERY, "verb": "rules:list"}, "prometheus:rules:list is not in permissions.verbs", id="not permitted"),
        pytest.param({**QUERY, "name": "loki"}, "loki:query cannot be asked: policies/connectors.yaml has none of that name", id="not configured"),
        pytest.param({**SILENCE, "verb": "silences:creat"}, "alertmanager has no verb silences:creat. Did you mean silences:create?", id="no such verb"),
        pytest.param({**QUERY, "with": {"qeury": "up"}}, "it takes no qeury. Did you mean query?", id="an argument misspelt"),
        pytest.param({**QUERY, "with": {}}, "'query' is a required property", id="an argument is missing"),
        pytest.param({**QUERY, "with": {"query": 3}}, "query: 3 is not of type 'string'", id="of another type"),
        pytest.param({**QUERY, "with": {"query": "up{job='${inputs.job}'}"}}, "Nothing is filled into query", id="filled into a query"),
        pytest.param({**QUERY, "with": {"query": "up{job=$job}"}}, "The query names $job, and values has no job.", id="a value that nobody gave"),
        pytest.param({**QUERY, "with": {"query": "up", "values": {"job": "x"}}}, "values has job, and the query names no $job.", id="a value for nothing"),
        pytest.param({**SILENCE, "with": {"labels": {}, "for": "1h", "comment": "why"}}, "labels", id="a silence of everything"),
        pytest.param({**SILENCE, "with": {"labels": {"a=b": "x"}, "for": "1h", "comment": "why"}}, "labels", id="no name of a label"),
        pytest.param({**SILENCE, "with": {"labels": {"a": "x"}, "for": "for ever", "comment": "why"}}, "for", id="no duration"),
    ],
)  # fmt: skip
def test_what_must_not_be_asked_is_refused_before_anything_is(said: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        made(said)


def test_a_value_that_stands_alone_is_a_number_where_a_number_is_taken() -> None:
    takes = {"query": "x == $n", "values": {"n": "${inputs.count}"}}
    assert made({**QUERY, "with": takes}).arguments["values"] == {"n": "3"}
    assert made({**QUERY, "expect": {"count": "${inputs.count}"}}).expect == {"count": "3"}


@pytest.mark.parametrize(
    ("query", "value", "said"),
    [
        ("up{job=$v}", 'a"} or vector(1) #', r'up{job="a\"} or vector(1) #"}'),
        ("up{job=$v}", "a\\", r'up{job="a\\"}'),
        ("up{job!=$v}", "a\nb", r'up{job!="a\u000ab"}'),
        ("up{job=~$v}", ".*", r'up{job=~"\\.\\*"}'),
        ("up{job !~ $v}", "a|b", r'up{job !~ "a\\|b"}'),
        ('{app="x"} |= $v', "`${x}$v", '{app="x"} |= "`${x}$v"'),
        ("{app='x'} |~ $v | json", "(a+)+$", r"""{app='x'} |~ "\\(a\\+\\)\\+\\$" | json"""),
        ('label_replace(up{job=$v}, "a", "$1", "b", "(.*)")', "x", 'label_replace(up{job="x"}, "a", "$1", "b", "(.*)")'),
    ],
)  # fmt: skip
def test_a_value_is_a_string_and_no_part_of_the_query(query: str, value: str, said: str) -> None:
    assert filled(query, {"v": value}) == said


@pytest.mark.parametrize(
    "query",
    [
        'up{job="$v"}',
        'up{job="x=$v"}',
        "up{job='=$v'}",
        "up{job=`=$v`}",
        "rate(x[$v])",
        "$v",
        "up{$v}",
        "up # =$v",
        'up{a="=$v}',
        "label_replace(up, $v)",
    ],
)
def test_a_value_stands_nowhere_else(query: str) -> None:
    with pytest.raises(Refused, match=r"may only stand right after|never closed"):
        filled(query, {"v": "x"})


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_part_of_a_path_never_leads_upwards(part: str) -> None:
    with pytest.raises(Unanswerable):
        path("api", part)
    assert path("a/../b", "c?d=e#f", "%2e%2e") == "/a%2F..%2Fb/c%3Fd%3De%23f/%252e%252e"


@pytest.mark.parametrize(
    ("expect", "found", "asks", "code"),
    [
        ({}, {"count": 0}, False, 0),
        ({}, {"count": 0}, True, 1),
        ({}, {"count": 2}, True, 0),
        ({}, {"count": 2, "warnings": ["partial"]}, True, 2),
        ({"count": 0}, {"count": 0}, True, 0),
        ({"count": "2"}, {"count": 2}, True, 0),
        ({"count": 3}, {"count": 2}, True, 1),
        ({"cuont": 3}, {"count": 2}, True, 2),
        ({"of.this": "x"}, {"of": {"this": "x"}}, False, 0),
        ({"of.this": "x"}, {"of": {"this": None}}, True, 1),
        ({"of.that": "x"}, {"of": {"this": None}}, True, 2),
        ({"of.this.deep": "x"}, {"of": {"this": "x"}}, True, 2),
    ],
)  # fmt: skip
def test_an_answer_is_a_yes_a_no_or_neither(
    expect: dict[str, Any], found: dict[str, Any], asks: bool, code: int
) -> None:
    assert answered(made({**QUERY, "expect": expect}, asks=asks), found)[0] == code


def test_an_answer_that_is_too_large_loses_its_end_and_says_how_much() -> None:
    found: dict[str, Any] = {"count": 50, "series": [{"n": number, "text": "é" * 20} for number in range(50)]}
    cut = fitted(found, 1000)
    assert weight(cut) <= 1000
    assert cut["count"] == 50
    assert cut["series"] + found["series"][len(cut["series"]) :] == found["series"]
    assert cut["left_out"] == 50 - len(cut["series"])
    assert fitted(found, 1 << 20) == found
    for hopeless in ({"text": "x" * 2000}, {"series": ["x" * 2000]}):
        with pytest.raises(Unanswerable, match="raise the limit"):
            fitted(hopeless, 1000)


def test_a_line_end_is_no_part_of_a_name() -> None:
    for labels in ({"job\n": "x"}, {"job": "x", "a ": "y"}):
        with pytest.raises(Refused, match="labels"):
            made({**SILENCE, "with": {"labels": labels, "for": "1h", "comment": "why"}})
    with pytest.raises(Refused, match="for"):
        made({**SILENCE, "with": {"labels": {"job": "x"}, "for": "1h\n", "comment": "why"}})


@pytest.mark.parametrize(
    ("found", "code"),
    [({"count": 0}, 0), ({"count": 3}, 0), ({"count": 3, "more": True}, 2), ({"count": 3, "warnings": ["partial"]}, 2)],
)  # fmt: skip
def test_nothing_found_is_measured_and_a_part_is_not(found: dict[str, Any], code: int) -> None:
    assert answered(made(QUERY, measures=True), found)[0] == code
