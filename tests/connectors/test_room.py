"""Each worker has a room for its work copies; the rooms of the dead are cleared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot.connectors.room import room

LODGER = """
import sys
from pathlib import Path
from bot.connectors.room import room
with room(Path(sys.argv[1]), sys.argv[2]) as own:
    (own / "copy" / "skill").mkdir(parents=True)
    (own / "copy" / "skill" / "file").write_text("x")
    (own / "copy" / "skill").chmod(0o555)
    print("in", flush=True)
    sys.stdin.read()
"""


class Lodger:
    """A process with a room, to be killed in it."""

    def __init__(self, under: Path, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LODGER, str(under), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "in\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_room_is_gone_with_everything_in_it_when_it_is_left(tmp_path: Path) -> None:
    lodger = Lodger(tmp_path / "runs", "one")
    lodger.process.communicate("")
    assert lodger.process.returncode == 0
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_next_worker_clears_the_rooms_of_the_dead_and_no_others(tmp_path: Path) -> None:
    dead, living = Lodger(tmp_path, "dead"), Lodger(tmp_path, "living")
    try:
        dead.kill()
        with room(tmp_path, "next") as own:
            assert own == tmp_path / "next"
            names = {entry.name for entry in tmp_path.iterdir()}
            assert names == {"living", "living.lock", "next", "next.lock"}
            assert (tmp_path / "living" / "copy" / "skill" / "file").read_text() == "x"
    finally:
        living.kill()


def test_a_folder_that_nobody_ever_held_is_cleared_too(tmp_path: Path) -> None:
    (tmp_path / "old" / "skill").mkdir(parents=True)
    with room(tmp_path, "next"):
        assert {entry.name for entry in tmp_path.iterdir()} == {"next", "next.lock"}
