"""`assent skills import`: what comes from elsewhere is kept apart, looked over and never run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

WHAT = "Reads PDF files. Use when somebody has one."
GOOD = f"---\nname: pdf-tools\ndescription: {WHAT}\nlicense: MIT\n---\n\n# PDF\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere" / "pdf-tools"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(GOOD)
    (folder / "scripts" / "read.sh").write_text("#!/bin/sh\necho read\n")
    (folder / "scripts" / "read.sh").chmod(0o755)
    return folder


def test_a_good_one_comes_in_and_nothing_of_it_is_executable(assent, artifacts, source: Path) -> None:
    ran = assent("skills", "import", str(source), "--json", env=artifacts)
    assert ran.code == 0, ran.out
    [taken] = json.loads(ran.out)
    assert (taken["name"], taken["files"], taken["executable"], taken["findings"]) == (
        "pdf-tools",
        2,
        False,
        [],
    )
    folder = Path(artifacts["ASSENT_SKILLS"]) / ".quarantine" / "pdf-tools"
    assert taken["folder"] == str(folder)
    assert (folder / "SKILL.md").read_text() == GOOD
    assert not any(path.stat().st_mode & 0o111 for path in folder.rglob("*") if path.is_file())


def test_it_never_becomes_a_skill_even_with_a_manifest(assent, artifacts, source: Path) -> None:
    shipped = Path(artifacts["ASSENT_SKILLS"]) / "deploy" / "skill.yaml"
    (source / "skill.yaml").write_text(shipped.read_text())
    ran = assent("skills", "import", str(source), env=artifacts)
    assert ran.code == 1
    assert "skill.yaml:1:1: it brings a manifest. It is not read." in ran.said
    assert len(json.loads(assent("skills", "list", "--json", env=artifacts).out)) == 2
    inside = artifacts | {"ASSENT_SKILLS": f"{artifacts['ASSENT_SKILLS']}/.quarantine"}
    assert json.loads(assent("skills", "list", "--json", env=inside).out) == []


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("name: pdf-tools", '"description" is missing'),
        ("name: PDF Tools\ndescription: x", '"PDF Tools" is no name'),
        ("name: pdf-tool\ndescription: x", '"pdf-tool" is in the folder pdf-tools'),
        ("name: pdf-tools\ndescription: x\nauthor: me", 'the format has no key "author"'),
        (f"name: pdf-tools\ndescription: {'x' * 1025}", '"description" has 1025 characters'),
        ("name: pdf-tools\ndescription: x\nmetadata: text", "metadata is no mapping"),
        ("name: pdf-tools\nname: other", 'the key "name" is here twice'),
        ("name: [", "SKILL.md:"),
    ],
)
def test_front_matter_is_read_tolerantly_and_judged_strictly(
    assent, artifacts, source: Path, front: str, said: str
) -> None:
    (source / "SKILL.md").write_text(f"---\n{front}\n---\nText.\n")
    ran = assent("skills", "import", str(source), env=artifacts)
    assert ran.code == 1
    assert said in ran.said
    assert "files in" in ran.said, "it is kept for reading all the same"


def test_links_are_not_taken_in_wherever_they_lead(assent, artifacts, source: Path) -> None:
    (source / "passwords").symlink_to("/etc/passwd")
    (source / "self").symlink_to("SKILL.md")
    ran = assent("skills", "import", str(source), env=artifacts)
    assert ran.code == 1
    assert "passwords:1:1: it is a link that leads out, to /etc/passwd" in ran.said
    assert "self:1:1: it is a link." in ran.said
    folder = Path(artifacts["ASSENT_SKILLS"]) / ".quarantine" / "pdf-tools"
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert not (folder / "passwords").exists()


def test_characters_that_nobody_sees_are_shown(assent, artifacts, source: Path) -> None:
    (source / "notes.md").write_text("one\ntwo \u202ethree\n")
    ran = assent("skills", "import", str(source), env=artifacts)
    assert ran.code == 1
    assert "notes.md:2:5: U+202E (right-to-left override) cannot be seen" in ran.said


def test_too_much_is_not_taken_in(assent, artifacts, source: Path) -> None:
    (source / "film.bin").write_bytes(b"\0" * (4 * 1024 * 1024 + 1))
    ran = assent("skills", "import", str(source), "--json", env=artifacts)
    assert ran.code == 1
    [taken] = json.loads(ran.out)
    assert taken["folder"] is None
    assert not (Path(artifacts["ASSENT_SKILLS"]) / ".quarantine").exists()


def test_a_repository_brings_every_skill_in_it(assent, artifacts, source: Path) -> None:
    other = source.parent / "more" / "csv"
    other.mkdir(parents=True)
    (other / "SKILL.md").write_text(
        "---\nname: csv\ndescription: Reads CSV files, when there are some.\n---\n"
    )
    ran = assent("skills", "import", str(source.parent), "--json", env=artifacts)
    assert ran.code == 0
    assert [one["name"] for one in json.loads(ran.out)] == ["csv", "pdf-tools"]


def test_what_is_there_is_replaced_only_when_asked(assent, artifacts, source: Path) -> None:
    assert assent("skills", "import", str(source), env=artifacts).code == 0
    again = assent("skills", "import", str(source), env=artifacts)
    assert again.code == 2
    assert "Say --replace" in again.err
    (source / "scripts" / "read.sh").unlink()
    assert assent("skills", "import", str(source), "--replace", env=artifacts).code == 0
    assert not (Path(artifacts["ASSENT_SKILLS"]) / ".quarantine/pdf-tools/scripts").exists()


def test_imports_are_never_put_among_the_skills(assent, artifacts, source: Path, tmp_path: Path) -> None:
    ran = assent("skills", "import", str(source), "--into", artifacts["ASSENT_SKILLS"], env=artifacts)
    assert ran.code == 2
    assert "where skills are loaded from" in ran.err
    elsewhere = tmp_path / "knowledge"
    assert assent("skills", "import", str(source), "--into", str(elsewhere), env=artifacts).code == 0
    assert (elsewhere / "pdf-tools" / "SKILL.md").is_file()


def test_what_has_no_skill_could_not_be_imported(assent, artifacts, tmp_path: Path) -> None:
    assert assent("skills", "import", str(tmp_path / "nowhere"), env=artifacts).code == 2
    (tmp_path / "empty").mkdir()
    ran = assent("skills", "import", str(tmp_path / "empty"), env=artifacts)
    assert ran.code == 2
    assert "There is no SKILL.md" in ran.err


def test_looking_takes_nothing_in_and_sums_up(assent, artifacts, source: Path) -> None:
    other = source.parent / "CSV Tools"
    other.mkdir()
    (other / "SKILL.md").write_text(f"---\nname: CSV Tools\nversion: 1\ndescription: {WHAT}\n---\n")
    ran = assent("skills", "import", str(source.parent), "--dry-run", env=artifacts)
    assert ran.code == 1
    assert not (Path(artifacts["ASSENT_SKILLS"]) / ".quarantine").exists()
    assert "csv-tools: can be read, and does not keep to the format" in ran.out
    assert "pdf-tools: keeps to the format" in ran.out
    assert "prose, 1 script (shell): Reads PDF files." in ran.out
    assert "Put it below metadata:." in ran.out, "what would mend it"
    assert "2 skills: 1 keep to the format, 1 can be read all the same." in ran.err
    assert "Errors: unknown-key 1, front-matter 1." in ran.err


def test_a_finding_has_its_place_in_the_repository_for_code_scanning(assent, artifacts, source: Path) -> None:
    (source / "SKILL.md").write_text(f"---\nname: pdf-tools\ndescription: {WHAT}\ncolour: red\n---\nText.\n")
    words = ("skills", "import", str(source.parent), "--dry-run", "--format", "sarif")
    ran = assent(*words, env=artifacts)
    [result] = json.loads(ran.out)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "elsewhere/pdf-tools/SKILL.md"
    assert (result["ruleId"], place["region"]["startLine"]) == ("unknown-key", 4)


def test_two_of_one_name_do_not_overwrite_each_other(assent, artifacts, source: Path) -> None:
    again = source.parent / "again" / "pdf-tools"
    again.mkdir(parents=True)
    (again / "SKILL.md").write_text(GOOD.replace("# PDF", "# Another"))
    ran = assent("skills", "import", str(source.parent), "--replace", "--json", env=artifacts)
    assert ran.code == 1
    first, second = json.loads(ran.out)
    assert (second["folder"], second["findings"][-1]["rule"]) == (None, "not-taken-in")
    assert "# Another" in (Path(first["folder"]) / "SKILL.md").read_text()
