# ruff: noqa: PTH110, PTH116, PTH123, PTH208
"""The processes below one, and what they use, as the kernel tells it. Linux alone.

Like `bot.connectors.guard` it is handed to a bare interpreter compiled, so it imports next to nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = os.sysconf("SC_PAGE_SIZE")


def below(top: int) -> list[int]:
    """Every process that comes from `top`, parents before their children."""
    found: list[int] = []
    parents = [top]
    children = children_of if os.path.exists("/proc/thread-self/children") else listing()
    while parents:
        under = children(parents.pop())
        found += under
        parents += under
    return found


def children_of(pid: int) -> list[int]:
    """The kernel's own list. It may miss one while others end, so ending looks again until none is left."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                found += map(int, children.read().split())
    except OSError:
        pass
    return found


def listing() -> Callable[[int], list[int]]:
    """For kernels without those lists: everybody's parent, read once."""
    under: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", errors="replace") as stat:
                parent = int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        under.setdefault(parent, []).append(int(name))
    return lambda pid: under.get(pid, [])


def used(pids: list[int]) -> tuple[int, int]:
    """Their threads, and the bytes they have in memory; what several share is counted for each of them."""
    threads = pages = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:
            continue
        threads += int(fields[17])
        pages += int(fields[21])
    return threads, pages * PAGE


def shared_out(pids: list[int]) -> int:
    """The bytes they have in memory, each shared page divided among those who share it: slow, and true.

    A process that does not let itself be looked at counts with all that it has.
    """
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
                total += next(int(line.split()[1]) for line in rollup if line.startswith(b"Pss:")) * 1024
        except (OSError, StopIteration):
            total += used([pid])[1]
    return total


def files_in_memory(pids: list[int], places: tuple[str, ...]) -> int:
    """The bytes of files that they keep in memory at `places` of their own, as the last of them sees those.

    While namespaces are being made the places are still the machine's, and none of theirs.
    """
    total = 0
    for place in places if pids else ():
        theirs = f"/proc/{pids[-1]}/root{place}"
        try:
            if os.stat(theirs).st_dev == os.stat(place).st_dev:
                continue
            found = os.statvfs(theirs)
        except OSError:
            continue
        total += (found.f_blocks - found.f_bfree) * found.f_frsize
    return total
