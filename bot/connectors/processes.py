"""Commands as real processes, each under its own guard (see `bot.connectors.guard`)."""

import asyncio
import contextlib
import marshal
import os
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from bot.connectors import programs
from bot.connectors.guard import THREADS, WALLS_FELL
from bot.connectors.spoken import Either, Hearing, Spoken
from bot.connectors.walls.around import Around, Wall
from bot.execute.sandbox import Command, Finished, StopSignal, clock, secret_values
from bot.execute.sandbox.output import Output
from bot.execute.sandbox.redaction import Redactor
from bot.execute.sandbox.walls import Tier
from bot.terms import Refused

# Compiled once: for each step it would cost 3 ms, and an upgrade under a running worker would mix versions.
_GUARD_CODE = tuple(
    compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    for file in (Path(__file__).with_name(name) for name in ("tree.py", "guard.py"))
)
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
BREATHS = 4  # heartbeats in `alive_for_s`: three may be late before anything is killed
DRAIN_S = (
    2.0  # after the tree is gone its pipes end at once, unless a process escaped (macOS) and still holds them
)
LAST_WORDS = 400
PATIENCE_S = 0.5  # for a command whose input has ended to end as well
_READ = 1 << 14  # about 2 ms of the event loop when it is all short lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Ceilings for every command, there against accidents; one may ask for less, and never gets more.

    `memory_bytes` is address space, of which some runtimes reserve far more than they use. Processes are
    counted in the command's own tree, since the kernel's own limit counts everything of the same user.
    """

    memory_bytes: int = 16 << 30
    open_files: int = 4096
    processes: int = 256


class GuardedProcesses:
    """Ends what it started, on every system; walls it in where it is given a `wall`."""

    def __init__(
        self,
        *,
        alive_for_s: float = 10.0,
        grace_s: float = 3.0,
        limits: Limits | None = None,
        wall: Wall | None = None,
        trusted: bool = False,
    ) -> None:
        self.alive_for_s = alive_for_s
        self.trusted = trusted
        self._grace_s = grace_s
        self._limits = limits or Limits()
        self._wall = wall

    @property
    def tier(self) -> Tier:
        return self._wall.tier if self._wall else "processes"

    def resolve(
        self, argv: tuple[str, ...], *, allowed: Collection[str], folder: str, path: str
    ) -> tuple[str, ...]:
        return programs.resolve_argv(argv, allowed=allowed, folder=folder, path=path)

    async def run(
        self,
        command: Command,
        *,
        on_line: Callable[[str], None],
        stop: StopSignal,
        until: Callable[[], float] | None = None,
    ) -> Finished:
        """Returns when nothing of the command is left; so does being cancelled, or `on_line` raising."""
        secrets = (*command.secrets, *secret_values(command.env))
        out = Output(limit=command.output_limit, secrets=secrets, on_line=on_line)
        err = Output(limit=command.output_limit, secrets=secrets)
        if stop.is_set():
            return _finished({"reason": "stop"}, out, err)
        async with self._around(command) as around:
            async with self._guard(command, around, until or self._for_a_while) as guard:
                report = await guard.attend(out, err, stop)
            out.close()
            err.close()
            if trouble := report.get("trouble"):
                if trouble == WALLS_FELL:
                    trouble = err.text().strip() or "its walls did not stand"
                said = f"{command.argv[0]} could not be started in {command.cwd}: {trouble}."
                raise Refused(Redactor(secrets).redact(said))
            refused = around.egress.note() if around.egress else ""
            beyond = self._beyond(report["reason"], command)
            return _finished(report, out, err, refused + self._note(report, beyond), beyond)

    @contextlib.asynccontextmanager
    async def spoken_to(
        self,
        command: Command,
        *,
        heard: Hearing,
        stop: StopSignal,
        until: Callable[[], float] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> AsyncIterator["Spoken"]:
        """A command that is spoken to while it runs. What it prints is `heard` as it is: nothing is redacted.

        At the end its input is closed, and what does not end by itself within `patience_s` is ended. Nothing
        of it is left then, also when the body raises or is cancelled. Its last words say if it could not be
        started.
        """
        secrets = (*command.secrets, *secret_values(command.env))
        err = Output(limit=command.output_limit, secrets=secrets)
        read, write = os.pipe()
        spoken = Spoken(write)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(spoken.close)
            try:
                around = await stack.enter_async_context(self._around(command))
                around = replace(around, descriptors=(*around.descriptors, read))
                guard = await stack.enter_async_context(
                    self._guard(command, around, until or self._for_a_while, stdin=read)
                )
            finally:
                os.close(read)
            ended = asyncio.Event()
            attending = asyncio.create_task(guard.attend(heard, err, Either(stop, ended)))
            attending.add_done_callback(lambda _: heard.close())
            stack.push_async_callback(_over, attending)

            def how_it_ended() -> str:
                if not attending.done() or attending.cancelled():
                    return ""
                refused = around.egress.note() if around.egress else ""
                return self._last_words(attending.result(), command, err, refused)

            spoken.how_it_ended = how_it_ended
            yield spoken
            spoken.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(attending), patience_s)
            ended.set()
            await attending

    @contextlib.asynccontextmanager
    async def _around(self, command: Command) -> AsyncIterator[Around]:
        if self._wall is None:
            yield Around(argv=command.argv, env=command.env)
            return
        async with self._wall.around(command, processes=self._processes(command)) as around:
            yield around

    def _processes(self, command: Command) -> int:
        return min(self._limits.processes, command.processes or self._limits.processes)

    def _beyond(self, reason: str, command: Command) -> str:
        """What it did that its limits do not allow, as words that follow "it"."""
        match reason:
            case "crowded":
                return f"had more than {self._processes(command)} processes at once"
            case "threaded":
                return f"had more than {self._processes(command) * THREADS} threads at once"
            case "heavy":
                return f"used more than {(command.memory_bytes or 0) >> 20} MB of memory"
        return ""

    def _note(self, report: dict[str, Any], beyond: str) -> str:
        match report["reason"]:
            case _ if beyond:
                note = f"ended: it {beyond}"
            case "silent":
                note = "ended: nothing was heard of its worker for too long"
            case "late":
                note = "not started: its worker was away for too long before"
            case "lost":
                note = "its guard was killed; what it did until then is unknown"
            case _:
                note = ""
        if left := report.get("left"):
            note += f"{'; ' if note else ''}{left} of its processes could not be killed"
        return note and f"[{note}]\n"

    def _last_words(self, report: dict[str, Any], command: Command, err: Output, refused: str) -> str:
        """How a command that was spoken to came to its end, and what it said of it."""
        err.close()
        said = " ".join((err.text() + refused).split())[-LAST_WORDS:]
        said = f" It said: {said}" if said else ""
        if report.get("trouble"):
            return f"it could not be started.{said or ' ' + str(report['trouble'])}"
        if beyond := self._beyond(report["reason"], command):
            return f"it {beyond}, and was ended."
        if note := self._note(report, ""):
            return f"it was ended {note.strip()}"
        return f"it ended with {report.get('exit_code')}.{said}"

    def _for_a_while(self) -> float:
        return clock() + self.alive_for_s

    @contextlib.asynccontextmanager
    async def _guard(
        self, command: Command, around: Around, until: Callable[[], float], *, stdin: int | None = None
    ) -> AsyncIterator["_Guarded"]:
        order = {
            "argv": list(around.argv),
            "cwd": command.cwd,
            "env": dict(around.env),
            "walls": around.walls,
            "timeout_s": command.timeout_s,
            "until": until(),
            "grace_s": self._grace_s,
            **asdict(self._limits),
            "processes": self._processes(command),
            "resident_bytes": command.memory_bytes,
            "stdin": stdin,
        }
        letter = marshal.dumps((_GUARD_CODE, order))
        guarded = _Guarded(breath_s=self.alive_for_s / BREATHS, until=until, descriptors=around.descriptors)
        try:
            await guarded.open(len(letter).to_bytes(4, "big") + letter)
            yield guarded
        finally:
            await guarded.close()


class _Guarded:
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


async def _over(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _pump(stream: asyncio.StreamReader, output: Hearing) -> None:
    while data := await stream.read(_READ):
        output.feed(data)
        await asyncio.sleep(0)  # what is buffered already would be read without letting anyone else run


def _finished(report: dict[str, Any], out: Output, err: Output, note: str = "", beyond: str = "") -> Finished:
    reason = report["reason"]
    return Finished(
        exit_code=-signal.SIGKILL if beyond else report.get("exit_code"),
        beyond=beyond,
        stdout=out.text(),
        stderr=err.text() + note,
        dropped=out.dropped + err.dropped,
        timed_out=reason == "timeout",
        stopped=reason in ("stop", "silent", "orphaned", "late"),
        wall_ms=report.get("wall_ms", 0),
        result=out.result,
        cut=reason in ("silent", "orphaned", "late", "lost"),
    )
