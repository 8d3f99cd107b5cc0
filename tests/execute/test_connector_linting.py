"""What lint says of verbs before anybody asks, of connectors that are called as their kind is."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.ask.lint import lint
from bot.ask.manifest import Manifest
from bot.ask.reading import Finding, Unreadable, read_as
from bot.execute.connectors import linting
from tests.ask.conftest import DEPLOY, FILES

VERBS = ["prometheus:query", "alertmanager:silences:create", "alertmanager:silences:list", "metrics:query"]
QUERY = {"query": "up{service=$service}", "values": {"service": "${inputs.service}"}}
SILENCE = {"labels": {"service": "${inputs.service}"}, "for": "30m", "comment": "Deploys ${inputs.version}"}


def step(name: str, connector: str, verb: str, takes: dict[str, Any], **more: Any) -> dict[str, Any]:
    call = {"name": connector, "verb": verb, "with": takes}
    return {"id": name, "title": "Do it", "timeout": "5s", "repeat": "pure", "connector": call, **more}


def whole() -> dict[str, Any]:
    data: dict[str, Any] = copy.deepcopy(DEPLOY)
    data["permissions"]["verbs"] = list(VERBS)
    probe = {
        "connector": {
            "name": "alertmanager",
            "verb": "silences:list",
            "with": {"operation": "${idempotency_key}"},
        }
    }
    data["steps"] = [
        step("look", "prometheus", "query", copy.deepcopy(QUERY)),
        step("silence", "alertmanager", "silences:create", copy.deepcopy(SILENCE), repeat="reconcilable", probe=probe, undo=["python3"]),
        step("other", "metrics", "query", {"whatever": "it takes"}),
    ]  # fmt: skip
    return data


def findings(data: dict[str, Any]) -> list[Finding]:
    manifest = read_as(Manifest, data)
    return list(lint(manifest, folder="deploy", runbook_name="deploy", files=FILES, also=(linting.verbs,)))


def test_what_is_right_is_not_found_and_another_name_is_looked_at_later() -> None:
    assert findings(whole()) == []


@pytest.mark.parametrize(
    ("path", "new", "at", "message", "hint"),
    [
        pytest.param("permissions/verbs/0", "prometheus:qery", "permissions/verbs/0", "prometheus has no verb qery", "Did you mean query?", id="permitting what is not there"),
        pytest.param("steps/0/connector/verb", "qeury", "steps/0/connector/verb", "prometheus has no verb qeury", "Did you mean query?", id="asking what is not there"),
        pytest.param("steps/0/connector/with/qeury", "up", "steps/0/connector/with/qeury", "it takes no qeury", "Did you mean query?", id="an argument misspelt"),
        pytest.param("steps/0/connector/with/query", ..., "steps/0/connector", '"query" is missing in with', "PromQL", id="an argument missing"),
        pytest.param("steps/0/connector/with/query", "up{a='${inputs.service}'}", "steps/0/connector/with/query", "nothing is filled into query", "Write $name there", id="filled into a query"),
        pytest.param("steps/0/connector/with/query", 'up{a="$service"}', "steps/0/connector/with", "$service may only stand right after =", "", id="a value within quotes"),
        pytest.param("steps/0/connector/with/query", "up{a=$servce}", "steps/0/connector/with", "The query names $servce, and values has no servce", "", id="a value misspelt"),
        pytest.param("steps/1/connector/with/for", "30 minutes", "steps/1/connector/with/for", "'30 minutes' does not match", "", id="no duration"),
        pytest.param("steps/0/connector/expect", {"cuont": 1}, "steps/0/connector/expect/cuont", "the answer has no cuont", "Did you mean count?", id="expecting what is not given"),
        pytest.param("steps/1/repeat", "pure", "steps/1/connector", "alertmanager:silences:create changes something", "", id="a pure step that writes"),
        pytest.param("steps/1/undo", ..., "steps/1", "on_fail is undo, and silence has no undo", "", id="no undo"),
        pytest.param("effects", {"read_only": True, "destructive": False}, "permissions/verbs/1", "a read-only skill may do alertmanager:silences:create", "", id="read-only with a verb that writes"),
        pytest.param("steps/1/probe/connector/verb", "silences:create", "steps/1/probe/connector", "changes something, and this may only look", "", id="a probe that writes"),
        pytest.param("steps/0/connector/expect", {"count": "${secrets.x}"}, "steps/0/connector/expect/count", "may not stand here", "", id="a secret in what is expected"),
        pytest.param("steps/0/connector/with/values", {"service": "${secrets.x}"}, "steps/0/connector/with/values/service", "may not stand here", "", id="a secret in an argument"),
    ],
)  # fmt: skip
def test_mistake(path: str, new: object, at: str, message: str, hint: str) -> None:
    data = whole()
    place: Any = data
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        place = place[part]
    if new is ...:
        del place[last]
    else:
        place[last] = new
    said = findings(data)
    where = tuple(int(part) if part.isdigit() else part for part in at.split("/"))
    found = [one for one in said if one.path == where and message in one.message]
    assert found, said
    assert hint in found[0].hint


def test_what_is_observed_is_what_the_answer_has() -> None:
    data = whole()
    call = {"name": "prometheus", "verb": "query", "with": {"query": "up == 1"}}
    data["done_when"] = {
        "measure": {"timeout": "5s", "connector": call},
        "checks": [{"name": "all", "observed": "value", "equals": 1.0}, {"name": "n", "observed": "conut", "at_least": 1}],
    }  # fmt: skip
    [found] = findings(data)
    assert (found.path, found.message) == (("done_when", "checks", 1, "observed"), "the answer has no conut")
    data["done_when"]["checks"].pop()
    assert findings(data) == []
    call["verb"] = "silences:create"
    assert "this may only look" in " ".join(one.message for one in findings(data))
    data["done_when"]["measure"]["run"] = ["python3"]
    with pytest.raises(Unreadable, match="exactly one of run, connector"):
        read_as(Manifest, data)
