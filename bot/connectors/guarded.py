"""The worker's end of one guard (see `bot.connectors.guard`): its process, its pipes, and what it reports."""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from bot.connectors.spoken import Hearing
from bot.execute.sandbox import StopSignal

_BOOT = """
import marshal, os, sys
def exactly(size):
    data = b""
    while len(data) < size:
        data += os.read(0, size - len(data)) or sys.exit()
    return data
codes, order = marshal.loads(exactly(int.from_bytes(exactly(4), "big")))
for code in codes:
    exec(code)
main(order, int(sys.argv[1]))
os._exit(0)
"""
DRAIN_S = (
    2.0  # after the tree is gone its pipes end at once, unless a process escaped (macOS) and still holds them
)
_READ = 1 << 14  # about 2 ms of the event loop when it is all short lines


class Guarded:
    """Our end of one guard: its process, its control pipe, its report, and the command's two streams."""

    def __init__(self, *, breath_s: float, until: Callable[[], float], descriptors: tuple[int, ...]) -> None:
        self._breath_s = breath_s
        self._until = until
        self._tasks: list[asyncio.Task[Any]] = []
        self._transports: list[asyncio.BaseTransport] = []
        report, write = os.pipe()
        self._report = os.fdopen(report, "rb", buffering=0)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, str(write)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={},
                cwd="/",
                pass_fds=(write, *descriptors),
                start_new_session=True,  # Ctrl-C at a terminal is the worker's to answer
            )
        finally:
            os.close(write)
        self._control = cast(IO[bytes], self._process.stdin)
        self._pipes = [
            *(cast(IO[bytes], p) for p in (self._process.stdout, self._process.stderr)),
            self._report,
        ]

    async def open(self, letter: bytes) -> None:
        """Listen to what comes from the guard, and hand it its code and its order."""
        self._streams = [await self._reader(pipe) for pipe in self._pipes]
        os.set_blocking(self._control.fileno(), False)
        while letter:
            letter = letter[await self._write(letter) :]

    async def _reader(self, pipe: IO[bytes]) -> asyncio.StreamReader:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        self._transports.append(transport)
        return reader

    async def _write(self, data: bytes) -> int:
        try:
            return os.write(self._control.fileno(), data)
        except BlockingIOError:
            await asyncio.sleep(0.005)
            return 0
        except BrokenPipeError:
            return len(data)  # the guard is gone, which the end of its report tells as well

    async def attend(self, out: Hearing, err: Hearing, stop: StopSignal) -> dict[str, Any]:
        """Stay with the command until its guard has reported and both streams are at their end."""
        stdout, stderr, report = self._streams
        told = asyncio.create_task(report.read())
        waiting = {told, asyncio.create_task(_pump(stdout, out)), asyncio.create_task(_pump(stderr, err))}
        self._tasks = [*waiting, asyncio.create_task(self._breathe()), asyncio.create_task(self._stop(stop))]
        while not told.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        if waiting:
            done, _ = await asyncio.wait(waiting, timeout=DRAIN_S)
            for task in done:
                task.result()
        return self._read(told.result())

    def _read(self, report: bytes) -> dict[str, Any]:
        if len(report) > 4:
            answer: dict[str, Any] = marshal.loads(report[4:])  # noqa: S302  (from our own guard)
            return answer
        # The guard died without a word and the command with it; its group is all that can still be found.
        if len(report) == 4:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int.from_bytes(report, "big"), signal.SIGKILL)
        return {"reason": "lost"}

    async def _breathe(self) -> None:
        while True:
            await self._write(struct.pack("=d", self._until()))
            await asyncio.sleep(self._breath_s)

    async def _stop(self, stop: StopSignal) -> None:
        await stop.wait()
        while not await self._write(struct.pack("=d", 0.0)):
            pass

    async def close(self) -> None:
        """Closing the control pipe ends what still runs; wait for that, so that nothing is left behind us."""
        for task in self._tasks:
            task.cancel()
        for transport in self._transports:
            transport.close()
        for pipe in (self._control, *self._pipes):
            pipe.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._process.wait)


async def _pump(stream: asyncio.StreamReader, output: Hearing) -> None:
    while data := await stream.read(_READ):
        output.feed(data)
        await asyncio.sleep(0)  # what is buffered already would be read without letting anyone else run
