# ruff: noqa: PTH123, SIM105
"""How a guard's child becomes the command: on its own, within its limits, behind its walls.

Like `bot.connectors.guard`, which is run after it, it is handed to a bare interpreter compiled, so it imports
next to nothing.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` itself imports enum
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

LINUX = sys.platform == "linux"
UNUSED_BYTES = 512 << 20  # what runtimes reserve and never use: 64 stacks of threads
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

if LINUX:
    import ctypes

    _libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    if LINUX and _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def become(order: dict[str, Any], walls: dict[str, Any], *, guard: int, saying: int) -> NoReturn:
    """End in an exec, or raise why there is none. `guard` is our parent, unless it died in this moment."""
    argv = order["argv"]
    os.setsid()
    spoken_to = order.get("stdin")  # the end of a pipe, for a command that is spoken to
    os.dup2(os.open(os.devnull, os.O_RDONLY) if spoken_to is None else spoken_to, 0)
    if spoken_to is not None:
        os.close(spoken_to)
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # a set-uid program would be out of the guard's reach
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:
        os._exit(127)
    for limit, most in (
        (resource.RLIMIT_AS, order["memory_bytes"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        restrict(limit, most)
    if order["resident_bytes"]:  # so that one process cannot outrun the count
        restrict(resource.RLIMIT_DATA, order["resident_bytes"] + UNUSED_BYTES)
    if LINUX:
        prefer_under_memory_pressure()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and an exec would hand that on
        signal.signal(number, signal.SIG_DFL)
    os.chdir(order["cwd"])
    if walls:
        names: dict[str, Any] = {}
        exec(walls["code"], names)  # noqa: S102  (`bot.connectors.walls.entering`, compiled)
        argv = names["enter"](walls, argv, saying)
    os.execve(argv[0], argv, order["env"])  # noqa: S606  (without a shell, on purpose)


def restrict(limit: int, most: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(limit, (most, most))
    except (ValueError, OSError):  # macOS knows limits it does not let one set
        pass


def prefer_under_memory_pressure() -> None:
    """When memory ends the kernel should take the step, not the worker that has to report it."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("500")
    except OSError:
        pass
