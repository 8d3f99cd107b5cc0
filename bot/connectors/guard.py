# ruff: noqa: PTH110, SIM105
"""Stands between a worker and one command, so that nothing of the command outlives its right to run.

It ends the **whole tree** (TERM, a grace, KILL until none is left) when the time is over, the worker asks,
the worker is gone (its end of the control pipe closes, as after kill -9), or the moment has come until which
the worker vouched for it (stopped past its lease: a successor may be running). Past that moment it is not
even started. What a command leaves behind when it ends by itself is killed too.

Linux: the guard is the subreaper of everything below it, so a process that daemonises becomes the guard's
own child, and "no children left" is the kernel's word that the tree is gone. Time counts while the machine
sleeps. Elsewhere (macOS): the command's process group stands for the tree, a process that leaves the group
survives, and time stands still while the machine sleeps.

The worker hands this file over compiled, with the order, on stdin of a bare `python -I -S`; then comes a
double for each heartbeat: until when the worker vouches, by CLOCK; zero is stop. Every step pays for its
start, so it imports next to nothing: pathlib or contextlib alone would cost more than all of it.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` itself imports enum, half of the start
import marshal  # both ends are the same interpreter, and json would cost as much as the rest
import os
import select
import struct
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Run before this file, in the same place.
    from bot.connectors.becoming import become, prctl
    from bot.connectors.tree import below, files_in_memory, shared_out, used

LINUX = sys.platform == "linux"
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
TICK_S = 0.05  # how often the tree is counted; poll's own clock stands still in a suspended machine
THREADS = 64  # of each process that it may have, all together; the kernel's own limit knows no tree
BEYOND = ("crowded", "threaded", "heavy")
KILL_FOR_S = 10.0  # then a process hangs in the kernel, and saying so is better than waiting for ever
WALLS_FELL = "its walls"  # what was wrong with them, bubblewrap says on the command's own stderr
PR_SET_CHILD_SUBREAPER = 36


def clock() -> float:
    return time.clock_gettime(CLOCK)


class Guard:
    """One command and all that comes from it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.asked_to_end = False
        self.status: int | None = None
        self.childless = False
        self._wake = self._listen()
        if LINUX:
            prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.began = clock()
        self.until = order["until"]
        self.heard = b""
        self.walls: dict[str, Any] = order.get("walls") or {}
        self.main, self._trouble, self._said = self._start()

    def _listen(self) -> int:
        """Signals wake the wait; being asked to end by a signal is being asked to stop."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        return read

    def _end(self, *_: object) -> None:
        self.asked_to_end = True

    def _start(self) -> tuple[int, int, int]:
        """Its pid, and two descriptors to read from: why there was no command, and what bubblewrap says."""
        read, write = os.pipe()  # closed by a successful exec, else carries why there was none
        said, saying = os.pipe()
        guard = os.getpid()
        if pid := os.fork():
            os.close(write)
            os.close(saying)
            return pid, read, said
        try:
            become(self.order, self.walls, guard=guard, saying=saying)
        except (OSError, ValueError) as error:  # ValueError: an environment no program can be given
            os.write(write, str(getattr(error, "strerror", None) or error).encode())
        finally:
            os._exit(127)

    def watch(self) -> str:
        """Wait until there is a reason to end, and say which."""
        deadline = self.began + self.order["timeout_s"]
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            self.reap()
            now = clock()
            if self.status is not None:
                return "exited"
            if self.asked_to_end:
                return "stop"
            if now >= deadline:
                return "timeout"
            # Before the pipe is read: after a freeze of the machine an old heartbeat may still lie in it.
            if now >= self.until:
                return "silent"
            if LINUX and (limit := self.beyond()):
                return limit
            for descriptor, _ in poll.poll(max(0.0, min(deadline - now, self.until - now, TICK_S)) * 1000):
                if descriptor == self._wake:
                    self.drain()
                    continue
                said = os.read(0, 4096)
                if not said:
                    return "orphaned"
                if self.listen(said):
                    return "stop"

    def listen(self, said: bytes) -> bool:
        """Whether stop was said; the newest word about the time counts."""
        self.heard += said
        whole = len(self.heard) // 8 * 8
        words = [word for (word,) in struct.iter_unpack("=d", self.heard[:whole])]
        self.heard = self.heard[whole:]
        if words:
            self.until = words[-1]
        return 0.0 in words

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.childless = True
                return
            if pid == 0:
                return
            if pid == self.main:
                self.status = status

    def drain(self) -> None:
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            pass

    def tree(self) -> list[int]:
        return below(os.getpid())

    def beyond(self) -> str:
        """Which limit the tree has passed; empty while it keeps to all of them."""
        tree, own = self.tree(), self.walls.get("own_processes", 0)
        if len(tree) > self.order["processes"] + own:
            return "crowded"
        threads, resident = used(tree)
        if threads > self.order["processes"] * THREADS + own:
            return "threaded"
        if most := self.order["resident_bytes"]:
            files = files_in_memory(tree, self.walls.get("in_memory", ()))
            # Shared memory counts once, but telling that costs: only of who seems to have too much.
            if resident + files > most and shared_out(tree) + files > most:
                return "heavy"
        return ""

    def signal(self, number: int) -> None:
        # A negative number is a whole group: all there is to aim at where no /proc can be read.
        for pid in self.tree() if LINUX and os.path.exists("/proc/self") else [-self.main]:
            if pid == self.main and "argv" in self.walls and number == signal.SIGTERM:
                continue  # bubblewrap would take its command with it at once, without a grace
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def kill_group(self) -> None:
        try:
            os.killpg(self.main, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def gone(self) -> bool:
        self.reap()
        if LINUX:
            return self.childless
        try:
            os.killpg(self.main, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # macOS says so of a group of zombies
            return self.childless
        return False

    def end(self, *, at_once: bool) -> int:
        """TERM, a grace, KILL until none is left; how many could not be killed.

        `at_once`: no grace for what is growing. Its group is killed in one call, which no fork can outrun.
        """
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        kill_at = clock() + (0 if at_once else self.order["grace_s"])
        if at_once:
            self.kill_group()
        elif not self.gone():
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)  # who is stopped hears TERM only now
        while not self.gone() and clock() < kill_at:
            poll.poll(50)
            self.drain()
        give_up_at = clock() + KILL_FOR_S
        while not self.gone():
            if clock() >= give_up_at:
                return len(self.tree()) if LINUX else 1
            self.signal(signal.SIGKILL)
            poll.poll(10)
            self.drain()
        return 0

    def trouble(self) -> str:
        """Why the program could not be started; empty when it was."""
        if self.status is None:
            return ""
        if why := os.read(self._trouble, 4096).decode():
            return why
        # bubblewrap says an exit code for every command that it did start; one that is killed says nothing.
        if (
            "argv" in self.walls
            and os.WIFEXITED(self.status)
            and b'"exit-code"' not in everything(self._said)
        ):
            return WALLS_FELL
        return ""


def everything(descriptor: int) -> bytes:
    found = b""
    while data := os.read(descriptor, 4096):
        found += data
    return found


def main(order: dict[str, Any], report: int) -> None:
    """Carry out one order, and tell `report`, a descriptor, the command's pid and in the end how it went."""
    os.set_inheritable(report, False)
    if clock() >= order["until"]:
        os.write(report, bytes(4) + marshal.dumps({"reason": "late"}))
        return
    guard = Guard(order)
    os.write(report, guard.main.to_bytes(4, "big"))
    reason = "broken"
    try:
        reason = guard.watch()
        wall_s = clock() - guard.began
    finally:
        left = guard.end(at_once=reason in BEYOND)
    exit_code = (
        None if guard.status is None or reason != "exited" else os.waitstatus_to_exitcode(guard.status)
    )
    answer = {"reason": reason, "exit_code": exit_code, "wall_ms": int(wall_s * 1000), "left": left}
    try:
        os.write(report, marshal.dumps(answer | {"trouble": guard.trouble()}))
    except BrokenPipeError:
        pass  # the worker is gone; that may be why we end
