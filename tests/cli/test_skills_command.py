"""`assent skills`: what may run, what may not and why, and saying that a skill was reviewed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_locked_skills_are_armed(assent, artifacts) -> None:
    ran = assent("skills", "list", "--json", env=artifacts)
    assert ran.code == 0
    listed = {one["name"]: one for one in json.loads(ran.out)}
    assert {"deploy", "service-status"} <= listed.keys()
    assert all(one["state"] == "armed" and one["digest"].startswith("sha256:") for one in listed.values())
    assert assent("skills", "lint", env=artifacts).code == 0


def test_an_edited_skill_is_unarmed_until_it_is_locked_again(assent, artifacts) -> None:
    edited = Path(artifacts["ASSENT_SKILLS"]) / "deploy" / "SKILL.md"
    edited.write_text(edited.read_text() + "\nOne more line.\n")
    listed = assent("skills", "list", env=artifacts)
    assert listed.code == 1
    assert "not the reviewed ones" in listed.said
    assert assent("skills", "lint", env=artifacts).code == 1
    locked = assent("skills", "lock", env=artifacts)
    assert locked.code == 0
    assert "(changed)" in locked.err
    (Path(artifacts["ASSENT_SKILLS"]) / "skills.lock").unlink()
    assert "(new)" in assent("skills", "lock", env=artifacts).err
    assert assent("skills", "list", env=artifacts).code == 0


def test_a_finding_has_its_place(assent, artifacts) -> None:
    broken = Path(artifacts["ASSENT_SKILLS"]) / "deploy" / "skill.yaml"
    broken.write_text(broken.read_text().replace("lifecycle: stable", "lifecycle: stabel"))
    ran = assent("skills", "lint", "--json", env=artifacts)
    assert ran.code == 1
    [finding] = json.loads(ran.out)
    assert finding["file"].endswith("deploy/skill.yaml")
    assert finding["line"] == 4


def test_a_skill_that_cannot_be_read_is_not_locked(assent, artifacts) -> None:
    skills = Path(artifacts["ASSENT_SKILLS"])
    before = (skills / "skills.lock").read_text()
    (skills / "deploy" / "skill.yaml").write_text("name: [")
    ran = assent("skills", "lock", env=artifacts)
    assert ran.code == 2
    assert "Nothing was locked" in ran.err
    assert (skills / "skills.lock").read_text() == before


def test_show_has_the_whole_declaration(assent, artifacts) -> None:
    ran = assent("skills", "show", "deploy", "--json", env=artifacts)
    assert ran.code == 0
    shown = json.loads(ran.out)
    assert shown["manifest"]["permissions"]["exec"] == ["python3"]
    assert "skill.yaml" in shown["files"]
    assert "Deploy a service" in assent("skills", "show", "deploy", env=artifacts).out


def test_a_slip_of_the_hand_is_helped(assent, artifacts) -> None:
    ran = assent("skills", "show", "deplyo", env=artifacts)
    assert ran.code == 2
    assert "Did you mean deploy?" in ran.err


@pytest.mark.parametrize("command", ["list", "lint", "test", "lock", "diff", "verify"])
def test_a_folder_that_is_not_there_is_never_good(assent, artifacts, tmp_path: Path, command: str) -> None:
    ran = assent("skills", command, env={**artifacts, "ASSENT_SKILLS": str(tmp_path / "misspelt")})
    assert ran.code != 0
    assert "ASSENT_SKILLS" in ran.said
    assert not (tmp_path / "misspelt").exists()
