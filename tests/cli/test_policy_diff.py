"""`assent policy diff`: what a change would decide otherwise, rehearsed before it is merged."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHANGE = """\
  - id: change
    why: somebody else should look
    when: request.mode == "mutate"
    require: {all_of: [{group: release}]}
"""


@pytest.fixture
def draft(artifacts: dict[str, str], tmp_path: Path) -> Path:
    """A copy of the policies, for a test to change."""
    return Path(shutil.copytree(artifacts["ASSENT_POLICIES"], tmp_path / "draft"))


def change(draft: Path, old: str, new: str, file: str = "simple.yaml") -> None:
    text = (draft / file).read_text()
    assert old in text
    (draft / file).write_text(text.replace(old, new))


def compared(assent: Any, env: dict[str, str], draft: Path, *more: str) -> Any:
    ran = assent("policy", "diff", env["ASSENT_POLICIES"], str(draft), "--json", *more, env=env)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def no_looser(assent: Any, env: dict[str, str], draft: Path) -> int:
    return int(assent("policy", "diff", env["ASSENT_POLICIES"], str(draft), "--no-looser", env=env).code)


def test_what_is_the_same_has_no_differences(assent, artifacts, draft: Path) -> None:
    said = compared(assent, artifacts, draft)
    assert (said["examples"], said["decisions"], said["shifts"]) == (2, [], [])
    assert no_looser(assent, artifacts, draft) == 0
    ran = assent("policy", "diff", artifacts["ASSENT_POLICIES"], str(draft), env=artifacts)
    assert "All 2 examples are decided alike." in ran.said


def test_one_more_person_is_stricter_and_one_less_looser(assent, artifacts, draft: Path) -> None:
    change(draft, "[{group: release}]", "[{group: release, count: 2}]")
    change(draft, "require, [change], 1", "require, [change], 2")
    said = compared(assent, artifacts, draft)
    [row] = said["decisions"]
    assert (row["example"], row["change"]) == ("simple: a change", "stricter")
    assert (row["old"]["people"], row["new"]["people"]) == (1, 2)
    total = {"skill": "deploy", "environment": "staging", "same": 1, "stricter": 1, "looser": 0, "both": 0}
    assert said["totals"] == [total]
    assert no_looser(assent, artifacts, draft) == 0
    back = assent("policy", "diff", str(draft), artifacts["ASSENT_POLICIES"], "--no-looser", env=artifacts)
    assert back.code == 1
    assert "require by simple/change, 2 people require by simple/change, 1 person looser" in back.said


def test_looser_is_a_finding_only_when_asked(assent, artifacts, draft: Path) -> None:
    change(draft, "require: {all_of: [{group: release}]}", "allow: true")
    change(draft, "require, [change], 1", "allow, [change], 0")
    assert compared(assent, artifacts, draft)["decisions"][0]["change"] == "looser"
    assert no_looser(assent, artifacts, draft) == 1


def test_a_row_of_the_old_table_still_speaks_when_the_new_one_dropped_it(
    assent, artifacts, draft: Path
) -> None:
    change(draft, CHANGE, "")
    change(draft, "    - [a change, {request.mode: mutate}, require, [change], 1]\n", "")
    [row] = compared(assent, artifacts, draft)["decisions"]
    assert (row["example"], row["change"], row["new"]["effect"]) == ("simple: a change", "stricter", "deny")


def test_risk_that_only_one_side_adds_is_seen(assent, artifacts, draft: Path) -> None:
    """The tables give the risk as summed by their own policies."""
    for folder in (Path(artifacts["ASSENT_POLICIES"]), draft):
        risky = 'when: request.mode == "mutate" && request.risk >= 50'
        change(folder, 'when: request.mode == "mutate"', risky)
        change(folder, "actor.principal: alice", "actor.principal: alice, request.risk: 60")
    change(draft, "budgets:", "risk: [{add: -20, when: skill.open_world, why: it is fine}]\nbudgets:")
    said = compared(assent, artifacts, draft)
    assert [(one["part"], one["what"]) for one in said["shifts"]] == [("simple/risk", "other risk rows")]
    [row] = said["decisions"]
    assert (row["old"]["effect"], row["new"]["effect"]) == ("require", "deny")


@pytest.mark.parametrize(
    ("file", "old", "new", "part", "how"),
    [
        ("simple.yaml", '"50"', '"60"', "simple/budgets", "looser"),
        ("people.yaml", "[alice, bob]", "[bob]", "people/release", "stricter"),
        ("people.yaml", "[alice, bob]", "slack", "people/release", "both"),
    ],
)
def test_what_no_row_shows_counts_too(
    assent, artifacts, draft: Path, file: str, old: str, new: str, part: str, how: str
) -> None:
    change(draft, old, new, file)
    [shift] = compared(assent, artifacts, draft)["shifts"]
    assert (shift["part"], shift["change"]) == (part, how)
    assert no_looser(assent, artifacts, draft) == (0 if how == "stricter" else 1)


def test_recorded_requests_are_examples_too(
    assent, artifacts, draft: Path, redis_url: str, asked: str
) -> None:
    """The draft forgets a case that no table has: a risk of 25."""
    env = {**artifacts, "REDIS_URL": redis_url}
    change(draft, 'when: request.mode == "mutate"', 'when: request.mode == "mutate" && request.risk > 25')
    said = compared(assent, env, draft)
    assert said["examples"] == 3
    [row] = said["decisions"]
    assert row["example"].startswith(f"{asked}: /assent deploy")
    assert (row["change"], row["new"]["because"]) == ("stricter", ["simple/silence"])
    assert compared(assent, env, draft, "--history", "0")["examples"] == 2


def test_without_a_store_the_tables_are_compared_and_that_is_said(assent, artifacts, draft: Path) -> None:
    ran = assent("policy", "diff", artifacts["ASSENT_POLICIES"], str(draft), env=artifacts)
    assert ran.code == 0
    assert "Recorded requests were not looked at" in ran.err


def test_a_git_revision_stands_for_the_folder_as_it_was(assent, artifacts, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.test", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    policies = Path(artifacts["ASSENT_POLICIES"])
    git("init", "--quiet")
    git("add", policies.name)
    git("commit", "--quiet", "-m", "As it was")
    change(policies, '"50"', '"60"')
    ran = assent("policy", "diff", "HEAD", str(policies), "--json", env=artifacts)
    assert [one["what"] for one in json.loads(ran.out)["shifts"]] == ["team a month: $50.00 → $60.00"]


def test_policies_that_do_not_load_cannot_be_compared(assent, artifacts, draft: Path) -> None:
    change(draft, "version: 1", "vesion: 1")
    ran = assent("policy", "diff", artifacts["ASSENT_POLICIES"], str(draft), env=artifacts)
    assert ran.code == 2
    assert "simple.yaml" in ran.err
    assert assent("policy", "diff", "nowhere", str(draft), env=artifacts).code == 2


def test_a_connector_that_leads_elsewhere_is_a_difference(assent, artifacts, draft: Path) -> None:
    """Another address may be a better one: nobody can tell which is stricter, so somebody must look."""
    was = "connectors:\n  am: {kind: alertmanager, url: 'http://a'}\n  old: {kind: slack}\n"
    (Path(artifacts["ASSENT_POLICIES"]) / "connectors.yaml").write_text(was)
    now = "connectors:\n  am: {kind: alertmanager, url: 'http://b'}\n  new: {kind: slack}\n"
    (draft / "connectors.yaml").write_text(now)
    said = compared(assent, artifacts, draft)
    assert [(one["part"], one["change"]) for one in said["shifts"]] == [
        ("connectors/am", "both"),
        ("connectors/new", "looser"),
        ("connectors/old", "stricter"),
    ]
    assert no_looser(assent, artifacts, draft) == 1


def test_another_model_is_a_difference(assent, artifacts, draft: Path) -> None:
    text = "version: '1'\ntiers: {small: {model: openai/%s, api_base: 'https://a/v1'}%s}\n"
    (Path(artifacts["ASSENT_POLICIES"]) / "models.yaml").write_text(text % ("one", ""))
    large = ", large: {model: openai/two, api_base: 'https://b/v1'}"
    (draft / "models.yaml").write_text(text % ("other", large))
    said = compared(assent, artifacts, draft)
    assert [(one["part"], one["change"]) for one in said["shifts"]] == [
        ("models/large", "looser"),
        ("models/small", "both"),
    ]
    assert no_looser(assent, artifacts, draft) == 1
