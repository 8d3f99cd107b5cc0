"""One real process of a service, run from the checkout of one commit."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from pathlib import Path

from bot.playground.host.declined import Declined

RUNNER = Path(__file__).with_name("runner.py")
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
START_SECONDS = 15.0  # a start takes about 0.2 s; a busy two-core machine needs patience, not a restart
GRACE_SECONDS = 2.0


class ServiceProcess:
    """Alive from `start()` until `stop()`, its own end, or the end of the host, whichever is first."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, log: Path) -> None:
        self._process = process
        self._output = output
        self._log = log
        self.pid = process.pid
        self.port = 0
        self._draining: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, checkout: Path, *, log: Path) -> "ServiceProcess":
        """The service says its address on its first line; without it `Declined` says what it said instead."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", str(RUNNER), str(checkout)),
                stdin=asyncio.subprocess.PIPE,  # never written to: its end means that the host ended
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=checkout,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PORT": "0"},
                start_new_session=True,  # Ctrl-C in a terminal reaches the host, which ends them in order
            )
        output = process.stdout
        if output is None:
            raise RuntimeError("a pipe was asked for")
        started = cls(process, output, log)
        try:
            started.port = await started._address()
        except BaseException:  # also when whoever waits is cancelled: nothing may stay behind
            await started.stop()
            raise
        started._draining = asyncio.create_task(started._drain())
        return started

    async def _address(self) -> int:
        try:
            line = (await asyncio.wait_for(self._output.readline(), START_SECONDS)).decode(errors="replace")
        except TimeoutError:
            line = f"no address within {START_SECONDS:.0f} s"
        if found := ADDRESS.search(line):
            return int(found[1])
        tail = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        raise Declined("did_not_start", f"The service did not start: {line.strip() or ' / '.join(tail)}")

    async def _drain(self) -> None:
        """Later output goes to the log; a full pipe would stop the service."""
        while chunk := await self._output.read(65536):
            with self._log.open("ab") as log:
                log.write(chunk)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ended(self) -> None:
        await self._process.wait()

    async def stop(self) -> None:
        """TERM, a moment to finish, KILL, for the service and all it started; returns when it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.alive:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, number)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), GRACE_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._draining is not None:
            await self._draining
