"""A demo host for whoever needs one: started by the first user, ended a while after the last is gone.

Every user holds a shared lock on the folder's `users.lock`, which the kernel takes back when a user dies,
also by kill -9. The host tries the exclusive one from time to time: whoever gets it is alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.terms import Refused

LINGER_S = 30.0
"""How long a host outlives its last user: a worker that is started again finds it warm."""
LOOK_S = 1.0
_USERS = "users.lock"
_DETACHED = """
import os, sys
read, write = os.pipe()
if os.fork():
    os.close(write)
    with open(read) as host:  # one line: it keeps the pipe open for as long as it lives
        print(host.readline(), end="", flush=True)
    os._exit(0)
os.setsid()
os.dup2(write, 1)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""The host belongs to nobody: neither the end of its starter nor a Ctrl-C at a terminal reaches it."""


@asynccontextmanager
async def lent(home: Path, *, linger_s: float = LINGER_S) -> AsyncIterator[str]:
    """The URL of the host that lives in `home`, started if none does; it stays at least as long as the body.

    Raises Refused with its last words when it does not start.
    """
    users = await asyncio.to_thread(_user, home)
    try:
        yield await asyncio.to_thread(start, home, linger_s=linger_s)
    finally:
        os.close(users)


def _user(home: Path) -> int:
    """A new user's lock. A host that is ending holds it alone until it is gone, and is waited out here."""
    home.mkdir(parents=True, exist_ok=True)
    users = _users(home)
    fcntl.flock(users, fcntl.LOCK_SH)
    return users


def _users(home: Path) -> int:
    return os.open(home / _USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def start(home: Path, *, linger_s: float = LINGER_S) -> str:
    """The address of a new host, or of the one that was there first."""
    host = [sys.executable, "-m", "bot.playground.host", "--home", str(home), "--while-used", str(linger_s)]
    with (home / "host.log").open("ab") as words:
        begun = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _DETACHED, *host],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            check=False,
        )
    try:
        return str(json.loads(begun.stdout)["url"])
    except (ValueError, KeyError) as error:
        last = (home / "host.log").read_text(errors="replace").strip().splitlines()[-3:]
        raise Refused(f"The demo host did not start. Its words: {' / '.join(last) or 'none'}") from error


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own host
            return bool(answer.status == 200)
    except OSError:
        return False


async def deserted(home: Path, linger_s: float, end: asyncio.Event) -> None:
    """Set `end` when nobody has used the host for so long.

    The lock then stays held until the process is gone: who comes next does not find a host that is ending.
    """
    users = _users(home)
    loop = asyncio.get_running_loop()
    alone_since: float | None = None
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone_since = None
        else:
            alone_since = loop.time() if alone_since is None else alone_since
            if loop.time() - alone_since >= linger_s:
                end.set()
                return
            fcntl.flock(users, fcntl.LOCK_UN)
        await asyncio.sleep(min(LOOK_S, linger_s / 4))
