"""The parent of an embedded server: ends it when nobody uses it any more, however its users ended.

Run as `python guard.py ALIVE LOCK USERS ROOM SERVER [ARGUMENT …]`, on the standard library alone: it must
start in a few milliseconds and outlive its starter. ALIVE is an open file whose lock the server inherits
and so holds for as long as it lives. ROOM is a folder to remove afterwards, or empty. An empty USERS means:
let the server stay.

Every user holds a shared lock on USERS, which the kernel takes back when a user dies, also by kill -9. To
see whether anybody is left is to try the exclusive lock, and only under LOCK, under which users come and go.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import sys
import time

EVERY_S = 0.1
PATIENCE_S = 10
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def end_with_parent() -> None:
    """Where the system can: a guard that is killed takes the server along."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def ended(server: int) -> bool:
    return os.waitpid(server, os.WNOHANG)[0] == server


def end(server: int) -> None:
    """Politely, so that the append-only file is closed; then for good."""
    os.kill(server, signal.SIGTERM)
    give_up = time.monotonic() + PATIENCE_S
    while not ended(server):
        if time.monotonic() > give_up:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            return
        time.sleep(0.005)


def deserted(lock: int, users: int) -> bool:
    """Nobody uses the server. Both locks then stay held, so that nobody comes before it has ended."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_UN)
        return False
    return True


def main(alive: str, lock_path: str, users_path: str, room: str, *argv: str) -> None:
    if os.fork():
        os._exit(0)  # the starter waits for this one only; the guard itself belongs to nobody
    os.setsid()  # a Ctrl-C in the terminal is for the users, who may still want to write
    os.set_inheritable(int(alive), True)
    if not users_path:
        os.execv(argv[0], argv)  # noqa: S606 - argv, never a shell
    server = os.fork()
    if not server:
        end_with_parent()
        os.execv(argv[0], argv)  # noqa: S606 - argv, never a shell
    os.close(int(alive))
    lock, users = os.open(lock_path, os.O_RDWR), os.open(users_path, os.O_RDWR)
    while not ended(server):
        if deserted(lock, users):
            end(server)
            if room:
                shutil.rmtree(room, ignore_errors=True)
            return
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
