"""What is put around one command: what is really started, and what its guard has to know of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.connectors.programs import resolve_argv
from bot.connectors.walls.egress import Egress
from bot.execute.sandbox import Command
from bot.execute.sandbox.walls import Tier
from bot.terms import Refused

_FILE = Path(__file__).with_name("entering.py")
ENTERING = compile(_FILE.read_bytes(), str(_FILE), "exec", dont_inherit=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """`walls` goes to the guard's child (see `entering`); `descriptors` stay open for it."""

    argv: Sequence[str]
    env: Mapping[str, str]
    walls: dict[str, Any] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    egress: Egress | None = None


class Wall(Protocol):
    """One tier, as this machine has it."""

    @property
    def tier(self) -> Tier: ...

    def around(self, command: Command, *, processes: int) -> AbstractAsyncContextManager[Around]:
        """For as long as the command runs."""
        ...


def proxied(env: Mapping[str, str], proxy: str) -> dict[str, str]:
    """The environment of a step that reaches the world through our proxy alone.

    Both spellings: curl reads only the small one for plain http, others only the capital ones.
    """
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    kept = {name: value for name, value in env.items() if name.lower() not in ("no_proxy", "all_proxy")}
    return kept | dict.fromkeys(names, proxy)


def programs_of(command: Command) -> tuple[str, ...]:
    """What `walls.exec` names and is installed, by absolute paths.

    Programs of our own environment (uv is one) lie beside our interpreter. `python3` is ours, and PATH's.
    """
    return tuple(dict.fromkeys(_programs(command)))


def _programs(command: Command) -> Iterator[str]:
    path = command.env.get("PATH", "")
    for name in command.walls.exec:
        with suppress(Refused):  # one that is not installed may not be started either
            yield resolve_argv((name,), allowed=(name,), folder=command.cwd, path=path)[0]
        if name == "python3" and (other := shutil.which(name, path=path)):
            yield other
        if "/" not in name and (beside := Path(sys.executable).with_name(name)).exists():
            yield str(beside)
