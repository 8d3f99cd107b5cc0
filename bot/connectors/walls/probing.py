"""Which tiers this machine really has: each is started once, and its walls are run against.

What a kernel says that it can do is not asked. In containers, under other security modules and on old
kernels the same calls succeed and hold nothing, or half of it; half a wall is none.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls import bubblewrap, landlock
from bot.connectors.walls.around import Wall
from bot.execute.sandbox import Command, Finished
from bot.execute.sandbox.walls import Host, Tier, Walls
from bot.terms import Refused

_SHELL = shutil.which("sh", path="/bin:/usr/bin") or "/bin/sh"
_WAYS_THROUGH = """
import binascii, json, os, socket, sys
planted, closed, granted_port, victim, shell = sys.argv[1:6]

def environment_of_another():
    if b"PLANTED" not in open(f"/proc/{victim}/environ", "rb").read():
        raise OSError

def granted():
    user, _, where = os.environ["http_proxy"].removeprefix("http://").rpartition("@")
    proxy, _, port = where.partition(":")
    way = socket.create_connection((proxy, int(port)), 10)
    known = binascii.b2a_base64(user.encode(), newline=False).decode()
    asked = f"GET http://127.0.0.1:{granted_port}/ HTTP/1.1\\r\\nProxy-Authorization: Basic {known}"
    way.sendall(asked.encode() + b"\\r\\n\\r\\n")
    if not way.recv(64).startswith(b"HTTP/1.1 204"):
        raise OSError

ways = {
    "read a file of somebody else": lambda: open(planted).read(),
    "write outside of its folder": lambda: open(planted, "a").write("x"),
    "connect where nobody let it": lambda: socket.create_connection(("127.0.0.1", int(closed)), 10),
    "start another program": lambda: os.waitpid(os.posix_spawn(shell, [shell, "-c", ":"], {}), 0),
    "signal another process": lambda: os.kill(int(victim), 9),
    "see another process's environment": environment_of_another,
    "write in its folder": lambda: open("own", "w").write("x"),
    "reach what it was granted": granted,
}
able = []
for name, way in ways.items():
    try:
        way()
    except OSError:
        continue
    able.append(name)
print(json.dumps({"able": able}))
"""
_MUST = frozenset({"write in its folder", "reach what it was granted"})
_WRITE, _SIGNAL = "write outside of its folder", "signal another process"
"""Seen from outside: in namespaces of its own a step has a /tmp and process numbers that look the same."""

_MADE: dict[Tier, tuple[Callable[[], str], Callable[[], Wall]]] = {
    "bubblewrap": (bubblewrap.missing, bubblewrap.Bubblewrap),
    "landlock": (landlock.missing, landlock.Landlock),
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One tier on this machine: its wall, or why it has none."""

    tier: Tier
    wall: Wall | None = None
    why: str = ""


async def tried(tier: Tier) -> Tried:
    """Start it once and see. `processes` is always there, and has no wall."""
    if tier == "processes":
        return Tried(tier)
    missing, make = _MADE[tier]
    if why := missing():
        return Tried(tier, why=why)
    wall = make()
    if why := await _falls(wall):
        return Tried(tier, why=why)
    return Tried(tier, wall)


async def _falls(wall: Wall) -> str:
    """What is wrong with a wall here; empty when it holds."""
    with tempfile.TemporaryDirectory(prefix="assent-walls-") as name:
        own, planted = _laid_out(Path(name))
        async with _answering() as closed, _answering() as granted:
            with _victim() as victim:
                command = Command(
                    argv=(
                        *(sys.executable, "-I", "-S", "-c", _WAYS_THROUGH),
                        *(str(planted), str(closed), str(granted), str(victim.pid), _SHELL),
                    ),
                    cwd=str(own),
                    env={},
                    timeout_s=20.0,
                    output_limit=1 << 14,
                    walls=Walls(exec=("python3",), hosts=(Host("127.0.0.1", granted),), write=(str(own),)),
                )
                try:
                    finished = await GuardedProcesses(wall=wall).run(
                        command, on_line=lambda _: None, stop=asyncio.Event()
                    )
                except Refused as refused:
                    return str(refused)
                reached = {
                    _WRITE: planted.read_text() != "somebody else's",
                    _SIGNAL: victim.poll() is not None,
                }
                return _judged(finished, reached)


def _laid_out(folder: Path) -> tuple[Path, Path]:
    """A folder for the step, and a file beside it that is none of its business."""
    own, planted = folder.resolve() / "own", folder.resolve() / "planted"
    own.mkdir()
    planted.write_text("somebody else's")
    return own, planted


def _judged(finished: Finished, reached: dict[str, bool]) -> str:
    """`reached` is what was seen from outside, whatever the step believes of it."""
    if finished.result is None:
        return f"a step does not run behind it: {finished.stderr.strip()[-300:] or finished.exit_code}"
    able = finished.result.get("able")
    found = {str(name) for name in able} if isinstance(able, list) else set()
    through = {name for name in found - _MUST if reached.get(name, True)}
    through |= {name for name, did in reached.items() if did}
    if through:
        return f"behind it a step can still {', '.join(sorted(through))}"
    if short := _MUST - found:
        return f"behind it a step cannot {', '.join(sorted(short))}"
    return ""


def _victim() -> subprocess.Popen[bytes]:
    """A process of ours that waits to be attacked; it ends when its input does."""

    class Victim(subprocess.Popen[bytes]):
        def __exit__(self, *_: object) -> None:
            self.kill()
            self.communicate()

    return Victim(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        env={"PLANTED": secrets.token_hex(8)},
    )


@asynccontextmanager
async def _answering() -> AsyncIterator[int]:
    """A server on a port of this machine's loopback."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
