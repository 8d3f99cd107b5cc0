"""Commands as real processes, each under its own guard (see `bot.connectors.guard`)."""

import asyncio
import contextlib
import marshal
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.connectors import programs
from bot.connectors.guard import THREADS, WALLS_FELL
from bot.connectors.guarded import Guarded
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
    for file in (Path(__file__).with_name(name) for name in ("tree.py", "becoming.py", "guard.py"))
)
BREATHS = 4  # heartbeats in `alive_for_s`: three may be late before anything is killed
LAST_WORDS = 400  # characters of what a command said of its own end
PATIENCE_S = 0.5  # for a command whose input has ended to end as well


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
    ) -> AsyncIterator[Guarded]:
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
        guarded = Guarded(breath_s=self.alive_for_s / BREATHS, until=until, descriptors=around.descriptors)
        try:
            await guarded.open(len(letter).to_bytes(4, "big") + letter)
            yield guarded
        finally:
            await guarded.close()


async def _over(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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
