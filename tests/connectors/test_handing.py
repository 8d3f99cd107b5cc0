"""Secrets as files of one step: what the step makes of their folder hurts nobody outside of its walls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.connectors.processes import GuardedProcesses
from bot.connectors.workcopy import remove_tree
from bot.connectors.workshop import LocalWorkshop
from bot.flow.workshop import Bench as RunsBench
from tests.connectors.conftest import PATIENCE_S, Bench

SECRET = "pl4nted-for-one-step"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the worker's that no step was granted, with a folder in it that others may enter."""
    folder = tmp_path / "outside"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared").chmod(0o755)
    (folder / "shared" / "file").write_text("somebody else's")
    return folder


def unharmed(outside: Path) -> bool:
    shared = outside / "shared"
    alone = [path.name for path in outside.iterdir()] == ["shared"]
    return (
        alone
        and shared.stat().st_mode & 0o777 == 0o755
        and (shared / "file").read_text() == "somebody else's"
    )


def left_beside(run: RunsBench) -> list[str]:
    return sorted(path.name for path in Path(run.home).parent.iterdir())


async def stepped(walled: Bench, workshop: LocalWorkshop, run: RunsBench, code: str, *words: str) -> str:
    """One step with a secret, as a run begins it; what it said."""
    async with workshop.handing(run, {"token": SECRET}) as folder:
        walls = walled.walls(write=(run.home, folder))
        finished = await walled.run(code, folder, *words, cwd=run.home, env={"HOME": run.home}, walls=walls)
    return finished.stdout + finished.stderr


@pytest.fixture
def workshop(walled: Bench, tmp_path: Path) -> LocalWorkshop:
    sandbox = GuardedProcesses(alive_for_s=PATIENCE_S, grace_s=0.3, wall=walled.wall)
    return LocalWorkshop(sandbox=sandbox, environment={}, under=tmp_path / "runs")


NO_FILES: Mapping[str, str] = {}


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("shutil.rmtree(folder); os.symlink(outside, folder)", id="a link in its place"),
        pytest.param("os.rename(folder, 'moved'); os.symlink(outside, folder)", id="moved, and a link"),
        pytest.param("os.symlink(outside, folder + '/in')", id="a link in it"),
        pytest.param("os.mkdir(folder + '/deep'); os.chmod(folder + '/deep', 0)", id="closed to us"),
        pytest.param("os.chmod(folder, 0)", id="closed itself"),
        pytest.param("shutil.rmtree(folder); open(folder, 'w')", id="a file in its place"),
    ],
)
async def test_whatever_a_step_does_to_the_folder_is_cleared_and_leads_nowhere(
    walled: Bench, workshop: LocalWorkshop, outside: Path, tmp_path: Path, attack: str
) -> None:
    code = f"""
import os, shutil, sys
folder, outside = sys.argv[2:4]
assert open(folder + "/token").read() == {SECRET!r}
try:
    {attack}
except OSError as error:
    print(error)
"""
    async with workshop.copy(str(tmp_path), NO_FILES) as run:
        said = await stepped(walled, workshop, run, code, str(outside))
        assert "Traceback" not in said
        assert unharmed(outside)
        again = "import sys; print(len(open(sys.argv[2] + '/token').read()))"
        assert await stepped(walled, workshop, run, again) == f"{len(SECRET)}\n"
        assert left_beside(run) == ["home", "skill"]
    assert unharmed(outside)


async def test_what_lies_in_the_home_is_no_trap_for_the_next_secret(
    walled: Bench, workshop: LocalWorkshop, outside: Path, tmp_path: Path
) -> None:
    """A step that is handed nothing leaves links for the one that is."""
    code = "import os, sys\nfor name in ('secrets', 'token'): os.symlink(sys.argv[2], name)"
    async with workshop.copy(str(tmp_path), NO_FILES) as run:
        walls = walled.walls(write=(run.home,))
        await walled.run(code, str(outside), cwd=run.home, walls=walls)
        again = "import sys; print(len(open(sys.argv[2] + '/token').read()))"
        assert await stepped(walled, workshop, run, again) == f"{len(SECRET)}\n"
    assert unharmed(outside)


async def test_another_step_finds_neither_file_nor_folder(
    walled: Bench, workshop: LocalWorkshop, tmp_path: Path
) -> None:
    code = "import os, sys; print(os.listdir('.')); print(open(sys.argv[2] + '/token').read())"
    async with (
        workshop.copy(str(tmp_path), NO_FILES) as run,
        workshop.handing(run, {"token": SECRET}) as folder,
    ):
        tried = await walled.run(code, folder, cwd=run.home, walls=walled.walls(write=(run.home,)))
    assert (tried.exit_code, tried.stdout) == (1, "[]\n")
    assert SECRET not in tried.stdout + tried.stderr


def test_removing_a_link_removes_the_link(outside: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    remove_tree(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert unharmed(outside)
