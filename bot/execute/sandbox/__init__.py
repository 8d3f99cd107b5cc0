"""What the stage knows about running one command: what it hands over and what it gets back.

The processes themselves live at an edge (`bot.connectors.processes`); here are only the words for them.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.execute.sandbox.walls import NOTHING, Tier, Walls
from bot.execute.uses import Use

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_SECRET_NAME = re.compile(r"(?i)token|secret|passw|credential|api_?key|private_?key|access_?key|auth(?!or)")
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\A(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk-|AKIA|eyJ[\w-]+\.eyJ)"
)
_PASSWORD_IN_URL = re.compile(r"\A[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.IGNORECASE)


def clock() -> float:
    """Seconds that every process of this machine counts alike, also while it sleeps (where it can tell)."""
    return time.clock_gettime(_CLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program to run: `argv[0]` is an absolute path, as `Sandbox.resolve` answers it.

    `env` is the whole environment, nothing is added to it. `output_limit` is how many bytes are kept of each
    stream. `memory_bytes` and `processes` are the most that it and all that comes from it may use at once;
    who uses more is ended.
    """

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    timeout_s: float
    output_limit: int
    secrets: tuple[str, ...] = ()
    walls: Walls = NOTHING
    memory_bytes: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended; by then its whole tree of processes is gone.

    `exit_code` is negative when a signal ended it (-9 is SIGKILL; in a namespace of its own 137, as a shell
    says it). It is None when we ended it (`timed_out`,
    `stopped`) or when nobody saw how it ended, so `exit_code == 0` alone means: it came to its own good end.
    `result` is the last stdout line when that is a JSON object. `cut` says that it was ended for no reason of
    its own (its worker could not vouch for it, its guard was killed): what it did until then is unknown.
    `beyond` says which limit it was ended for: "used more than 256 MB of memory".
    `units` is what it used beside time, by the names that prices.yaml knows; `uses` what it had looked up.
    """

    exit_code: int | None
    stdout: str
    stderr: str
    dropped: int
    timed_out: bool
    stopped: bool
    wall_ms: int
    result: Mapping[str, object] | None
    cut: bool = False
    beyond: str = ""
    units: Mapping[str, float] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()


class StopSignal(Protocol):
    """Somebody wants the command to end; `asyncio.Event` is one."""

    def is_set(self) -> bool: ...

    async def wait(self) -> object: ...


class Sandbox(Protocol):
    """Runs one command at a time, any number of them side by side."""

    @property
    def tier(self) -> Tier:
        """How strongly a command is held, for the card and the audit."""
        ...

    @property
    def trusted(self) -> bool:
        """Whoever runs the worker said that its tier will do for every run, walled in or not."""
        ...

    @property
    def alive_for_s(self) -> float:
        """How long a command outlives a worker that stopped breathing, when nothing shorter is said."""
        ...

    def resolve(
        self, argv: tuple[str, ...], *, allowed: Collection[str], folder: str, path: str
    ) -> tuple[str, ...]:
        """`argv` with its program as an absolute path; `Refused` when it may not run or is not here."""
        ...

    async def run(
        self,
        command: Command,
        *,
        on_line: Callable[[str], None],
        stop: StopSignal,
        until: Callable[[], float] | None = None,
    ) -> Finished:
        """Run it to its end. `on_line` hears each stdout line as it comes, redacted and shortened.

        `until` says, by `clock`, until when it may run if nothing more is heard of the worker: it is asked
        again with every breath, not started past it, and ended at it. The time to end its processes comes on
        top, so it must lie before the end of a lease.

        Raises `Refused` when the program could not be started at all: then nothing has happened.
        """
        ...


def step_environment(source: Mapping[str, str], *, names: Collection[str], home: str) -> dict[str, str]:
    """All a step may see of the environment: what every program needs, and the names its skill declared."""
    environment = {name: source[name] for name in names if name in source}
    return environment | {
        "PATH": source.get("PATH") or DEFAULT_PATH,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that are secret by their name or looks: forgetting to declare one must not show it."""
    found = []
    for name, value in environment.items():
        if password := _PASSWORD_IN_URL.match(value):
            found.append(password[1])
        if len(value) >= 8 and (_SECRET_NAME.search(name) or _SECRET_VALUE.search(value)):
            found.append(value)
    return tuple(found)
