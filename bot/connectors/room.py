"""One worker's own folder for work copies, and the end of those whose worker is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.connectors.workcopy import remove_tree

_LOCK = ".lock"


@contextmanager
def room(under: Path, name: str) -> Iterator[Path]:
    """A folder below `under` for as long as the body runs. What dead workers left beside it is removed first.

    Who lives is the kernel's to say: each room has a lock that ends with its process, kill -9 included.
    """
    under.mkdir(parents=True, exist_ok=True)
    _clear(under)
    lock = _hold(under / f"{name}{_LOCK}")
    own = under / name
    try:
        own.mkdir()
        yield own
    finally:
        with suppress(OSError):  # what could not be removed is found by the next worker
            remove_tree(own)
        (under / f"{name}{_LOCK}").unlink(missing_ok=True)
        os.close(lock)


def _hold(path: Path) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.fstat(lock).st_ino == path.stat().st_ino:
                return lock
        os.close(lock)  # somebody who took us for dead removed it between the two calls


def _clear(under: Path) -> None:
    rooms = [entry for entry in under.iterdir() if entry.is_dir()]  # before their locks: those come first
    for own in rooms:
        lock = os.open(under / f"{own.name}{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(OSError):  # a command of the dead worker may still be ending in there: next time
                remove_tree(own)
                (under / f"{own.name}{_LOCK}").unlink(missing_ok=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
