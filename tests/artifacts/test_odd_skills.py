"""A repository of skills that are odd in every way: each is read, none stops the others, all are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.artifacts.quarantine import bring_in, found_in, look

from .odd import ODD, WHAT, write

NUMBERS = {case: number for number, case in enumerate(ODD)}


@pytest.mark.parametrize("case", ODD)
def test_it_says_what_is_wrong_and_reads_it_all_the_same(tmp_path: Path, case: str) -> None:
    odd = ODD[case]
    seen = look(write(tmp_path, NUMBERS[case], odd))
    errors = [one for one in seen.findings if one.level == "error"]
    assert [one.rule for one in errors] == [rule for rule, _ in odd.says], errors
    for one, (_, words) in zip(errors, odd.says, strict=True):
        assert words in one.message
        assert one.hint, "what would mend it"
        assert one.line >= 1
    assert tuple(one.rule for one in seen.findings if one.level == "warning") == odd.warns
    assert seen.kept == (not odd.says)
    assert seen.name == (seen.source.name if odd.name == "NAME" else odd.name)
    assert bool(seen.description) == odd.described
    assert seen.readable == odd.described


def test_a_whole_repository_comes_in_and_nothing_of_it_is_more_than_text(tmp_path: Path) -> None:
    for case, odd in ODD.items():
        write(tmp_path / "from" / "skills", NUMBERS[case], odd)
    sources = found_in(tmp_path / "from")
    assert len(sources) == len(ODD) >= 60
    taken = [bring_in(look(source), under=tmp_path / "into") for source in sources]
    left = {one.name: one.findings[-1].message for one in taken if one.folder is None}
    assert set(left) == {"odd-one"}, "three more folders would have the same name"
    assert "is there already" in left["odd-one"]
    for path in (tmp_path / "into").rglob("*"):
        assert not path.is_symlink()
        assert path.is_dir() or (path.is_file() and not path.stat().st_mode & 0o111)


@pytest.mark.parametrize(
    "place", ["skills/x", ".claude/skills/x", ".github/skills/x", "a/b/c/d/x", "plugins/y/skills/x"]
)
def test_wherever_a_repository_keeps_its_skills_they_are_found(tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: x\ndescription: {WHAT}\n---\nText.\n")
    assert found_in(tmp_path) == [folder]


@pytest.mark.parametrize("place", [".git/x", "node_modules/x", ".venv/x", ".quarantine/x"])
def test_what_is_not_of_the_repository_is_not(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "SKILL.md").write_text("x")
    assert found_in(tmp_path) == []


def test_a_repository_that_is_a_skill_itself_has_those_within_it_apart(tmp_path: Path) -> None:
    root = tmp_path / "minutes"
    for folder, name in ((root, "minutes"), (root / "skills" / "notes", "notes")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {WHAT}\n---\nText.\n")
    outer, inner = map(look, found_in(root))
    assert (outer.name, sorted(outer.content)) == ("minutes", ["SKILL.md"])
    assert (inner.name, inner.kept) == ("notes", True)


def test_a_link_to_another_folder_is_not_followed(tmp_path: Path) -> None:
    inside = write(tmp_path / "elsewhere", 0, ODD["plain"])
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "linked").symlink_to(inside)
    assert found_in(tmp_path / "from") == []
