"""Every kind of step, what may be permitted, and what is said when one does not fit the other."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.ask.catalog import Manifest
from bot.ask.lint import lint
from bot.ask.manifest import HttpRequest
from bot.ask.reading import Finding, Unreadable, read_as
from bot.execute.steps import Asked, what
from bot.terms import Refused

from .conftest import DEPLOY, FILES

HTTP = {
    "method": "POST",
    "url": "https://api.acme.test/deploys",
    "headers": {"Authorization": "Bearer ${secrets.token}"},
    "body": {"version": "${inputs.version}"},
    "expect": {"status": [201]},
}
CONNECTOR = {"name": "kubernetes", "verb": "deployments:patch", "with": {"name": "${inputs.service}"}}
MODEL = {
    "prompt": "Why did ${inputs.service} fail?",
    "schema": {"type": "object", "additionalProperties": False},
    "tools": ["loki:logs:query"],
    "ceilings": {"usd": "0.05", "calls": 6},
}
ASK = {"question": "Go on with ${inputs.version}?", "choices": ["Yes", "No"], "who": ["platform"]}
MCP = {"server": "inventory", "tool": "find_host", "with": {"name": "${inputs.service}"}}
PERMITTED = {
    "exec": ["python3"],
    "env": ["ASSENT_TARGET"],
    "hosts": ["api.acme.test", "${env.ASSENT_TARGET}"],
    "files": {"read": ["/etc/acme"]},
    "verbs": ["kubernetes:deployments:patch", "loki:logs:query", "mcp:inventory:find_host"],
    "secrets": {"token": {"from": "env:DEPLOY_TOKEN", "steps": ["call"]}},
}  # fmt: skip


def step(name: str, kind: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": "Do it", "timeout": "5s", "repeat": "pure", kind: body, **more}


def whole() -> dict[str, Any]:
    """The manifest of the other tests with one step of each kind and every key that there is."""
    data: dict[str, Any] = copy.deepcopy(DEPLOY)
    data["permissions"] = copy.deepcopy(PERMITTED)
    data["steps"] += [
        step("call", "http", copy.deepcopy(HTTP), repeat="idempotent", undo={"run": ["python3"]}, retry={"attempts": 3}),
        step("patch", "connector", copy.deepcopy(CONNECTOR), repeat="reconcilable",
             probe={"http": {"method": "GET", "url": "${env.ASSENT_TARGET}/deploys"}},
             undo={"connector": copy.deepcopy(CONNECTOR)}),
        step("think", "model", copy.deepcopy(MODEL)),
        step("sure", "ask", copy.deepcopy(ASK)),
        step("find", "mcp", copy.deepcopy(MCP)),
    ]  # fmt: skip
    data |= {
        "not_for": ["deploy a database"],
        "lifecycle": "deprecated",
        "replaced_by": "ship",
        "preconditions": [
            {
                "id": "quiet",
                "title": "No incident is open",
                "timeout": "5s",
                "http": {"method": "GET", "url": "https://api.acme.test/incidents"},
            }
        ],
        "on_cancel": "stop",
        "evidence": ["switch", "measure"],
        "audit": {"redact": ["note"]},
        "approval": {"people": 2, "groups": ["platform"]},
    }
    data["limits"] |= {"memory_mb": 256, "processes": 16, "max_parallel_runs": 2}
    data["inputs"]["properties"]["service"]["x-source"] = "catalog.services"
    return data


def findings(data: dict[str, Any]) -> list[Finding]:
    try:
        manifest = read_as(Manifest, data)
    except Unreadable as error:
        return list(error.findings)
    return list(lint(manifest, folder="deploy", runbook_name="deploy", files=FILES))


def put(data: dict[str, Any], path: str, new: object) -> dict[str, Any]:
    at: Any = data
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        at = at[part]
    if new is ...:
        del at[last]
    else:
        at[last] = new
    return data


def test_every_key_and_every_kind_reads() -> None:
    manifest = read_as(Manifest, whole())
    assert [type(one).__name__ for one in manifest.steps] == [
        "CommandStep", "HttpStep", "ConnectorStep", "ModelStep", "AskStep", "McpStep",
    ]  # fmt: skip
    assert manifest.steps[1].undo == ("python3",)
    assert findings(whole()) == []


def test_a_question_is_nothing_that_a_runner_carries_out() -> None:
    with pytest.raises(Refused, match="asks people a question"):
        what(read_as(Manifest, whole()).steps[4])


def test_a_verb_of_a_connector_is_a_question_where_it_stands_as_a_probe_or_an_undo() -> None:
    patch = read_as(Manifest, whole()).steps[2]
    actions = [action for action in (patch.probe, patch.undo) if action]
    assert isinstance(what(actions[0]), HttpRequest)
    found = [what(patch), what(actions[1])]
    assert [(type(one), getattr(one, "answers", None)) for one in found] == [(Asked, False), (Asked, True)]


@pytest.mark.parametrize(
    ("path", "new", "at", "message", "hint"),
    [
        pytest.param("steps/1/run", ["python3"], "steps/1", "should have exactly one of run, http, connector, model, ask, mcp", "", id="two kinds"),
        pytest.param("steps/1/htpp", {}, "steps/1/htpp", 'unknown key "htpp"', "Did you mean http?", id="a kind misspelt"),
        pytest.param("steps/1/http/methd", "GET", "steps/1/http/methd", 'unknown key "methd"', "Did you mean method?", id="inside a kind"),
        pytest.param("steps/1/http/method", "TRACE", "steps/1/http/method", "should be 'GET'", "", id="method"),
        pytest.param("steps/2/probe/http/urll", "x", "steps/2/probe/http/urll", 'unknown key "urll"', "Did you mean url?", id="inside a probe"),
        pytest.param("steps/2/undo", {"run": ["python3"], "timeout": "1s"}, "steps/2/undo", "beside run there is no timeout", "", id="more beside run"),
        pytest.param("steps/2/undo", {"model": MODEL}, "steps/2/undo", "an argv list, or exactly one of run, http, connector, mcp", "", id="an undo of another kind"),
        pytest.param("steps/2/undo", "kubectl rollout undo", "steps/2/undo", "should be a list", "", id="an undo as a shell string"),
        pytest.param("preconditions/0/run", ["python3"], "preconditions/0", "exactly one of run, http, connector", "", id="two kinds of precondition"),
        pytest.param("preconditions/0/http", ..., "preconditions/0", "exactly one of run, http, connector", "", id="no kind of precondition"),
        pytest.param("preconditions/0/http/method", "POST", "preconditions/0/http", "POST changes something, and this may only look", "Use GET", id="a precondition that acts"),
        pytest.param("preconditions/0/id", "switch", "steps/0/id", 'a precondition has the id "switch" too', "", id="one id twice"),
        pytest.param("steps/2/probe/http/method", "DELETE", "steps/2/probe/http", "DELETE changes something", "Use GET", id="a probe that acts"),
        pytest.param("steps/1/repeat", "pure", "steps/1/http", "POST changes something", "Use GET", id="a pure step that acts"),
        pytest.param("steps/2/retry", {"attempts": 2}, "steps/2/retry", "patch is reconcilable: after a failure nobody knows", "Only pure and idempotent", id="retry where nobody knows"),
        pytest.param("steps/1/retry/attempts", 1, "steps/1/retry/attempts", "greater than or equal to 2", "", id="a retry that is none"),
        pytest.param("steps/4/repeat", "at_most_once", "steps/4/repeat", "sure only asks", "Write repeat: pure.", id="a question is pure"),
        pytest.param("steps/4/ask/choices", ["Yes", "Yes"], "steps/4/ask", "two choices are the same", "", id="a choice twice"),
        pytest.param("steps/4/ask/choices", ["Yes", "-y"], "steps/4/ask", "may not start with a dash", "", id="a choice that would be an option"),
        pytest.param("steps/4/ask/stop_on", ["Never"], "steps/4/ask", "stop_on has 'Never', which is not one of the choices", "", id="stopping on no choice"),
        pytest.param("steps/4/ask/stop_on", ["Yes", "No"], "steps/4/ask", "no answer would let the run go on", "", id="stopping on everything"),
        pytest.param("steps/4/ask/who", [], "steps/4/ask/who", "needs at least one", "", id="a question to nobody"),
        pytest.param("steps/4/ask/who", ["@sre"], "steps/4/ask/who/0", "write sre, without the @", "", id="a group with its at"),
        pytest.param("steps/4/ask/who", [{"persons": "bob"}], "steps/4/ask/who/0", "a group by its name, {person: alice}, or requester", "", id="whoever that is"),
        pytest.param("steps/4/ask/who", ["on call"], "steps/4/ask/who/0", "a group by its name", "", id="a group of two words"),
        pytest.param("steps/4/ask/exclude", ["author"], "steps/4/ask/exclude/0", "should be 'requester'", "", id="leaving out somebody else"),
        pytest.param("steps/4/ask/question", "?" * 1001, "steps/4/ask/question", "at most 1000", "", id="a question nobody reads"),
        pytest.param("steps/4/retry", {"attempts": 2}, "steps/4/retry", "sure is asked once", "a longer timeout", id="a question tried again"),
        pytest.param("steps/4/undo", ["python3"], "steps/4/undo", "there is nothing to undo", "", id="a question undone"),
        pytest.param("steps/4/ask/question", "${steps.sure.answer}?", "steps/4/ask/question", "nothing is known as ${steps.sure.answer}", "Only answers to ask and model steps before", id="its own answer"),
        pytest.param("steps/0/title", "${steps.sure.answer}", "steps/0/title", "nothing is known as ${steps.sure.answer}", "Only answers to ask and model steps before", id="an answer before it is given"),
        pytest.param("steps/5/mcp/with/name", "${steps.call.answer}", "steps/5/mcp/with/name", "nothing is known as ${steps.call.answer}", "Known here: steps.sure.answer.", id="an answer of a step that asks nothing"),
        pytest.param("steps/4/ask/question", "${secrets.token}?", "steps/4/ask/question", "may not stand here", "", id="a secret in a question"),
        pytest.param("steps/4/ask/choices", ["Yes"], "steps/4/ask/choices", "needs at least", "", id="one choice is none"),
        pytest.param("steps/3/model/schema", {"type": "objct"}, "steps/3/model/schema", "this is no JSON Schema", "", id="no schema"),
        pytest.param("steps/3/model/schema", {"type": "object"}, "steps/3/model/schema", "an object with additionalProperties: false", "", id="an open answer"),
        pytest.param("steps/3/model/ceilings", ..., "steps/3/model", '"ceilings" is missing', "", id="no ceiling"),
        pytest.param("steps/3/model/tools", ["kubernetes:deployments:patch"], "steps/3/model/tools/0", "not known to only read", "", id="a model that writes"),
        pytest.param("steps/3/model/tools", ["loki:logs:search"], "steps/3/model/tools/0", "loki:logs:search is not in permissions.verbs", "Did you mean loki:logs:query?", id="a tool not permitted"),
        pytest.param("steps/3/model/tools", ["mcp:inventory:list"], "steps/3/model/tools/0", "mcp:inventory:list is a tool of an MCP server", "verbs of connectors", id="a model with a tool of a server"),
        pytest.param("steps/3/model/ceilings/calls", ..., "steps/3/model/ceilings", "nothing says how often they may be asked", "Add calls", id="tools without an end"),
        pytest.param("steps/3/model/prompt", "${secrets.token}", "steps/3/model/prompt", "${secrets.token} may not stand here", "", id="a secret in a prompt"),
        pytest.param("steps/1/http/url", "https://api.acme.test/${secrets.token}", "steps/1/http/url", "may not stand here", "", id="a secret in an address"),
        pytest.param("steps/0/run/1", "${secrets.token}", "steps/0/run/1", "may not stand here", "", id="a secret in an argument"),
        pytest.param("permissions/secrets/token/steps", ["switch"], "steps/1/http/headers/Authorization", "may not stand here", "", id="a secret of another step"),
        pytest.param("permissions/secrets/token/steps", ["cal"], "permissions/secrets/token/steps/0", "there is no step cal", "Did you mean call?", id="a secret for nobody"),
        pytest.param("permissions/secrets/token/steps", ["call", "paln"], "permissions/secrets/token/steps/1", "there is no step paln", "Did you mean plan?", id="a secret for no plan"),
        pytest.param("permissions/secrets/token/optional", True, "steps/1/http/headers/Authorization", "may not stand here", "A secret that is not optional", id="a secret that may be missing"),
        pytest.param("permissions/secrets/token/from", "hunter2", "permissions/secrets/token/from", "a secret is from env:NAME", "", id="a secret written out"),
        pytest.param("permissions/secrets/token/from", {"command": "pass show x"}, "permissions/secrets/token/from/command", "should be a list", "", id="a secret by a shell"),
        pytest.param("permissions/hosts/0", "https://api.acme.test", "permissions/hosts/0", "a host is api.acme.test", "", id="an address for a host"),
        pytest.param("permissions/hosts/0", "*", "permissions/hosts/0", "a host is api.acme.test", "", id="every host"),
        pytest.param("permissions/hosts/1", "${env.OTHER}", "permissions/hosts/1", "OTHER is not in permissions.env", "", id="a host from an unseen variable"),
        pytest.param("permissions/files/read/0", "etc", "permissions/files/read/0", "a place is an absolute path", "", id="a relative place"),
        pytest.param("permissions/verbs/0", "patch", "permissions/verbs/0", "a verb is connector:what:action", "", id="a verb of nothing"),
        pytest.param("permissions/execs", [], "permissions/execs", 'unknown key "execs"', "Did you mean exec?", id="a permission misspelt"),
        pytest.param("steps/1/http/url", "https://evil.test/x", "steps/1/http/url", "evil.test is not in permissions.hosts", "", id="a host not permitted"),
        pytest.param("steps/1/http/url", "https://api.acme.test:8443/x", "steps/1/http/url", "api.acme.test:8443 is not in permissions.hosts", "Did you mean api.acme.test?", id="another port"),
        pytest.param("steps/1/http/url", "https://${inputs.service}.test", "steps/1/http/url", "would be filled in", "Only ${env.NAME}", id="a host that people type"),
        pytest.param("steps/1/http/url", "https://api.acme.test@evil.test/", "steps/1/http/url", "a name or password stands in the address", "", id="a host behind an at"),
        pytest.param("steps/1/http/url", "ftp://api.acme.test", "steps/1/http/url", "does not begin with a host", "Begin with https://", id="another scheme"),
        pytest.param("steps/1/http/body/version", "${inputs.verison}", "steps/1/http/body/version", "nothing is known as ${inputs.verison}", "Did you mean inputs.version?", id="deep in a body"),
        pytest.param("steps/2/connector/verb", "deployments:delete", "steps/2/connector", "kubernetes:deployments:delete is not in permissions.verbs", "Did you mean", id="a verb not permitted"),
        pytest.param("steps/5/mcp/tool", "drop_host", "steps/5/mcp", "mcp:inventory:drop_host is not in permissions.verbs", "", id="a tool of a server not permitted"),
        pytest.param("lifecycle", "stable", "replaced_by", "its lifecycle is stable", "Write lifecycle: deprecated", id="replaced while in use"),
        pytest.param("replaced_by", "deploy", "replaced_by", "does not replace itself", "", id="replaced by itself"),
        pytest.param("evidence", ["swich"], "evidence/0", "there is no step swich", "Did you mean switch?", id="evidence of nothing"),
        pytest.param("audit/redact", ["notes"], "audit/redact/0", 'there is no input "notes"', "Did you mean note?", id="redacting nothing"),
        pytest.param("approval/people", 0, "approval/people", "greater than or equal to 1", "", id="a floor of nobody"),
        pytest.param("inputs/properties/service/x-source", "services", "inputs/properties/service/x-source", "a source has dots", "", id="a source without its kind"),
        pytest.param("inputs/properties/service/x-sorce", "a.b", "inputs/properties/service/x-sorce", 'unknown key "x-sorce"', "Did you mean x-source?", id="a source misspelt"),
    ],
)  # fmt: skip
def test_mistake(path: str, new: object, at: str, message: str, hint: str) -> None:
    where = tuple(int(part) if part.isdigit() else part for part in at.split("/") if part)
    said = findings(put(whole(), path, new))
    found = [one for one in said if one.path == where and message in one.message]
    assert found, said
    assert hint in found[0].hint


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("steps/4/ask/who", ["requester", "sre", {"group": "owners"}, {"person": "alice"}]),
        ("steps/4/ask/exclude", ["requester"]),
        ("steps/4/ask/stop_on", ["No"]),
        ("steps/5/title", "They said ${steps.sure.answer}"),
        ("steps/5/mcp/with/name", "${steps.sure.answer}"),
        ("done_when/measure/run", ["python3", "${steps.sure.answer}"]),
        ("done_when/checks/0", {"name": "as told", "observed": "told", "equals": "${steps.sure.answer}"}),
    ],
)
def test_what_a_question_may_say_and_where_its_answer_may_stand(path: str, new: object) -> None:
    assert findings(put(whole(), path, new)) == []


def test_a_secret_is_for_steps_of_the_plan_preconditions_and_the_measurement_too() -> None:
    data = put(whole(), "permissions/secrets/token/steps", ["plan", "first", "call", "measure"])
    body = {"method": "GET", "url": "https://api.acme.test/up", "headers": {"X": "${secrets.token}"}}
    data["preconditions"] = [{"id": "first", "title": "It is up", "timeout": "5s", "http": body}]
    assert [one for one in findings(data) if "not carried out" not in one.message] == []


def test_a_secret_goes_to_nothing_that_only_has_the_same_name() -> None:
    """A plan runs before anybody approves: it must not get what was meant for a step."""
    data = put(whole(), "plan/0/id", "call")
    found = [one for one in findings(data) if one.path == ("permissions", "secrets", "token", "steps", 0)]
    assert [one.message for one in found] == [
        '"call" may be any of 2: of the plan, of the run, or the measurement'
    ]


SAYS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cause", "lines"],
    "properties": {"cause": {"type": "string"}, "lines": {"type": "array"}, "maybe": {"type": "string"}},
}


def thinking() -> dict[str, Any]:
    return put(whole(), "steps/3/model/schema", copy.deepcopy(SAYS))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("steps/4/title", "Because of ${steps.think.cause}"),
        ("steps/4/ask/question", "Go on though ${steps.think.cause}?"),
        ("steps/5/mcp/with/name", "${steps.think.cause}"),
    ],
)
def test_where_what_a_model_said_may_stand(path: str, new: object) -> None:
    assert [one for one in findings(put(thinking(), path, new)) if "not carried out" not in one.message] == []


def test_a_later_prompt_takes_whatever_a_model_said() -> None:
    data = thinking()
    model = {
        **copy.deepcopy(MODEL),
        "tools": [],
        "prompt": "Look at ${steps.think.lines} of ${steps.think.cause}.",
    }
    data["steps"].append(step("again", "model", model))
    assert not [one for one in findings(data) if one.path[:2] == ("steps", 6)]


@pytest.mark.parametrize(
    ("path", "new", "hint"),
    [
        pytest.param("steps/2/undo", ["python3", "${steps.think.cause}"], "is for later steps", id="before it is said"),
        pytest.param("steps/5/title", "${steps.think.cuase}", "Did you mean cause?", id="misspelt"),
        pytest.param("steps/5/title", "${steps.think.maybe}", "add maybe to required", id="not always there"),
        pytest.param("steps/5/title", "${steps.think.lines}", "Give lines one type of string", id="a list as text"),
        pytest.param("steps/4/ask/choices", ["Yes", "${steps.think.cause}"], "it decides nothing", id="a choice"),
        pytest.param("done_when/measure/run", ["python3", "${steps.think.cause}"], "it decides nothing", id="what is measured"),
        pytest.param("done_when/checks/0", {"name": "x", "observed": "x", "equals": "${steps.think.cause}"}, "it decides nothing", id="what is good"),
        pytest.param("effects/lock", "${steps.think.cause}", "it decides nothing", id="a lock"),
    ],
)  # fmt: skip
def test_where_what_a_model_said_may_not_stand(path: str, new: object, hint: str) -> None:
    found = [
        one for one in findings(put(thinking(), path, new)) if "nothing is known as ${steps." in one.message
    ]
    assert len(found) == 1, findings(put(thinking(), path, new))
    assert hint in found[0].hint


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        ("steps/5/run", ["${steps.think.cause}", "x"], "the program to run is never filled in"),
        ("steps/1/http/url", "https://${steps.think.cause}/x", "would be filled in"),
        ("steps/2/connector/verb", "${steps.think.cause}", "is not in permissions.verbs"),
        ("permissions/verbs/0", "${steps.think.cause}", "a verb is connector:what:action"),
    ],
)
def test_what_a_model_said_names_no_program_host_or_verb(path: str, new: object, message: str) -> None:
    data = thinking()
    if path == "steps/5/run":
        data["steps"][5] = step("last", "run", new)
    else:
        data = put(data, path, new)
    assert any(message in one.message for one in findings(data)), findings(data)


def test_an_answer_never_becomes_code() -> None:
    data = put(whole(), "steps/4/id", "sure")
    data["steps"].append(step("late", "run", ["python3", "-c", "print('${steps.sure.answer}')"]))
    found = [one.message for one in findings(data) if one.rule == "shell-string"]
    assert found == ["values would be filled into the code that python3 runs"]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"permissions": {"exec": ["python3"], "verbs": ["github:pulls:write"]}}, ("permissions", "verbs", 0)),
        ({"permissions": {"exec": ["python3"], "files": {"write": ["/var/lib"]}}}, ("permissions", "files", "write", 0)),
        ({"steps": [step("call", "http", {"method": "DELETE", "url": "https://api.acme.test"})]}, ("steps", 0, "http")),
        ({"steps": [step("merge", "connector", {"name": "github", "verb": "pulls:merge"})]}, ("steps", 0, "connector")),
    ],
)  # fmt: skip
def test_a_skill_that_says_it_only_reads_has_no_verb_that_writes(
    change: dict[str, Any], at: tuple[str | int, ...]
) -> None:
    data = copy.deepcopy(DEPLOY) | {"on_fail": "stop", "steps": [step("look", "run", ["python3"])]} | change
    data["effects"] = {"read_only": True, "destructive": False}
    assert at in [one.path for one in findings(data)]


def test_where_a_stop_is_undone_every_step_that_acts_has_an_undo() -> None:
    data = copy.deepcopy(DEPLOY) | {"on_fail": "stop", "on_cancel": "undo"}
    del data["steps"][0]["undo"]
    assert [one.message for one in findings(data)] == ["on_cancel is undo, and switch has no undo"]
