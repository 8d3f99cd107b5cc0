"""Which program a step may mean."""

import os
import sys
from pathlib import Path

import pytest

from bot.connectors.programs import resolve_argv
from bot.terms import Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "skill" / "bin").mkdir(parents=True)
    for name in ("skill/bin/tool", "outside"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "skill" / "plain").write_text("")
    return tmp_path / "skill"


def resolved(folder: Path, *argv: str, allowed: tuple[str, ...], path: str = os.defpath) -> tuple[str, ...]:
    return resolve_argv(argv, allowed=allowed, folder=str(folder), path=path)


def test_python3_is_the_interpreter_we_run_on(folder: Path) -> None:
    assert resolved(folder, "python3", "a b", allowed=("python3",)) == (sys.executable, "a b")


def test_a_name_is_found_on_the_path(folder: Path) -> None:
    assert resolved(folder, "tool", allowed=("tool",), path=str(folder / "bin")) == (
        str(folder / "bin/tool"),
    )


def test_an_allowed_file_of_the_skill_may_run(folder: Path) -> None:
    assert resolved(folder, "bin/tool", "x", allowed=("bin/tool",)) == (str(folder / "bin/tool"), "x")


def test_a_script_of_bash_is_no_shell_string(folder: Path) -> None:
    argv = resolved(folder, "sh", "-e", "scripts/x.sh", "-c", allowed=("sh",), path="/bin:/usr/bin")
    assert argv[1:] == ("-e", "scripts/x.sh", "-c")


@pytest.mark.parametrize(
    ("argv", "allowed", "why"),
    [
        pytest.param((), ("git",), "no program", id="nothing"),
        pytest.param(("",), ("",), "no program", id="an empty name"),
        pytest.param(
            ("curl",), ("git", "python3"), "may not run curl. It may run: git, python3", id="not allowed"
        ),
        pytest.param(("git",), (), "It may run: none", id="an empty list allows nothing"),
        pytest.param(("/usr/bin/git",), ("git",), "may not run /usr/bin/git", id="a path is not its name"),
        pytest.param(("bin/tool",), ("tool",), "may not run bin/tool", id="a file of the skill, not allowed"),
        pytest.param(("./bin/tool",), ("bin/tool",), "may not run", id="the same file spelt otherwise"),
        pytest.param(("../outside",), ("../outside",), "leads out", id="outside the folder"),
        pytest.param(("bin/link",), ("bin/link",), "leads out", id="a link to the outside"),
        pytest.param(("bin/none",), ("bin/none",), "not an executable", id="not there"),
        pytest.param(("./plain",), ("./plain",), "not an executable", id="not executable"),
        pytest.param(("no-such-program",), ("no-such-program",), "not installed", id="not installed"),
        pytest.param(("tool",), ("tool",), "not installed", id="relative entries of PATH do not count"),
        pytest.param(("bash", "-c", "x"), ("bash",), "shell string", id="bash -c"),
        pytest.param(("sh", "-ec", "x"), ("sh",), "shell string", id="sh -ec"),
        pytest.param(("/bin/sh", "-e", "-c", "x"), ("/bin/sh",), "shell string", id="sh -e -c"),
        pytest.param(("python3", "a\0b"), ("python3",), "cannot be an argument", id="a null"),
        pytest.param(("python3", "\ud800"), ("python3",), "cannot be an argument", id="half a character"),
    ],
)
def test_refusals(
    folder: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], allowed: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(folder / "bin")
    (folder / "bin" / "link").symlink_to("../../outside")
    with pytest.raises(Refused, match=why):
        resolved(folder, *argv, allowed=allowed, path=".::bin:/usr/bin:/bin")
