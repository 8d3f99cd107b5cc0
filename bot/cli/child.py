"""A process of ours: started with its log in a file, started again when it ends by itself, ended with us."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE_S = 12.0
"""After TERM: our processes promise to end within ten seconds."""


class Child:
    """`says_first` waits for the first line of its output; `again` starts it anew after it ended by itself.

    Its standard input is a pipe that we hold: a child that watches it ends with us, however we end.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        logs: Path,
        *,
        again: bool = False,
        says_first: bool = False,
    ) -> None:
        self.name = name
        self._argv, self._environment, self._again, self._says_first = argv, environment, again, says_first
        self._file = logs / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> str:
        """Its first line of output when that was asked for, else nothing."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("")
        line = await self._spawn()
        if self._again:
            self._watching = asyncio.create_task(self._watch())
        return line

    async def _spawn(self) -> str:
        log = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=dict(self._environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if self._says_first else log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        self.starts += 1
        if not self._says_first or self._process.stdout is None:
            return ""
        return (await self._process.stdout.readline()).decode()

    async def _watch(self) -> None:
        while self._process is not None:
            await self._process.wait()
            await asyncio.sleep(0.5)
            await self._spawn()

    def kill(self) -> None:
        """As a crash does it: without a word."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    async def end(self) -> None:
        """TERM, and KILL when it does not listen."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()

    def log(self) -> str:
        return self._file.read_text(errors="replace") if self._file.exists() else ""

    def last_words(self) -> str:
        return "\n".join(self.log().strip().splitlines()[-8:]) or "it said nothing"
