"""The second tier: rules of the kernel for files, TCP and signals, and a filter of system calls.

For machines that let nobody make namespaces, such as most containers. It needs Linux 6.12 (Landlock ABI 6):
before that a step could send signals to every process of its user, the worker among them.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache

from bot.connectors.walls import seccomp
from bot.connectors.walls.around import ENTERING, Around, programs_of, proxied
from bot.connectors.walls.egress import Egress
from bot.connectors.walls.needs import needs
from bot.execute.sandbox import Command
from bot.execute.sandbox.walls import Tier

NEEDED_ABI = 6

# landlock(7): rights to files, in the order of their bits.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _DEVICE_CONTROL = 1 << 14, 1 << 15
_EVERYTHING = (1 << 16) - 1
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL
_READ = _READ_FILE | _READ_DIR
_OWN = _EVERYTHING & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _DEVICE_CONTROL)
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

_DEVICES = {
    "/dev/null": _READ_FILE | _WRITE_FILE,
    "/dev/zero": _READ_FILE,
    "/dev/full": _READ_FILE | _WRITE_FILE,
    "/dev/random": _READ_FILE,
    "/dev/urandom": _READ_FILE,
}
_OF_THE_SYSTEM = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems")


def missing() -> str:
    """Why there is no Landlock tier here; empty when there may be."""
    if sys.platform != "linux":
        return "Landlock is Linux's"
    if not seccomp.known():
        return f"there is no table of system calls for {os.uname().machine}"
    abi = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
    if abi < 0:
        return "this kernel has no Landlock, or does not enable it (lsm=landlock,…)"
    if abi < NEEDED_ABI:
        return f"this kernel's Landlock is version {abi}, and {NEEDED_ABI} is needed (Linux 6.12)"
    return ""


class Landlock:
    """One fence a command, made of its `Walls`."""

    tier: Tier = "landlock"

    def __init__(self) -> None:
        self._filter = seccomp.filter_for(own_network=False)

    @asynccontextmanager
    async def around(self, command: Command, *, processes: int) -> AsyncIterator[Around]:
        """The proxy listens on this machine's loopback, and is told from others by a password of its own."""
        password = secrets.token_urlsafe(16)
        egress = Egress(command.walls.hosts, password=password)
        async with egress.listening() as port:
            walls = {
                "code": ENTERING,
                "filter": self._filter,
                "handled": (_EVERYTHING, _BIND_TCP | _CONNECT_TCP, _ABSTRACT_SOCKETS | _SIGNALS),
                "beneath": _rules(command),
                # Rules know ports and no addresses. Programs in Go use no proxy on this machine.
                "ports": [
                    (number, _CONNECT_TCP)
                    for number in (port, *(host.port for host in command.walls.hosts if host.loopback))
                ],
            }
            yield Around(
                argv=command.argv,
                env=proxied(command.env, f"http://step:{password}@127.0.0.1:{port}"),
                walls=walls,
                egress=egress,
            )


def _rules(command: Command) -> list[tuple[str, int]]:
    """Places and rights. A place that is not there gives nobody anything."""
    own = dict.fromkeys(command.walls.read, _READ)
    for path in command.walls.write:
        own[path] = own.get(path, 0) | _OWN
    # Two rules for one place are both its rights.
    return [*_of_the_machine(programs_of(command)), *_there(own)]


@cache
def _of_the_machine(programs: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Looked up once: they are half of what walls would cost, and an upgrade means a new worker anyway."""
    found = _DEVICES | dict.fromkeys(_OF_THE_SYSTEM, _READ)
    needed = needs(programs)
    found |= dict.fromkeys(needed.read, _READ)
    found |= dict.fromkeys(needed.execute, _READ | _EXECUTE)
    return tuple(_there(found))


def _there(rights: dict[str, int]) -> Iterator[tuple[str, int]]:
    for path, granted in rights.items():
        if os.path.isdir(path):  # noqa: PTH112  (as it is written, and a third of the time)
            yield path, granted
        elif os.path.exists(path):  # noqa: PTH110
            yield path, granted & _OF_A_FILE
