"""`policies/connectors.yaml` is strict: what it does not mean to say does not load, with file and line."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import pytest

from bot.artifacts import yaml_marks
from bot.assess.policy import Document, Policies, PolicyError

POLICY = """\
policy: p
version: 1
owner: "@platform"
purpose: What is checked.
applies_to: ["*"]
gates:
  - {id: free, why: Because., when: "true", allow: true}
"""


def load(text: str) -> Policies:
    files = {"policies/p.yaml": POLICY, "policies/connectors.yaml": text}
    return Policies.load(
        {file: Document(*yaml_marks.read(said.encode(), file=file)) for file, said in files.items()}
    )


def test_without_the_file_there_are_none_and_with_it_they_have_their_names() -> None:
    files = {"policies/p.yaml": Document(*yaml_marks.read(POLICY.encode(), file="p"))}
    assert Policies.load(files).connectors.connectors == {}
    found = load("connectors:\n  metrics-eu: {kind: prometheus, url: 'https://prom.acme.test/eu/'}\n")
    assert found.connectors.connectors["metrics-eu"].url == "https://prom.acme.test/eu"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param("{kind: promteheus, url: 'http://x'}", "needs a kind: prometheus, alertmanager", id="no such kind"),
        pytest.param("{url: 'http://x'}", "needs a kind", id="no kind"),
        pytest.param("{kind: prometheus}", '"url" is missing', id="no address"),
        pytest.param("{kind: prometheus, url: 'http://x', credental: {}}", 'unknown key "credental". Did you mean credential?', id="a key misspelt"),
        pytest.param("{kind: prometheus, url: 'ftp://x'}", "an address is https://", id="another scheme"),
        pytest.param("{kind: prometheus, url: 'http://a:b@x'}", "a password does not stand in an address", id="a password in it"),
        pytest.param("{kind: prometheus, url: 'http://x/?a=b'}", "an address ends with its path", id="a query in it"),
        pytest.param("{kind: prometheus, url: 'http://x/../y'}", "an address ends with its path", id="upwards"),
        pytest.param("{kind: prometheus, url: 'http://x:port'}", "an address is https://", id="no port"),
        pytest.param("{kind: prometheus, url: 'http://x', ca: ca.crt}", "a path begins with /", id="a relative path"),
        pytest.param("{kind: prometheus, url: 'http://x', credential: hunter2}", "mapping", id="a value written out"),
        pytest.param("{kind: prometheus, url: 'http://x', credential: {from: hunter2}}", "a secret is from env:NAME", id="a value for a reference"),
        pytest.param("{kind: prometheus, url: 'http://x', credential: {from: env:A, as: digest}}", "'bearer' or 'basic'", id="another way to say it"),
        pytest.param("{kind: kubernetes, url: 'https://x'}", '"namespaces" is missing', id="every namespace"),
        pytest.param("{kind: kubernetes, url: 'https://x', namespaces: []}", "needs at least one", id="no namespace"),
        pytest.param("{kind: kubernetes, url: 'https://x', namespaces: ['*']}", "a name is lower-case words", id="a star"),
        pytest.param("{kind: github, repositories: [shop]}", "repositories", id="no owner"),
        pytest.param("{kind: git, repositories: {shop: ../shop}}", "a path begins with /", id="a folder beside"),
        pytest.param("{kind: slack, url: 'https://slack.com'}", 'unknown key "url"', id="another Slack"),
    ],
)  # fmt: skip
def test_what_it_does_not_mean_to_say_arms_nothing(entry: str, words: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load(f"connectors:\n  it: {entry}\n")
    assert words in str(refused.value)
    assert str(refused.value).startswith("policies/connectors.yaml:2:")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [("mcp", "slack", "are tools of MCP servers"), ("kubernetes", "slack", "kubernetes is a kind, and this is slack")],
)  # fmt: skip
def test_a_name_that_means_something_else_is_none(name: str, kind: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        load(f"connectors:\n  {name}: {{kind: {kind}}}\n")
