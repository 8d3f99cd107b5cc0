"""The best tier: namespaces of its own, made by bubblewrap, with nothing in them but what the step needs.

The network namespace is ours and not bubblewrap's: its listening sockets are made inside of it and handed to
the worker, which serves them from outside. So there is no process in between, and no route. One is the
proxy; the others stand where granted addresses of this machine's loopback would be, for programs that use no
proxy there (those written in Go) or speak no HTTP.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.connectors.walls import seccomp
from bot.connectors.walls.around import ENTERING, Around, programs_of, proxied
from bot.connectors.walls.egress import Egress
from bot.connectors.walls.needs import Needs, needs
from bot.execute.sandbox import Command
from bot.execute.sandbox.walls import Host, Tier
from bot.terms import Refused

_PORT = 3128
_MOST_NEAR = 64
OWN_PROCESSES = 2
"""bubblewrap itself, and the first process of the namespace."""
TEMPORARY_BYTES = 256 << 20
IN_MEMORY = ("/tmp", "/dev/shm")  # noqa: S108  (of its own)
"""Files there are memory: each place is bounded, and counts with the step's own."""

_APART = (
    "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
    "--hostname", "step", "--cap-drop", "ALL", "--die-with-parent",
    "--json-status-fd", "<status>", "--seccomp", "<filter>",
    "--proc", "/proc", "--dev", "/dev",
    *(word for place in IN_MEMORY for word in ("--size", str(TEMPORARY_BYTES), "--tmpfs", place)),
    "--remount-ro", "/dev",
)  # fmt: skip


def missing() -> str:
    """Why bubblewrap cannot be tried here; empty when it can."""
    if sys.platform != "linux":
        return "bubblewrap is for Linux"
    if not seccomp.known():
        return f"there is no table of system calls for {os.uname().machine}"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian and Ubuntu: apt-get install bubblewrap)"
    return ""


class Bubblewrap:
    """One set of namespaces a command, made of its `Walls`."""

    tier: Tier = "bubblewrap"

    def __init__(self) -> None:
        found = shutil.which("bwrap")
        if found is None:
            raise Refused(missing())
        self._program = str(Path(found).absolute())
        self._filter = seccomp.filter_for(own_network=True)

    @asynccontextmanager
    async def around(self, command: Command, *, processes: int) -> AsyncIterator[Around]:
        ours, theirs = socket.socketpair()
        egress = Egress(command.walls.hosts)
        near = [host for host in command.walls.hosts if host.loopback][:_MOST_NEAR]
        port = next(port for port in range(_PORT, 1 << 16) if all(host.port != port for host in near))
        serving = asyncio.create_task(_serve(egress, ours, near))
        try:
            yield Around(
                argv=command.argv,
                env=proxied(command.env, f"http://127.0.0.1:{port}"),
                walls={
                    "code": ENTERING,
                    "argv": [self._program, *_APART, *_view(command)],
                    "filter": self._filter,
                    "listen": [("127.0.0.1", port), *((host.name, host.port) for host in near)],
                    "processes": processes + OWN_PROCESSES,
                    "own_processes": OWN_PROCESSES,
                    "in_memory": IN_MEMORY,
                    "channel": theirs.fileno(),
                },
                descriptors=(theirs.fileno(),),
                egress=egress,
            )
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            ours.close()
            theirs.close()


async def _serve(egress: Egress, channel: socket.socket, near: list[Host]) -> None:
    """Wait for the sockets from inside, and serve on them until cancelled."""
    channel.setblocking(False)
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(channel, heard.set)
    try:
        await heard.wait()
    finally:
        loop.remove_reader(channel)
    _, handed, _, _ = socket.recv_fds(channel, 64, 1 + len(near))
    async with AsyncExitStack() as stack:
        inside = [stack.enter_context(socket.socket(fileno=one)) for one in handed]
        for number, listening in enumerate(inside):
            leads = near[number - 1] if number else None
            await stack.enter_async_context(egress.listening(listening, to=leads))
        await asyncio.Event().wait()


def _view(command: Command) -> list[str]:
    """What is to be seen, read-only unless it is the step's to write, and then the command."""
    walls, needed = command.walls, needs(programs_of(command))
    seen = dict.fromkeys((*needed.read, *needed.execute, *_there(walls.read)), "--ro-bind")
    seen |= dict.fromkeys(_there(walls.write), "--bind")
    return [
        *_binds(seen, needed),
        *("--remount-ro", "/", "--chdir", command.cwd, "--", *command.argv),
    ]


def _there(paths: tuple[str, ...]) -> Iterator[str]:
    return (path for path in paths if Path(path).exists())


def _binds(seen: dict[str, str], needed: Needs) -> Iterator[str]:
    """Outer before inner. What lies in a folder that is seen already, in the same way, is seen with it."""
    places: dict[str, str] = {}
    for path in sorted(seen, key=lambda path: path.count("/")):
        if _above(path, places) != seen[path]:
            places[path] = seen[path]
    for link, target in needed.links.items():
        if link not in places and not _above(link, places):
            yield from ("--symlink", target, link)
    for path, how in places.items():
        yield from (how, path, path)


def _above(path: str, places: dict[str, str]) -> str:
    """How the nearest folder above is seen; empty when none is."""
    while len(path) > 1:
        path = path.rpartition("/")[0] or "/"
        if path in places:
            return places[path]
    return ""
