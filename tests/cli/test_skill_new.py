"""`assent skills new`: what it writes passes everything at once, and nothing is ever overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_new_skill_passes_lint_and_its_cases_and_can_be_locked(assent, tmp_path: Path) -> None:
    ran = assent("skills", "new", "set-flag", "--owner", "@web")
    assert ran.code == 0, ran.err
    assert "skills/set-flag/skill.yaml" in ran.out
    (tmp_path / "policies").mkdir()
    lint = assent("skills", "lint", "set-flag", "--strict")
    assert (lint.code, lint.out) == (0, "")
    tested = assent("skills", "test", "set-flag", "--json")
    assert tested.code == 0, tested.out
    assert len(json.loads(tested.out)) == 5
    assert assent("skills", "lock").code == 0
    [row] = json.loads(assent("skills", "list", "--json").out)
    assert (row["name"], row["state"], row["lifecycle"]) == ("set-flag", "armed", "draft")
    assert 'owners: ["@web"]' in (tmp_path / "skills/set-flag/skill.yaml").read_text()
    assert not list((tmp_path / "skills").rglob("*@*"))


def test_two_new_skills_are_told_apart(assent, tmp_path: Path) -> None:
    for name in ("one", "another-one"):
        assert assent("skills", "new", name).code == 0
    assert "ANOTHER_ONE_HOME" in (tmp_path / "skills/another-one/skill.yaml").read_text()
    assert assent("skills", "lint", "another-one", "--strict").code == 0


@pytest.mark.parametrize("name", ["Deploy", "a_b", "../x", "-x", "status", "a" * 65, ""])
def test_what_is_no_name_writes_nothing(assent, tmp_path: Path, name: str) -> None:
    assert assent("skills", "new", "--", name).code == 2
    assert not (tmp_path / "skills").exists()


def test_what_is_there_is_never_overwritten(assent, tmp_path: Path) -> None:
    (tmp_path / "skills" / "deploy").mkdir(parents=True)
    ran = assent("skills", "new", "deploy")
    assert (ran.code, "is there already" in ran.err) == (2, True)
    assert list((tmp_path / "skills" / "deploy").iterdir()) == []


def test_an_owner_cannot_write_the_manifest(assent, tmp_path: Path) -> None:
    assert assent("skills", "new", "deploy", "--owner", 'x"]\nlifecycle: stable').code == 2
    assert not (tmp_path / "skills").exists()
