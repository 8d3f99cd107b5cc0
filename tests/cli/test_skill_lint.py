"""`assent skills lint`: for people, for programs, for code scanning, for one skill or a folder of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def deploy(artifacts: dict[str, str]) -> Path:
    return Path(artifacts["ASSENT_SKILLS"]) / "deploy"


def test_a_warning_is_shown_and_does_not_fail_unless_it_shall(assent, artifacts, deploy: Path) -> None:
    (deploy / "scripts" / "extra.py").write_text("import os\nos.system('ls')\n")
    assent("skills", "lock", env=artifacts)
    ran = assent("skills", "lint", env=artifacts)
    assert ran.code == 0
    said = "warning: its-skills/deploy/scripts/extra.py:2:1: a shell is started from code."
    assert said in ran.said
    assert "[shell-in-code]" in ran.said
    assert "No findings, 1 warning." in ran.err
    assert assent("skills", "lint", "--strict", env=artifacts).code == 1


def test_it_is_suppressed_by_a_file_of_the_skill(assent, artifacts, deploy: Path) -> None:
    (deploy / "scripts" / "extra.py").write_text("import os\nos.system('ls')\n")
    (deploy / "lint.yaml").write_text(
        "suppress: [{rule: shell-in-code, reason: Its argument is a constant, until: 2099-01-01}]\n"
    )
    assent("skills", "lock", env=artifacts)
    assert assent("skills", "lint", "--strict", env=artifacts).code == 0


def test_one_skill_is_looked_at_by_itself(assent, artifacts, deploy: Path) -> None:
    (deploy / "notes.md").write_text("Not reviewed.\n")
    assert assent("skills", "lint", env=artifacts).code == 1
    for what in ("deploy", str(deploy)):
        assert assent("skills", "lint", what, env=artifacts).code == 0, what
    assert assent("skills", "lint", str(deploy.parent), env=artifacts).code == 1
    assert "Did you mean deploy?" in assent("skills", "lint", "deplyo", env=artifacts).err


def test_what_was_never_reviewed_is_a_warning(assent, artifacts, deploy: Path) -> None:
    (deploy.parent / "skills.lock").unlink()
    ran = assent("skills", "lint", "--json", env=artifacts)
    assert ran.code == 0
    assert {(one["rule"], one["level"]) for one in json.loads(ran.out)} == {("unreviewed", "warning")}


def test_sarif_names_the_file_from_here_and_the_rule_in_a_sentence(
    assent, artifacts, deploy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (deploy / "skill.yaml").read_text()
    (deploy / "skill.yaml").write_text(text.replace("lifecycle: stable", "lifecycle: stabel"))
    ran = assent("skills", "lint", "--format", "sarif", env=artifacts)
    assert ran.code == 1
    report = json.loads(ran.out)
    assert report["version"] == "2.1.0"
    [run] = report["runs"]
    [result] = run["results"]
    [rule] = run["tool"]["driver"]["rules"]
    assert (result["ruleId"], rule["id"], result["level"]) == ("manifest", "manifest", "error")
    assert rule["shortDescription"]["text"].endswith(".")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "its-skills/deploy/skill.yaml"
    assert place["region"] == {"startLine": 4, "startColumn": 1}
    assert len(result["partialFingerprints"]["finding/v1"]) == 32


def test_an_annotation_is_one_command_whatever_the_finding_quotes(assent, artifacts, deploy: Path) -> None:
    text = (deploy / "skill.yaml").read_text()
    evil = 'lifecycle: "stable"\n"x%0A::error::y": 1'
    (deploy / "skill.yaml").write_text(text.replace("lifecycle: stable", evil))
    ran = assent("skills", "lint", "--format", "github", env=artifacts)
    assert ran.code == 1
    [line] = ran.out.splitlines()
    assert line.startswith("::error file=its-skills/deploy/skill.yaml,line=5,col=1,title=manifest::")
    assert "%250A" in line


def test_examples_that_nobody_can_type_are_a_warning_at_their_line(assent, artifacts, deploy: Path) -> None:
    text = (deploy / "skill.yaml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("examples:"))
    (deploy / "skill.yaml").write_text(text.replace(line, 'examples: ["put checkout live somewhere"]'))
    ran = assent("skills", "lint", "deploy", "--json", env=artifacts)
    [found] = json.loads(ran.out)
    assert (found["rule"], found["level"], found["line"]) == ("untyped-examples", "warning", 6)


def test_what_replaces_a_skill_must_be_here(assent, artifacts, deploy: Path) -> None:
    text = (deploy / "skill.yaml").read_text()
    gone = "lifecycle: deprecated\nreplaced_by: service-statuss"
    (deploy / "skill.yaml").write_text(text.replace("lifecycle: stable", gone))
    assent("skills", "lock", env=artifacts)
    ran = assent("skills", "lint", "--json", env=artifacts)
    [found] = json.loads(ran.out)
    assert (found["rule"], found["level"]) == ("replaced-by", "warning")
    assert found["hint"] == "Did you mean service-status?"
