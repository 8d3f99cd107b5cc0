"""The digest of a folder: the same for the same content, another for any other."""

from __future__ import annotations

import os
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.artifacts import tree
from bot.artifacts.tree import Unfit, take

from .conftest import age, write_skill


def digest(folder: Path) -> str:
    return take(folder, label="skills/hello").digest


def test_the_same_content_elsewhere_has_the_same_digest(skills: Path, tmp_path: Path) -> None:
    assert digest(skills / "hello") == digest(write_skill(tmp_path / "elsewhere", "hello"))


def test_touching_and_reading_change_nothing(skills: Path) -> None:
    before = digest(skills / "hello")
    os.utime(skills / "hello" / "skill.yaml", (1, 1))
    (skills / "hello" / "empty").mkdir()
    assert digest(skills / "hello") == before


@pytest.mark.parametrize("name", ["__pycache__/x.pyc", ".git/HEAD", ".DS_Store", "scripts/__pycache__/x.pyc"])
def test_caches_and_hidden_files_do_not_count(skills: Path, name: str) -> None:
    before = digest(skills / "hello")
    path = skills / "hello" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert digest(skills / "hello") == before
    assert name not in take(skills / "hello", label="").files


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": lambda folder: (folder / "SKILL.md").write_bytes((folder / "SKILL.md").read_bytes() + b" "),
    "a new file": lambda folder: (folder / "new").write_text(""),
    "a lost file": lambda folder: (folder / "scripts" / "hello.py").unlink(),
    "a new name": lambda folder: (folder / "SKILL.md").rename(folder / "skill.md"),
    "may be run": lambda folder: (folder / "scripts" / "hello.py").chmod(0o755),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_content_has_another_digest(skills: Path, change: str) -> None:
    before = digest(skills / "hello")
    CHANGES[change](skills / "hello")
    assert digest(skills / "hello") != before


def test_each_file_has_its_own_digest_so_that_a_change_can_be_named(skills: Path) -> None:
    before = take(skills / "hello", label="").files
    (skills / "hello" / "scripts" / "hello.py").write_text("print('x')\n")
    after = take(skills / "hello", label="").files
    assert [path for path in before if before[path] != after[path]] == ["scripts/hello.py"]


def test_a_name_counts_the_same_however_its_letters_are_encoded(skills: Path) -> None:
    folder = skills / "hello"
    (folder / unicodedata.normalize("NFD", "é.txt")).write_text("x")
    assert unicodedata.normalize("NFC", "é.txt") in take(folder, label="").files
    (folder / unicodedata.normalize("NFC", "é.txt")).write_text("y")
    with pytest.raises(Unfit, match="two names differ only in how their letters are encoded"):
        take(folder, label="skills/hello")


def _special(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # a socket's path has at most 104 bytes
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)


UNFIT: dict[str, tuple[Callable[[Path], object], str]] = {
    "link to a file": (
        lambda folder: (folder / "passwd").symlink_to("/etc/passwd"),
        "skills/hello/passwd:1:1: a skill has no links: they may lead anywhere. Put the file itself here.",
    ),
    "link to a folder": (
        lambda folder: (folder / "etc").symlink_to("/etc"),
        "skills/hello/etc:1:1: a skill has no links: they may lead anywhere. Put the file itself here.",
    ),
    "link that leads nowhere": (
        lambda folder: (folder / "gone").symlink_to("nowhere"),
        "skills/hello/gone:1:1: a skill has no links: they may lead anywhere. Put the file itself here.",
    ),
    "pipe": (
        lambda folder: os.mkfifo(folder / "pipe"),
        "skills/hello/pipe:1:1: this is not a plain file. Remove it.",
    ),
    "socket": (_special, "skills/hello/sock:1:1: this is not a plain file. Remove it."),
    "hidden text": (
        lambda folder: (folder / "scripts" / "hello.py").write_text("x = 1\ny = '\u202e'\n"),
        "skills/hello/scripts/hello.py:2:6: U+202E (right-to-left override) cannot be seen by a reader. "
        "Remove it, or write it as an escape.",
    ),
    "hidden name": (
        lambda folder: (folder / "a\u200bb").write_text(""),
        "skills/hello/a\u200bb:1:1: the file's name has U+200B (zero width space). Rename it.",
    ),
    "too large": (
        lambda folder: (folder / "big").write_bytes(bytes(tree.MOST_BYTES)),
        "a skill has at most 500 files and 4 MB. Make it smaller.",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_cannot_be_a_skill_is_named(skills: Path, case: str) -> None:
    make, says = UNFIT[case]
    make(skills / "hello")
    with pytest.raises(Unfit) as unfit:
        take(skills / "hello", label="skills/hello")
    assert says in str(unfit.value)


def test_what_changed_just_now_is_not_settled_since_a_second_change_may_look_the_same(skills: Path) -> None:
    (skills / "hello" / "new").write_text("x")
    assert not tree.settled(tree.signature(skills / "hello"))
    age(skills)
    assert tree.settled(tree.signature(skills / "hello"))
    os.utime(skills / "hello" / "new", ns=(1, 1))  # an old time was given to it just now
    assert not tree.settled(tree.signature(skills / "hello"))
