"""Git, the real one, asked as steps ask it: it reads one repository, and starts nothing that is in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.connectors.git_line import over_git
from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.probing import tried
from bot.execute.connectors import GIT
from bot.execute.sandbox.walls import Tier
from bot.terms import Refused
from tests.connectors import asking
from tests.connectors.asking import ask, found

WHO = {
    "GIT_AUTHOR_NAME": "Ada ␞ \x1b[31m",
    "GIT_AUTHOR_EMAIL": "ada@acme.test",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@acme.test",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_COMMITTER_DATE": "2026-01-02T00:00:00Z",
    "PATH": "/usr/bin:/bin",
}


def git(folder: Path, *arguments: str) -> str:
    said = subprocess.run(
        ["git", "-C", folder, *arguments], env=WHO, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number in range(3):
        (folder / "a file").write_text("line\n" * (number + 1))
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", f"Change {number}\n\nBecause; and\n2026-01-01;x")
    (folder / "b").write_text("other\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Add b")
    return folder


@pytest.fixture(params=["bubblewrap", "landlock", "processes"])
async def settings(
    request: pytest.FixtureRequest, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    tier: Tier = request.param
    wall = None
    if tier != "processes":
        probed = await tried(tier)
        if (wall := probed.wall) is None:
            pytest.skip(f"{tier}: {probed.why}")
    sandbox = GuardedProcesses(grace_s=0.3, wall=wall, trusted=True)
    monkeypatch.setitem(asking.LINES, "git", over_git(GIT, sandbox, path="/usr/bin:/bin"))
    return {"kind": "git", "repositories": {"shop": str(repository)}}


async def test_commits_are_listed_whatever_stands_in_them(settings: dict[str, Any], repository: Path) -> None:
    said = await found(settings, "commits:list", repository="shop", limit=2)
    assert (said["count"], said["more"]) == (2, True)
    assert [one["says"] for one in said["commits"]] == ["Add b", "Change 2"]
    assert said["commits"][0]["sha"] == git(repository, "rev-parse", "HEAD")
    assert "\x1b" not in said["commits"][0]["by"]
    said = await found(settings, "commits:list", repository="shop", path="a file")
    assert (said["count"], said["more"]) == (3, False)
    for since, count in (("2026-01-01T00:00:00Z", 4), ("2026-01-03T00:00:00Z", 0)):
        assert (await found(settings, "commits:list", repository="shop", since=since))["count"] == count
    assert (await found(settings, "commits:list", repository="shop", path=":(glob)**"))["count"] == 0


async def test_one_commit_is_told_with_its_patch(settings: dict[str, Any], repository: Path) -> None:
    said = await found(
        settings, "commits:get", repository="shop", commit=git(repository, "rev-parse", "HEAD~1")
    )
    assert said["says"] == "Change 2\n\nBecause; and\n2026-01-01;x"
    assert said["patch"][-1] == "+line"
    assert said["lines"] == len(said["patch"])


async def test_a_patch_that_is_too_long_loses_its_end(settings: dict[str, Any], repository: Path) -> None:
    (repository / "long").write_text("a line of some length\n" * 5000)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Much")
    commit = {"repository": "shop", "commit": git(repository, "rev-parse", "HEAD")}
    finished = await ask(settings, "commits:get", commit, limit=16 * 1024)
    assert finished.result is not None
    patch, left = finished.result["patch"], finished.result["left_out"]
    assert isinstance(patch, list)
    assert isinstance(left, int)
    assert len(patch) + left == finished.result["lines"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"repository": "other"},
        {"repository": "shop/../other"},
        {"repository": "shop", "ref": "--output=/tmp/x"},
        {"repository": "shop", "ref": "-n1"},
        {"repository": "shop", "ref": "main\n--all"},
        {"repository": "shop", "since": "1.day.ago --all"},
    ],
)
async def test_what_is_no_argument_is_refused(settings: dict[str, Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await ask(settings, "commits:list", arguments)


async def test_what_is_not_there_is_said_and_is_no_no(settings: dict[str, Any]) -> None:
    finished = await ask(settings, "commits:list", {"repository": "shop", "ref": "nowhere"}, asks=True)
    assert finished.exit_code == 2
    assert "git could not read shop (policies/connectors.yaml)" in finished.stdout


def by_fsmonitor(folder: Path, trap: Path) -> None:
    git(folder, "config", "core.fsmonitor", str(trap))


def by_external_diff(folder: Path, trap: Path) -> None:
    git(folder, "config", "diff.external", str(trap))


def by_a_text_filter(folder: Path, trap: Path) -> None:
    git(folder, "config", "diff.trap.textconv", str(trap))
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/attributes").write_text("* diff=trap\n")


def by_a_pager(folder: Path, trap: Path) -> None:
    git(folder, "config", "core.pager", str(trap))
    git(folder, "config", "pager.log", str(trap))
    git(folder, "config", "pager.show", str(trap))


def by_a_signature(folder: Path, trap: Path) -> None:
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "gpg.program", str(trap))
    signed = git(folder, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n", 1
    )
    (folder / "signed").write_text(signed + "\n")
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", "signed"))


@pytest.mark.parametrize(
    "way", [by_fsmonitor, by_external_diff, by_a_text_filter, by_a_pager, by_a_signature]
)
async def test_nothing_of_the_repository_is_started(
    settings: dict[str, Any], repository: Path, tmp_path: Path, way: Callable[[Path, Path], None]
) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    way(repository, trap)
    sprung.unlink(missing_ok=True)  # our own git obeyed it
    await found(settings, "commits:list", repository="shop")
    await found(settings, "commits:get", repository="shop", commit=git(repository, "rev-parse", "HEAD"))
    assert not sprung.exists()
