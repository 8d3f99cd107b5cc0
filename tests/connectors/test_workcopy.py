"""A run works on its own copy of the skill that was judged."""

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from bot.connectors.workcopy import Workcopy
from bot.terms import Refused


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    skill = tmp_path / "deploy"
    (skill / "scripts").mkdir(parents=True)
    (skill / "SKILL.md").write_text("run me")
    (skill / "scripts" / "stage.py").write_text("print(1)")
    (skill / "scripts" / "tool").write_text("#!/bin/sh")
    (skill / "scripts" / "tool").chmod(0o755)
    (skill / "notes.txt").write_text("not part of it")
    return skill


@pytest.fixture
def files(skill: Path) -> dict[str, str]:
    listed = ("SKILL.md", "scripts/stage.py", "scripts/tool")
    return {path: sha256((skill / path).read_bytes()).hexdigest() for path in listed}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_listed_is_copied_and_cannot_be_written(
    skill: Path, files: dict[str, str], tmp_path: Path
) -> None:
    with Workcopy.make(skill, files, under=tmp_path / "runs") as copy:
        found = sorted(str(p.relative_to(copy.folder)) for p in copy.folder.rglob("*") if p.is_file())
        assert found == sorted(files)
        assert (copy.folder / "scripts/stage.py").read_text() == "print(1)"
        assert mode(copy.folder / "scripts/stage.py") == 0o444
        assert mode(copy.folder / "scripts/tool") == 0o555
        assert mode(copy.folder / "scripts") == mode(copy.folder) == 0o555
        assert mode(copy.home) == 0o700
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_edit_during_the_run_does_not_reach_it(skill: Path, files: dict[str, str], tmp_path: Path) -> None:
    with Workcopy.make(skill, files, under=tmp_path / "runs") as copy:
        (skill / "scripts/stage.py").write_text("print(2)")
        assert (copy.folder / "scripts/stage.py").read_text() == "print(1)"


def _edit(path: Path) -> None:
    path.write_text("print(2)")


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [_edit, Path.unlink, _link, _pipe, _folder])
def test_a_changed_file_is_named_and_no_copy_is_left(skill, files, tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    change(skill / "scripts" / "stage.py")
    with pytest.raises(Refused, match=r"deploy/scripts/stage\.py (changed|cannot be read)"):
        Workcopy.make(skill, files, under=tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "scripts/../../outside", ""])
def test_a_path_out_of_the_skill_is_refused(skill: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("x")
    with pytest.raises(Refused, match="leads out"):
        Workcopy.make(skill, {path: sha256(b"x").hexdigest()}, under=tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_whatever_the_run_left_is_removed(skill: Path, files: dict[str, str], tmp_path: Path) -> None:
    copy = Workcopy.make(skill, files, under=tmp_path / "runs")
    (copy.home / "deep" / "er").mkdir(parents=True)
    (copy.home / "deep" / "er" / "file").write_text("x")
    (copy.home / "out").symlink_to(skill)
    (copy.home / "deep" / "er").chmod(0)
    (copy.home / "deep").chmod(0)
    copy.remove()
    copy.remove()
    assert list((tmp_path / "runs").iterdir()) == []
    assert (skill / "SKILL.md").exists()
