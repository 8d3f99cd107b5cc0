"""`assent skills diff`: what changed since the review, found in git, and whether the version says so."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.test", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def reviewed(artifacts: dict[str, str], tmp_path: Path) -> Path:
    """The shipped skills in a repository, locked and committed; gives the folder of deploy."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "its-skills")
    git(tmp_path, "commit", "--quiet", "-m", "Reviewed")
    return Path(artifacts["ASSENT_SKILLS"]) / "deploy"


def rows(ran: Any) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(ran.out)}


def test_what_is_as_reviewed_has_no_differences(assent, artifacts, reviewed: Path) -> None:
    ran = assent("skills", "diff", "--json", env=artifacts)
    assert ran.code == 0
    assert all(row["changes"] == [] and row["enough"] for row in rows(ran).values())


def test_the_reviewed_bytes_are_found_in_git_however_far_back(assent, artifacts, reviewed: Path) -> None:
    change(reviewed / "skill.yaml", "exec: [python3]", "exec: [python3, git]")
    git(reviewed, "commit", "--quiet", "-am", "Not reviewed yet")
    change(reviewed / "skill.yaml", "production: 60", "production: 70")
    ran = assent("skills", "diff", "deploy", "--json", env=artifacts)
    assert ran.code == 1
    row = rows(ran)["deploy"]
    said = {(one["part"], one["level"]) for one in row["changes"]}
    assert {("permissions.exec", "major"), ("effects", "major"), ("files", "patch")} <= said
    assert (row["needed"], row["declared"], row["least"]) == ("major", "none", "3.0.0")
    assert "it must be 3.0.0 or more" in assent("skills", "diff", "deploy", env=artifacts).said


@pytest.mark.parametrize(("version", "code"), [("2.0.1", 1), ("2.1.0", 0), ("3.0.0", 0), ("1.9.0", 1)])
def test_a_version_that_says_less_than_changed_is_a_finding(
    assent, artifacts, reviewed: Path, version: str, code: int
) -> None:
    change(reviewed / "skill.yaml", "version: 2.0.0", f"version: {version}")
    change(reviewed / "skill.yaml", "env: [ASSENT_TARGET]", "env: []")
    change(reviewed / "skill.yaml", ', hosts: ["${env.ASSENT_TARGET}"]', "")
    assert assent("skills", "diff", "deploy", env=artifacts).code == code


def test_against_a_revision_and_against_a_folder(assent, artifacts, reviewed: Path, tmp_path: Path) -> None:
    shutil.copytree(reviewed.parent, tmp_path / "older")
    change(reviewed / "SKILL.md", "# Deploy a service", "# Deploy one service")
    git(reviewed, "commit", "--quiet", "-am", "Say it better")
    for against in ("HEAD~1", str(tmp_path / "older"), str(tmp_path / "older" / "deploy")):
        ran = assent("skills", "diff", "deploy", "--against", against, "--json", env=artifacts)
        [change_] = rows(ran)["deploy"]["changes"]
        assert change_ == {"part": "files", "what": "SKILL.md changed", "level": "patch"}, against
    assert assent("skills", "diff", "--against", "HEAD", env=artifacts).code == 0


def test_a_new_skill_and_one_that_is_gone_are_said(assent, artifacts, reviewed: Path) -> None:
    shutil.rmtree(reviewed)
    gone = assent("skills", "diff", env=artifacts)
    assert gone.code == 0
    assert "deploy 2.0.0 is gone" in gone.said
    (reviewed.parent / "skills.lock").unlink()
    assert "service-status 2.0.0 is new (not in skills.lock)" in assent("skills", "diff", env=artifacts).said


def test_without_git_only_the_lock_can_speak(assent, artifacts) -> None:
    deploy = Path(artifacts["ASSENT_SKILLS"]) / "deploy"
    change(deploy / "skill.yaml", "exec: [python3]", "exec: [python3, git]")
    ran = assent("skills", "diff", "deploy", "--json", env=artifacts)
    assert ran.code == 1
    parts = {one["part"]: one["level"] for one in rows(ran)["deploy"]["changes"]}
    assert parts == {"permissions": "major", "files": "patch"}


@pytest.mark.parametrize("against", ["no-such-branch", "--output=/tmp/x"])
def test_what_is_no_revision_could_not_be_compared(assent, artifacts, reviewed: Path, against: str) -> None:
    ran = assent("skills", "diff", f"--against={against}", env=artifacts)
    assert ran.code == 2
    assert "revision" in ran.err
