"""What an editor is told about the policy files is what the loader does."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator

from bot.artifacts import schemas, yaml_marks
from bot.artifacts.schemas import Document
from bot.assess.facts import vocabulary
from bot.assess.policy import Document as Placed
from bot.assess.policy import Policies, PolicyError

ROOT = Path(__file__).parents[2]
KINDS: tuple[Document, ...] = get_args(Document)
SHIPPED = sorted(ROOT.glob("policies/*.yaml"))
REGENERATE = "Run: for kind in policy people prices connectors models mcp; do assent policy schema $kind > docs/schemas/$kind.schema.json; done"

POLICY = """\
policy: p
version: 1
owner: "@platform"
purpose: What is checked.
applies_to: [deploy]
gates:
  - {id: two, why: Because., when: "true", require: {all_of: [{group: release, count: 2}]}}
"""
TABLE = """\
tests:
  base: {request.skill: deploy, actor.principal: alice}
  rows:
    - [a row, {request.risk: 10}, allow, [two], 2]
"""
MODELS = """\
version: "1"
tiers:
  small: {model: openai/tiny, api_base: "https://models.acme.test/v1", credential: {from: "env:KEY"}}
"""


def kind_of(path: Path) -> Document:
    return next((kind for kind in KINDS if kind == path.stem), "policy")


@cache
def validator(kind: Document) -> Draft7Validator:
    return Draft7Validator(schemas.schema(kind))


def fits(kind: Document, text: str) -> bool:
    return validator(kind).is_valid(yaml_marks.read(text.encode(), file="f.yaml")[0])


def loads(kind: Document, text: str) -> bool:
    """Whether the strict loader takes it, beside a policy that is right."""
    name = "p" if kind == "policy" else kind
    files = {"policies/p.yaml": POLICY, f"policies/{name}.yaml": text}
    try:
        Policies.load(
            {file: Placed(*yaml_marks.read(said.encode(), file=file)) for file, said in files.items()}
        )
    except PolicyError:
        return False
    return True


def objects(node: Any) -> list[dict[str, Any]]:
    """Every object of a schema that names its keys."""
    if isinstance(node, list):
        return [found for one in node for found in objects(one)]
    if not isinstance(node, dict):
        return []
    here = [node] if node.get("type") == "object" and isinstance(node.get("properties"), dict) else []
    return here + [found for one in node.values() for found in objects(one)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kept_file_is_what_the_code_says(kind: Document) -> None:
    kept = (ROOT / "docs" / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert kept == schemas.text(kind), REGENERATE


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema_and_every_object_in_it_is_closed(kind: Document) -> None:
    whole = schemas.schema(kind)
    Draft7Validator.check_schema(whole)
    found = objects(whole)
    assert found
    assert all(one["additionalProperties"] is False for one in found)
    assert "$defs" not in json.dumps(whole)
    assert "prefixItems" not in json.dumps(whole), "Draft 7 has items"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_fits_and_names_its_schema(path: Path) -> None:
    kind = kind_of(path)
    data, _ = yaml_marks.load(path)
    assert [error.message for error in validator(kind).iter_errors(data)] == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../docs/schemas/{kind}.schema.json"
    assert (path.parent / first.partition("=")[2]).is_file()


def test_tables_know_every_fact_and_what_it_can_be() -> None:
    facts = schemas.schema("policy")["definitions"]["Facts"]["properties"]
    assert list(facts) == list(vocabulary())
    assert facts["request.environment"]["enum"] == ["development", "staging", "production"]
    assert (facts["request.risk"]["minimum"], facts["request.risk"]["maximum"]) == (0, 100)


def test_keys_are_explained_and_defaults_are_written_as_people_write_them() -> None:
    keys = schemas.schema("policy")["properties"]
    assert keys["expires_after"]["description"] == "How long it waits for answers; silence then denies."
    assert (keys["expires_after"]["default"], keys["grant_expires_after"]["default"]) == ("4h", "1h")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("policy", POLICY, id="the least"),
        pytest.param("policy", POLICY + TABLE, id="a table"),
        pytest.param("policy", POLICY + "expires_after: 90s\n", id="a duration"),
        pytest.param("policy", POLICY + 'budgets: [{scope: team, period: day, limit_usd: "0.50"}]\n', id="money"),
        pytest.param("policy", POLICY + "invariants: [{id: i, given: 'true', never: allow}]\n", id="one word"),
        pytest.param("policy", POLICY + "invariants: [{id: i, given: 'true', only: [deny]}]\n", id="a list"),
        pytest.param("policy", POLICY.replace("require:", "allow: null, require:"), id="null is not there"),
        pytest.param("policy", POLICY + "freeze_windows: [{id: f, tz: UTC, from: 2026-01-01T00:00, to: 2026-01-02 00:00}]\n", id="wall clock"),
        pytest.param("people", "people: {alice: {slack: [U0ALICE]}}\ngroups: {release: slack, b: [alice], c: {members: slack, delegation: allowed}}\n", id="groups"),
        pytest.param("people", "groups: {release: {schedule: ical, url: 'https://x'}}\n", id="a calendar"),
        pytest.param("connectors", "connectors: {prom: {kind: prometheus, url: 'http://x:9090', credential: {from: {command: [pass, show]}, as: basic}}, slack: {kind: slack}}\n", id="connectors"),
        pytest.param("models", MODELS, id="models"),
        pytest.param("models", MODELS.replace("env:KEY", "file:/run/key"), id="a key in a file"),
        pytest.param("models", MODELS.replace('"env:KEY"', "{command: [vault, read, key]}"), id="a key from a vault"),
        pytest.param("mcp", "servers: {a: {command: [python3, /srv/a.py], secrets: {KEY: {command: [pass, a]}}, files: {read: [/srv]}}}\n", id="a server that is started"),
        pytest.param("mcp", f"servers: {{a: {{url: 'https://x', credential: {{from: env:A}}, tools: {{findHost: {{digest: 'sha256:{'0' * 64}', read_only: true}}}}}}}}\n", id="a server that is reached"),
        pytest.param("prices", "version: 2026-11\nunits: {seconds: {usd: '.000045', per: 10}}\n", id="prices"),
    ],
)  # fmt: skip
def test_fits_and_loads(kind: Document, text: str) -> None:
    assert fits(kind, text)
    assert loads(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("policy", POLICY + "on_slience: deny\n", id="unknown key"),
        pytest.param("policy", POLICY.replace("count:", "cuont:"), id="unknown key of a seat"),
        pytest.param("policy", POLICY.replace("version: 1", "version: '1'"), id="a number in quotes"),
        pytest.param("policy", POLICY.replace("version: 1\n", ""), id="a key is missing"),
        pytest.param("policy", POLICY.replace("policy: p", "policy: p q"), id="no id"),
        pytest.param("policy", POLICY + "on_silence: allow\n", id="wrong word"),
        pytest.param("policy", POLICY + "expires_after: 4 hours\n", id="no duration"),
        pytest.param("policy", POLICY + "expires_after: 14400\n", id="a duration without a unit"),
        pytest.param("policy", POLICY + "escalation: [{after: 1w, remind: needed}]\n", id="no unit"),
        pytest.param("policy", POLICY + "budgets: [{scope: team, period: day, limit_usd: 0.5}]\n", id="money without quotes"),
        pytest.param("policy", POLICY + "budgets: [{scope: team, period: day, limit_usd: '1_000'}]\n", id="no money"),
        pytest.param("policy", POLICY + "budgets: [{scope: team, period: day, limit: '1'}]\n", id="the name in the code"),
        pytest.param("policy", POLICY.replace("require:", "deny: No., require:"), id="two effects"),
        pytest.param("policy", POLICY.replace(", require: {all_of: [{group: release, count: 2}]}", ""), id="no effect"),
        pytest.param("policy", POLICY.replace("group: release", "group: release, person: bob"), id="two in a seat"),
        pytest.param("policy", POLICY.replace("require: {", "require: {exclude: [everyone], "), id="no relation"),
        pytest.param("policy", POLICY + TABLE.replace("request.risk", "request.rsik"), id="unknown fact in a row"),
        pytest.param("policy", POLICY + TABLE.replace("request.skill", "skill"), id="unknown fact in base"),
        pytest.param("policy", POLICY + TABLE.replace(", actor.principal: alice", ""), id="base without the requester"),
        pytest.param("policy", POLICY + TABLE.replace("risk: 10", "risk: 101"), id="a fact out of range"),
        pytest.param("policy", POLICY + TABLE.replace("allow,", "approve,"), id="no decision"),
        pytest.param("policy", POLICY + TABLE.replace(", 2]", "]"), id="four columns"),
        pytest.param("policy", POLICY + "let: {Not-A-Word: 'true'}\n", id="no name for a let"),
        pytest.param("policy", POLICY + "freeze_windows: [{id: f, tz: UTC, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00}]\n", id="an offset"),
        pytest.param("people", "people: {alice: {slack: [alice]}}\ngroups: {release: slack}\n", id="no member id"),
        pytest.param("people", "groups: {release: google}\n", id="no such place"),
        pytest.param("people", "groups: {release: {schedule: ical, url: 'https://x', path: y}}\n", id="two places"),
        pytest.param("connectors", "connectors: {p: {kind: promteheus, url: 'http://x'}}\n", id="no kind"),
        pytest.param("connectors", "connectors: {p: {kind: prometheus}}\n", id="no address"),
        pytest.param("mcp", "servers: {a: {tools: {}}}\n", id="no way to a server"),
        pytest.param("mcp", "servers: {a: {command: 'python3 x'}}\n", id="a shell string"),
        pytest.param("mcp", "servers: {a: {command: [x], secrets: {KEY: hunter2}}}\n", id="a secret written out"),
        pytest.param("mcp", "servers: {a: {url: 'https://x', tools: {t: {digest: 'sha256:0'}}}}\n", id="no digest"),
        pytest.param("mcp", f"servers: {{a: {{url: 'https://x', tools: {{t: {{digest: 'sha256:{'0' * 64}', readonly: true}}}}}}}}\n", id="a misspelt judgement"),
        pytest.param("connectors", "connectors: {p: {kind: prometheus, url: 'http://x', token: abc}}\n", id="a credential written out"),
        pytest.param("connectors", "connectors: {p: {kind: prometheus, url: 'http://x', credential: {from: 'abc'}}}\n", id="a value for a reference"),
        pytest.param("connectors", "connectors: {k: {kind: kubernetes, url: 'https://x', namespaces: []}}\n", id="an allow-list of nobody"),
        pytest.param("connectors", "connectors: {g: {kind: github, repositories: ['*']}}\n", id="every repository"),
        pytest.param("models", MODELS.replace("small:", "medium:"), id="no tier"),
        pytest.param("models", MODELS.replace("openai/tiny", "tiny"), id="no provider"),
        pytest.param("models", MODELS.replace('from: "env:KEY"', "value: sk-1"), id="a key itself"),
        pytest.param("models", MODELS.replace('"env:KEY"', "sk-1"), id="a key as a reference"),
        pytest.param("prices", "version: a\nunits: {s: {usd: 3}}\n", id="a price without quotes"),
        pytest.param("prices", "version: a\ncurrency: EUR\n", id="another currency"),
    ],
)  # fmt: skip
def test_does_not_fit_and_does_not_load(kind: Document, text: str) -> None:
    assert not fits(kind, text)
    assert not loads(kind, text)
