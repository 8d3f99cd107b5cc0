"""A command that is spoken to: our end of its input, and what it says, line by line and within bounds."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.execute.sandbox import StopSignal


class Hearing(Protocol):
    """Whoever hears one stream of a command, piece by piece as it comes; `close` says that it has ended."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Either:
    """Ends what either of the two would end."""

    one: StopSignal
    other: StopSignal

    def is_set(self) -> bool:
        return self.one.is_set() or self.other.is_set()

    async def wait(self) -> None:
        waiting = [asyncio.ensure_future(signal.wait()) for signal in (self.one, self.other)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()


@dataclass(slots=True)
class Spoken:
    """Our end of a command's input. `how_it_ended` has words for it, once it has, and nothing before."""

    descriptor: int
    how_it_ended: Callable[[], str] = lambda: ""
    _closed: bool = False

    def __post_init__(self) -> None:
        os.set_blocking(self.descriptor, False)

    async def say(self, data: bytes) -> None:
        """All of it. What nobody reads any more is not said; that its command has ended is heard anyway."""
        while data and not self._closed:
            try:
                data = data[os.write(self.descriptor, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.005)
            except BrokenPipeError:
                return

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self.descriptor)


class TooMuch(Exception):
    """It said more than anybody listens to."""


@dataclass(slots=True)
class Lines:
    """Whole lines as bytes, of at most `longest` each and `most` together."""

    longest: int
    most: int
    _lines: deque[bytes] = field(default_factory=deque)
    _begun: bytearray = field(default_factory=bytearray)
    _heard: int = 0
    _over: str = ""
    _closed: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def feed(self, data: bytes) -> None:
        self._heard += len(data)
        if self._over:
            return
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._begun += piece
            if not self._too_long():
                self._lines.append(bytes(self._begun))
            self._begun.clear()
        self._begun += rest
        self._too_long()
        if self._heard > self.most:
            self._over = f"more than {self.most >> 20} MB altogether"
        self._news.set()

    def _too_long(self) -> bool:
        if len(self._begun) > self.longest:
            self._over = self._over or f"a message of more than {self.longest >> 20} MB"
            self._begun.clear()
        return bool(self._over)

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def next(self) -> bytes | None:
        """The next line, None when there will be no more. Raises TooMuch."""
        while not self._lines:
            if self._over:
                raise TooMuch(self._over)
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._lines.popleft()
