"""A real Redis of our own on one machine: `assent dev`, `assent demo`, tests. Production sets REDIS_URL."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from bot.store import binary
from bot.terms import Refused

LONGEST_SOCKET_PATH = 103  # bytes; macOS's sun_path has 104 with the closing zero, Linux's 108
PATIENCE_S = 10.0  # for a server that says nothing; one that is loading its data may take its time
ANSWER_S = 2.0


class CannotStart(Refused):
    """The embedded server did not come up; the message has its own last words."""


class EmbeddedRedis:
    """`with` or `async with` gives the URL of a server on `data_dir`: the one running there, else a new one.

    Any number of processes may enter at once and share one server. It ends with the last of them, also when
    they are killed with -9, unless `keep`. What it acknowledged is on disk: `appendfsync always`. `fresh`
    forgets the data first, and refuses while somebody else uses it. Not re-entrant: one object, one `with`.
    """

    def __init__(self, data_dir: Path, *, fresh: bool = False, keep: bool = False) -> None:
        self._data = data_dir.expanduser().absolute()
        self._fresh = fresh
        self._keep = keep
        self._user: int | None = None
        self._socket = Path()

    def __enter__(self) -> str:
        self._data.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with self._alone():
                self._user = os.open(self._data / "users", os.O_RDWR | os.O_CREAT, 0o600)
                self._socket = self._choose_socket()
                if self._fresh:
                    self._forget()
                fcntl.flock(self._user, fcntl.LOCK_SH)
                self._start()
        except BaseException:
            self._leave()
            raise
        return f"unix://{quote(str(self._socket))}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The last user ends the server and waits until it is gone."""
        with self._alone():
            if not self._keep and self._last():
                self._end()
                if self._socket.parent != self._data:
                    shutil.rmtree(self._socket.parent, ignore_errors=True)
            self._leave()

    async def __aenter__(self) -> str:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    @property
    def pid(self) -> int:
        """The server's process."""
        return int((self._data / "pid").read_text())

    def kill9(self) -> None:
        """End the server as a power cut would; it is gone when this returns."""
        with self._alone():
            os.kill(self.pid, signal.SIGKILL)
            self._wait_until_gone()

    def restart(self) -> None:
        """Start the server again on the same data and socket, if it is not running."""
        with self._alone():
            self._start()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock under which servers start and end, and users come and go."""
        lock = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _last(self) -> bool:
        """Whether nobody else uses the server; then it is ours alone until the lock is given back."""
        if self._user is None:
            return False
        try:
            fcntl.flock(self._user, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _leave(self) -> None:
        if self._user is not None:
            os.close(self._user)
            self._user = None

    def _forget(self) -> None:
        if not self._last():
            raise Refused(f"Something else is using the data in {self._data}. Stop it first, then forget.")
        self._end()
        for name in ("appendonlydir", "dump.rdb", "redis.log"):
            path = self._data / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _choose_socket(self) -> Path:
        """In the data folder; where that path is too long, in a private folder whose path is written down."""
        near = self._data / "redis.sock"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
            return near
        note = self._data / "socket"
        with suppress(FileNotFoundError):
            far = Path(note.read_text())
            room = far.parent.stat(follow_symlinks=False)
            # Somebody else's folder by that name is not ours to trust: it was removed and made again.
            if room.st_uid == os.getuid() and room.st_mode & 0o077 == 0:
                return far
        far = Path(tempfile.mkdtemp(prefix="assent-")) / "redis.sock"
        note.write_text(str(far))
        return far

    def _start(self) -> None:
        """Leave a server that answers, started by us or by another. Called alone, so there is one at most."""
        log_path = self._data / "redis.log"
        with log_path.open("ab") as log:
            begin = log.tell()
            with suppress(BlockingIOError), self._claim() as alive:
                subprocess.run(
                    self._command(alive),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(alive,),
                    check=True,
                )
        give_up = time.monotonic() + PATIENCE_S
        while not (answer := _ping(self._socket)).startswith(b"+PONG"):
            if not self._running():
                raise CannotStart(_last_words(self._data, log_path.read_bytes()[begin:]))
            if not answer and time.monotonic() > give_up:
                raise CannotStart(f"The embedded Redis in {self._data} runs but is silent{self._end_it()}.")
            time.sleep(0.005)

    def _end_it(self) -> str:
        """What a person can do about a silent server; it may not have written its pid yet."""
        with suppress(FileNotFoundError, ValueError):
            return f": end process {self.pid}"
        return ": wait, or end its process"

    def _command(self, alive: int) -> list[str]:
        room = "" if self._socket.parent == self._data else str(self._socket.parent)
        return [
            sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")),
            str(alive), str(self._data / "lock"), "" if self._keep else str(self._data / "users"), room,
            str(binary.find()), "--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700",
            "--dir", str(self._data), "--pidfile", str(self._data / "pid"), "--appendonly", "yes",
            "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", "",
        ]  # fmt: skip

    @contextmanager
    def _claim(self) -> Iterator[int]:
        """The lock a living server holds. Raises BlockingIOError when one does.

        It is on an open file that the server inherits, so the kernel keeps it exactly as long as the server
        lives, whatever happens to its guard, socket or pid file: never two servers on the same data.
        """
        alive = os.open(self._data / "alive", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield alive
        finally:
            os.close(alive)

    def _running(self) -> bool:
        try:
            with self._claim():
                return False
        except BlockingIOError:
            return True

    def _end(self) -> None:
        """Politely, then for good; a paused server hears only the latter."""
        for last_word in (signal.SIGTERM, signal.SIGKILL):
            if not self._running():
                return
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(self.pid, last_word)
            with suppress(TimeoutError):
                self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while self._running():
            if time.monotonic() > give_up:
                raise TimeoutError(f"the embedded Redis of {self._data} does not end")
            time.sleep(0.005)


def _ping(path: Path) -> bytes:
    """The beginning of the answer; empty when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        try:
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(512)
        except OSError:
            return b""


def _last_words(data: Path, said: bytes) -> str:
    words = said.decode(errors="replace").strip().splitlines()[-5:]
    return "\n".join(
        [
            f"The embedded Redis in {data} did not start. It said:",
            *(f"  {line}" for line in words),
            "Forget its data with --fresh, or use another server with REDIS_URL.",
        ]
    )
