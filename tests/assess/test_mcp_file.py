"""`policies/mcp.yaml` is strict: what it does not mean to say does not load, with file and line."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import pytest

from bot.artifacts import yaml_marks
from bot.assess.policy import Document, Policies, PolicyError
from bot.assess.policy_shifts import shifts
from tests.assess.test_connectors_file import POLICY

DIGEST = f"sha256:{'0' * 64}"
OTHER = f"sha256:{'1' * 64}"


def load(text: str) -> Policies:
    files = {"policies/p.yaml": POLICY, "policies/mcp.yaml": text}
    return Policies.load(
        {file: Document(*yaml_marks.read(said.encode(), file=file)) for file, said in files.items()}
    )


def test_without_the_file_there_are_none_and_nothing_is_read_only_by_itself() -> None:
    files = {"policies/p.yaml": Document(*yaml_marks.read(POLICY.encode(), file="p"))}
    assert Policies.load(files).servers.servers == {}
    found = load(
        f"servers:\n  inventory: {{command: [inventory], tools: {{findHost: {{digest: '{DIGEST}'}}}}}}\n"
    )
    assert found.servers.servers["inventory"].tools["findHost"].read_only is False


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param("{tools: {}}", "needs exactly one of command", id="no way to it"),
        pytest.param("{command: [x], url: 'https://x'}", "needs exactly one of command", id="two ways"),
        pytest.param("{command: 'python3 x.py'}", "should be a list", id="a shell string"),
        pytest.param("{command: []}", "needs at least one", id="nothing to start"),
        pytest.param("{command: [x], host: [y]}", 'unknown key "host". Did you mean hosts?', id="a key misspelt"),
        pytest.param("{command: [x], hosts: ['*.acme.test']}", "a host is api.acme.test", id="any host"),
        pytest.param("{command: [x], files: {read: [data]}}", "a place is an absolute path", id="a relative place"),
        pytest.param("{command: [x], secrets: {KEY: hunter2}}", "a secret is from env:NAME", id="a value for a reference"),
        pytest.param("{command: [x], env: [A], secrets: {A: env:B}}", "A is in env too", id="one variable twice"),
        pytest.param("{command: [x], credential: {from: env:A}}", 'unknown key "credential"', id="a credential for a program"),
        pytest.param("{url: 'http://mcp.acme.test'}", "http:// is for this machine's own loopback", id="in the clear"),
        pytest.param("{url: 'https://a:b@x'}", "a password does not stand in an address", id="a password in it"),
        pytest.param("{url: 'https://x', env: [A]}", 'unknown key "env"', id="a variable for an address"),
        pytest.param("{url: 'https://x', tools: [find]}", "should be a mapping", id="tools without digests"),
        pytest.param("{url: 'https://x', tools: {find: {read_only: true}}}", '"digest" is missing', id="a tool without its digest"),
        pytest.param("{url: 'https://x', tools: {find: {digest: abc}}}", "a digest is sha256:", id="no digest"),
        pytest.param(f"{{url: 'https://x', tools: {{find: {{digest: '{DIGEST}', read_only: 'yes'}}}}}}", "should be true or false", id="no claim"),
        pytest.param(f"{{url: 'https://x', tools: {{'find host': {{digest: '{DIGEST}'}}}}}}", "a tool is letters, digits", id="no name"),
    ],
)  # fmt: skip
def test_what_it_does_not_mean_to_say_arms_nothing(entry: str, words: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load(f"servers:\n  it: {entry}\n")
    assert words in str(refused.value)
    assert str(refused.value).startswith("policies/mcp.yaml:2:")
    assert "hunter2" not in str(refused.value)


def test_what_differs_between_two_of_them_is_told() -> None:
    old = load(
        f"servers:\n  a: {{command: [a], tools: {{x: {{digest: '{DIGEST}'}}, y: {{digest: '{DIGEST}'}}}}}}\n  b: {{command: [b]}}\n"
    )
    new = load(
        f"servers:\n  a: {{command: [a], tools: {{x: {{digest: '{OTHER}'}}, z: {{digest: '{DIGEST}'}}}}}}\n  c: {{url: 'https://c'}}\n"
    )
    said = [(one.part, one.what, one.direction.name) for one in shifts(old, new)]
    assert said == [
        ("mcp/a", "+z, -y, ~x", "BOTH"),
        ("mcp/b", "it is gone: skills that use it do not start", "STRICTER"),
        ("mcp/c", "it is new (https://c)", "LOOSER"),
    ]
