"""`assent policy simulate --autonomy`: what a record would have let through, from the store or an export."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

POLICY = """
gates:
  - id: look
    why: somebody else should look
    when: request.mode == "mutate" && !request.destructive
    require: {all_of: [{group: release}]}
    earned: {runs: 5, success_lb: 0.5}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def earning(artifacts: dict[str, str]) -> dict[str, str]:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().partition("gates:")[0] + POLICY)
    return artifacts


def record(number: int, state: str = "done", **facts: object) -> dict[str, Any]:
    """One request as `requests list --json` prints it, as far as it is looked at."""
    asked = START + timedelta(days=number)
    return {
        "id": f"r-{number}", "state": state, "asked_at": asked.isoformat(),
        "updated_at": (asked + timedelta(hours=1)).isoformat(), "skill": "deploy", "version": "1.0.0",
        "digest": "sha256:" + "1" * 64, "inputs": {"service": "checkout"}, "environment": "staging",
        "decision": {"effect": "require"}, "steps": [],
        "facts": {
            "request.skill": "deploy", "request.environment": "staging", "request.mode": "mutate",
            "request.destructive": False, "request.risk": 20, "actor.principal": "alice", **facts,
        },
    }  # fmt: skip


def export(tmp_path: Path, *records: dict[str, Any]) -> str:
    path = tmp_path / "requests.json"
    path.write_text(json.dumps(records))
    return str(path)


def test_what_it_would_have_let_through_from_an_export(assent, earning, tmp_path: Path) -> None:
    path = export(tmp_path, *(record(number) for number in range(20)))
    ran = assent("policy", "simulate", "--autonomy", "--from", path, "--json", env=earning)
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    [gate] = said["gates"]
    assert (said["looked_at"], gate["rule"], gate["about"]) == (20, "simple/look", 20)
    assert len(gate["relaxed"]) + len(gate["picked_for_review"]) == 15
    assert gate["sampled"] == len(gate["picked_for_review"]) / 15
    assert gate["relaxed"][0]["would_be"] == "allow"
    assert gate["short_of"]["runs"] == 5
    shown = assent("policy", "simulate", "--autonomy", "--from", path, env=earning)
    assert f"simple/look: about 20 requests, a record enough for {len(gate['relaxed'])}" in shown.said


def test_what_would_have_ended_badly_is_a_finding(assent, earning, tmp_path: Path) -> None:
    bad = next(n for n in range(6, 30) if relaxed(assent, earning, tmp_path, n))
    rows = [record(number) for number in range(bad)]
    path = export(tmp_path, *rows, record(bad, "rolled_back"), record(bad + 1))
    ran = assent("policy", "simulate", "--autonomy", "--from", path, "--json", env=earning)
    assert ran.code == 1
    said = json.loads(ran.out)
    [demotion] = said["gates"][0]["demotions"]
    assert (said["ended_badly"], demotion["request"], demotion["state"]) == (1, f"r-{bad}", "rolled_back")
    assert demotion["until"].startswith((START + timedelta(days=bad + 30)).date().isoformat())
    shown = assent("policy", "simulate", "--autonomy", "--from", path, env=earning)
    assert f"by r-{bad} (rolled_back), not earned again before" in shown.said
    assert "1 ended badly and people said no to 0" in shown.said


def relaxed(assent: Any, env: dict[str, str], tmp_path: Path, number: int) -> bool:
    """Whether a request of that number is not picked for review."""
    path = export(tmp_path, *(record(one) for one in range(number + 1)))
    ran = assent("policy", "simulate", "--autonomy", "--from", path, "--json", env=env)
    return f"r-{number}" in {one["request"] for one in json.loads(ran.out)["gates"][0]["relaxed"]}


def test_requests_in_the_store_are_history_too(assent, earning, redis_url: str, asked: str) -> None:
    env = {**earning, "REDIS_URL": redis_url}
    ran = assent("policy", "simulate", "--autonomy", "--json", env=env)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["looked_at"] == 1
    listed = assent("requests", "list", "--json", env=env)
    (Path(earning["ASSENT_POLICIES"]).parent / "listed.json").write_text(listed.out)
    again = assent("policy", "simulate", "--autonomy", "--from", "listed.json", "--json", env=earning)
    assert json.loads(again.out) == json.loads(ran.out)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "cannot be read"),
        ("{}", "is no list of requests"),
        ("[]", "There is no recorded request"),
        (
            '[{"id": "r-1", "facts": {"request.skill": "deploy"}, "decision": {"effect": "deny"}}]',
            "is not what",
        ),
        ('[{"id": "r-1"}]', "1 requests in"),
    ],
    ids=["no JSON", "no list", "nothing in it", "half of a request", "without facts"],
)
def test_what_is_no_export_is_said(assent, earning, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "it.json").write_text(text)
    ran = assent("policy", "simulate", "--autonomy", "--from", "it.json", env=earning)
    assert ran.code == 2
    assert words in ran.err


def test_without_a_gate_that_earns_there_is_nothing_to_show(assent, artifacts, tmp_path: Path) -> None:
    path = export(tmp_path, record(1))
    ran = assent("policy", "simulate", "--autonomy", "--from", path, env=artifacts)
    assert ran.code == 2
    assert "No gate has `earned`." in ran.err
    ran = assent("policy", "simulate", "deploy", "x", "--autonomy", "--from", path, env=artifacts)
    assert (ran.code, "leave the request out" in ran.err) == (2, True)
