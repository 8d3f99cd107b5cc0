"""The reusable workflow and the hooks, run as a team's repository runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.artifacts import yaml_marks

ROOT = Path(__file__).resolve().parents[2]
ASSENT = Path(sys.executable).parent / "assent"


def data(path: str) -> Any:
    return yaml_marks.load(ROOT / path)[0]


WORKFLOW = data(".github/workflows/skills.yaml")
STEPS = WORKFLOW["jobs"]["check"]["steps"]
SCRIPTS = {step["name"]: step["run"] for step in STEPS if "run" in step and step["name"] != "Install"}
HOOKS = data(".pre-commit-hooks.yaml")


class Team:
    """A repository with one reviewed skill, and the environment that CI would give."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "GIT_"))
        }
        path = f"{ASSENT.parent}{os.pathsep}{clean['PATH']}"
        self.environment = clean | {"PATH": path, "STRICT": "", "BASE": "", "ASSENT_SKILLS": "skills"}
        self.run("assent skills new set-flag && mkdir policies && assent skills lock --reviewed-by ann")
        self.run("git init --quiet && git config user.email ann@acme.test && git config user.name Ann")
        self.commit("Begin")

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]  # as GitHub runs a step
        return subprocess.run(
            argv, cwd=self.folder, env=self.environment | more, capture_output=True, text=True, timeout=120
        )

    def commit(self, subject: str) -> None:
        assert (
            self.run(f"git add -A && git -c commit.gpgsign=false commit --quiet -m '{subject}'").returncode
            == 0
        )

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "skills" / "set-flag" / "skill.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_a_reviewed_skill_passes_every_step_of_the_workflow(team: Team) -> None:
    for name, script in SCRIPTS.items():
        ran = team.run(script)
        assert ran.returncode == 0, (name, ran.stdout, ran.stderr)
    assert '"version": "2.1.0"' in (team.folder / "skills.sarif").read_text()


def test_what_a_pull_request_did_wrong_fails_the_step_that_looks_at_it(team: Team) -> None:
    base = team.run("git rev-parse HEAD").stdout.strip()
    team.edit("exec: [python3]", "exec: [python3, git]")
    team.commit("Let it use git")
    quick = {name: script for name, script in SCRIPTS.items() if name != "Cases"}
    codes = {name: team.run(script, BASE=base).returncode for name, script in quick.items()}
    assert codes == {"Lint": 1, "Versions": 1, "Reviewed, signed, not revoked": 1}
    team.edit("version: 0.1.0", "version: 1.0.0")
    assert team.run("assent skills lock --reviewed-by bob").returncode == 0
    team.commit("Say what it is")
    codes = {name: team.run(script, BASE=base).returncode for name, script in quick.items()}
    assert set(codes.values()) == {0}


def test_a_finding_is_an_annotation_at_its_line(team: Team) -> None:
    team.edit("lifecycle: draft", "lifecycle: draught")
    ran = team.run(SCRIPTS["Lint"])
    assert ran.returncode == 1
    assert "::error file=skills/set-flag/skill.yaml,line=4,col=1,title=manifest::" in ran.stdout


def test_nothing_that_callers_say_is_written_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", ""), step


def test_other_peoples_actions_are_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) == 3
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)


def test_it_asks_for_no_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["check"]["permissions"] == {"contents": "read", "security-events": "write"}


def test_the_inputs_and_hooks_that_are_told_are_those_there_are() -> None:
    told = (ROOT / "docs" / "team-skills.md").read_text()
    table = told.partition("| input | |")[2].partition("It lints")[0]
    assert set(re.findall(r"`([a-z-]+)`(?=[,` |])", table)) >= set(WORKFLOW["on"]["workflow_call"]["inputs"])
    assert re.findall(r"- id: (\S+)", told) == [hook["id"] for hook in HOOKS]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_passes_on_what_was_reviewed(team: Team, hook: dict[str, Any]) -> None:
    ran = team.run(hook["entry"])
    assert ran.returncode == 0, ran.stderr
    if pattern := hook.get("files"):
        assert re.search(pattern, "skills/set-flag/skill.yaml")
        assert re.search(pattern, "skills/set-flag/scripts/plan.py")
        assert not re.search(pattern, "README.md")
