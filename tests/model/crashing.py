"""Processes that die at a chosen moment, and that can be let through one call to Redis at a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.store.store import Store

Level = Literal["call", "method", "effect"]
"""A round trip to Redis, a method of the store, or what a step does to the world."""
When = Literal["before", "after"]


class Crashed(BaseException):
    """The process is not there any more. No code of the bot may catch it."""


@dataclass(frozen=True, slots=True)
class Death:
    """The process dies before or after its n-th call of one kind, counted from 1.

    With `line` it is only its line that breaks: it goes on, and does not know whether it was heard.
    """

    level: Level
    number: int
    when: When
    line: bool = False


class Life:
    """What one process is allowed to do yet. Once it has died it does nothing any more, whoever asks it to.

    `turn` is waited for before each round trip: whoever lets several processes take turns gives it.
    """

    def __init__(self, death: Death | None = None) -> None:
        self.death, self.dead, self.died = death, False, False
        """Whether it can do anything yet, and whether it ever came to its death or to its broken line."""
        self.counts: dict[Level, int] = {"call": 0, "method": 0, "effect": 0}
        self.turn: Callable[[], Awaitable[None]] | None = None

    async def before(self, level: Level) -> None:
        if level == "call" and self.turn is not None and not self.dead:
            await self.turn()
        if not self.dead:
            self.counts[level] += 1
        self._dies_if_so(level, "before")

    def after(self, level: Level) -> None:
        self._dies_if_so(level, "after")

    def _dies_if_so(self, level: Level, when: When) -> None:
        death = self.death
        if not self.dead and death == Death(level, self.counts[level], when, line=bool(death and death.line)):
            self.death, self.died = None, True
            if death.line and level == "call":
                raise RedisConnectionError("the line broke")
            self.dead = True
        if self.dead:
            raise Crashed


def line(path: str, life: Life) -> Redis:
    """A client as `bot.store.connection.connect` makes it, of a process that may die on its line."""

    class Line(UnixDomainSocketConnection):
        _awaited, _asks = 0, False

        def pack_command(self, *args: Any) -> list[bytes]:
            self._awaited = 1
            return super().pack_command(*args)

        def pack_commands(self, commands: Iterable[Any]) -> list[bytes]:
            commands = list(commands)
            packed = super().pack_commands(commands)
            self._awaited = len(commands)  # as last, for each of them is packed by itself
            return packed

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            if self._asks:
                await life.before("call")
            await super().send_packed_command(command, check_health=check_health)

        async def read_response(self, *args: Any, **named: Any) -> Any:
            try:
                return await super().read_response(*args, **named)
            finally:
                self._awaited -= 1
                if self._asks and self._awaited == 0:
                    life.after("call")

        async def on_connect_check_health(self, check_health: bool = True) -> None:
            """What a connection says about itself is not one of the calls that are counted."""
            self._asks = False
            try:
                await super().on_connect_check_health(check_health)
            finally:
                self._asks = True

    pool = BlockingConnectionPool(
        connection_class=Line,
        path=path,
        protocol=2,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        max_connections=8,
        timeout=5.0,
        health_check_interval=0,
    )
    return Redis.from_pool(pool)


class FragileStore:
    """The store of a process that may die before or after one of its methods."""

    def __init__(self, store: Store, life: Life) -> None:
        self._store, self._life = store, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def called(*args: Any, **named: Any) -> Any:
            await self._life.before("method")
            answer = await found(*args, **named)
            self._life.after("method")
            return answer

        return called


class Turns:
    """Lets operations of several processes go on one round trip at a time, in the order that is given.

    Each `choice` says who of those that wait goes next; afterwards they go in the order in which they began.
    `between` is called once, before the turn with its number, while everybody waits.
    """

    def __init__(
        self, choices: Sequence[int], *, at: int = 0, between: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._choices, self._at, self._between = list(choices), at, between
        self._waiting: dict[int, list[asyncio.Event]] = {}
        self._changed = asyncio.Event()

    def taken_by(self, number: int) -> Callable[[], Awaitable[None]]:
        async def turn() -> None:
            mine = asyncio.Event()
            self._waiting.setdefault(number, []).append(mine)
            self._changed.set()
            await mine.wait()

        return turn

    async def play(self, operations: Sequence[Awaitable[Any]]) -> list[Any]:
        """Run all of them to their ends; what each returned or raised."""
        tasks = [asyncio.ensure_future(one) for one in operations]
        for task in tasks:
            task.add_done_callback(lambda _: self._changed.set())
        turn = 0
        while alive := [number for number, task in enumerate(tasks) if not task.done()]:
            if not all(self._waiting.get(number) for number in alive):
                self._changed.clear()
                await self._changed.wait()
                continue
            if turn == self._at:
                await self._interrupt()
            choice = self._choices.pop(0) if self._choices else 0
            self._waiting[alive[choice % len(alive)]].pop(0).set()
            turn += 1
        await self._interrupt()
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def _interrupt(self) -> None:
        between, self._between = self._between, None
        if between is not None:
            await between()
