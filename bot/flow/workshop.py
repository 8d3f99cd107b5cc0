"""What running asks of the machine it runs on. Only workers have one, so it is apart from the other ports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from bot.ask.manifest import HttpRequest
from bot.ask.manifest.permissions import SecretCommand
from bot.execute.sandbox import Finished, Sandbox, StopSignal
from bot.execute.steps.connector import Calling
from bot.execute.steps.http import Sending
from bot.execute.steps.mcp import Using
from bot.execute.steps.model import Asking, Reply
from bot.terms import Digest, Refused


class NoSuchSecret(Refused):
    """Its reference names nothing here: the variable is not set, the file is not there."""


class Bench(NamedTuple):
    """One run's private copy of its skill, and an empty folder of its own."""

    folder: str
    home: str


Carried = Callable[[StopSignal], Awaitable[Finished]]
"""A call that is ready: it happens when it is called, and never before."""


Used = Callable[[StopSignal, Callable[[], float] | None], Awaitable[Finished]]
"""A tool that is ready; the second says until when its server may run without word of its worker."""


class Models(Protocol):
    """Whatever models are configured, behind one door."""

    async def load(self) -> None:
        """Make ready what takes seconds, before the time of a step begins."""
        ...

    async def ask(self, asking: Asking) -> Reply:
        """One call; to cancel it ends it for real. Never raises for what a server does."""
        ...


class Workshop(Protocol):
    """Where commands run: in a private copy of the skill, as its files were when they were judged."""

    @property
    def sandbox(self) -> Sandbox: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What a skill may be allowed to see of the worker's environment."""
        ...

    @property
    def lent(self) -> tuple[str, ...]:
        """Folders beside its own that a step may write; none where skills run for real."""
        ...

    async def secret(self, name: str, source: str | SecretCommand) -> str:
        """The value behind a reference; raises Refused, naming the reference and never a value.

        NoSuchSecret, which is one, when there is nothing to have; any other when it cannot be had.
        """
        ...

    def handing(self, bench: Bench, values: Mapping[str, str]) -> AbstractAsyncContextManager[str]:
        """The values as files of a folder that is gone afterwards; without values it is no folder at all."""
        ...

    async def send(self, request: HttpRequest, sending: Sending, *, stop: StopSignal) -> Finished:
        """One request of an `http` step; raises Refused when it may not be sent."""
        ...

    async def calling(self, calling: Calling) -> Carried:
        """A verb of a connector, made ready; raises Refused when it cannot be asked from here."""
        ...

    async def using(self, using: Using) -> Used:
        """A tool of an MCP server, made ready; raises Refused when a secret of the server is not here."""
        ...

    @property
    def models(self) -> Models: ...

    def copy(self, folder: str, files: Mapping[str, Digest]) -> AbstractAsyncContextManager[Bench]:
        """A copy that nobody edits; raises Refused naming the file that is not what `files` says."""
        ...
