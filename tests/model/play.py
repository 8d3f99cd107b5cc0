"""One play of the lifecycle: what is done, in which process, and what the auditor makes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from redis.asyncio import Redis

from bot.authorize.click import Action, Answered
from bot.authorize.people import Standing, Undetermined
from bot.lifecycle import ENDED, State
from bot.terms import RequestId
from tests.flow.hours import pass_by
from tests.model.auditor import DAY, Auditor, Case, Moment
from tests.model.crashing import Crashed, Death, Life, Turns
from tests.model.ground import BROKEN, MEMBERS, Shelf
from tests.model.kept import kept
from tests.model.processes import Ground, Process

NEVER = 1_000_000
PHASES = {
    State.PLANNING: "planning",
    State.WAITING: "waiting",
    State.APPROVED: "granted",
    State.RUNNING: "running",
    State.ASKING: "running",
    State.INTERRUPTED: "running",
    **dict.fromkeys(ENDED, "ended"),
}

Operation = Callable[[Process], Coroutine[Any, Any, Any]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Bed:
    """What one play leaves to the next: a server, a loop, and what was loaded from files."""

    socket: str
    admin: Redis
    loop: asyncio.AbstractEventLoop
    shelf: Shelf


class Play:
    def __init__(self, bed: Bed) -> None:
        self.bed, self.shelf = bed, bed.shelf
        self.shelf.reset()
        self.ground = Ground(bed.socket, "T0MODEL", bed.shelf)
        self.directory, self.world = self.ground.directory, self.ground.world
        self.directory.groups = {group: set(people) for group, people in MEMBERS.items()}
        self.directory.standings = {"U0GUS": Standing.GUEST}
        self.main = Process(self.ground)
        self.keys = self.main.store.keys
        self.auditor = Auditor(self.shelf.names)
        self.requests: list[RequestId] = []
        self.clock, self._heard, self._told = 0.0, 0, count(1)
        self._wait(bed.admin.flushdb())

    def close(self) -> None:
        self._wait(self.main.close())

    # What can be done

    def asks(self, by: str, environment: str, word: str, death: Death | None = None) -> bool:
        """Slack tells of it again when it was not acknowledged: that is the same request.

        Whether the first process to hear of it died.
        """
        identity = f"{by} {next(self._told)}"
        told: list[RequestId] = []

        async def ask(process: Process) -> None:
            told.append(await process.ask(word, environment, by=account(by), identity=identity))
            await process.look_at(told[-1])

        died = death is not None and self.does(ask, death)[1]
        self.does(ask)
        assert len(set(told)) == 1, told
        self.requests.append(told[0])
        return died

    def answers(self, person: str, action: Action, *, number: int = 0, death: Death | None = None) -> bool:
        """Press a button, and press it again as the same press where the process died."""
        press = self.pressing(person, action, number=number)
        died = death is not None and self.does(press, death)[1]
        self.does(press)
        return died

    def pressing(
        self, person: str, action: Action, *, number: int = 0, card: int | None = None, choice: int = 0
    ) -> Operation:
        request, click = self.request(number), f"click-{next(self._told)}"
        self.auditor.pressed[request, person, action] += 1

        async def press(process: Process) -> Answered | None:
            return await process.press(
                request, action, by=account(person), click=click, card=card, number=choice
            )

        return press

    def looking(self, number: int = 0) -> Operation:
        request = self.request(number)
        return lambda process: process.look_at(request)

    def later(self, seconds: float) -> None:
        self._wait(self.pass_by(seconds))

    def shift(self, what: Callable[[], Awaitable[None]]) -> None:
        self._wait(what())

    def comes_to_an_end(self) -> None:
        """Nobody does anything any more, but for workers: then every request has ended, and holds nothing."""
        self.shelf.policy = "two" if self.shelf.policy == BROKEN else self.shelf.policy
        for _ in range(5):
            self.later(9 * DAY)
            self.does(lambda process: process.sweep())
            for number in range(len(self.requests)):
                self.does(self.looking(number))
            self.holds()
        assert {case.phase for case in self.auditor.cases.values()} <= {"ended"}
        assert self.auditor.held() == 0

    def does(self, operation: Operation, death: Death | None = None) -> tuple[Any, bool]:
        """One operation, in the process that goes on or in one that may die: its answer, and if it died."""
        moment, life = self._moment(), Life(death)
        process = self.main if death is None else Process(self.ground, life)
        try:
            return self._wait(operation(process)), life.died
        except (Crashed, Undetermined):
            return None, life.died
        finally:
            if process is not self.main:
                self._wait(process.close())
            self._wait(self._audit([moment]))

    def at_once(
        self,
        operations: Sequence[Operation],
        choices: Sequence[int],
        *,
        at: int = NEVER,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
        death: Death | None = None,
    ) -> list[int]:
        """Each in a process of its own, taking turns at every call to Redis; how many calls each made.

        Before turn `at`, or in the end, `meanwhile` happens; the first process may die.
        """
        lives = [Life(None if number else death) for number in range(len(operations))]
        self._wait(self._at_once(operations, lives, choices, at, meanwhile))
        return [life.counts["call"] for life in lives]

    async def _at_once(
        self,
        operations: Sequence[Operation],
        lives: Sequence[Life],
        choices: Sequence[int],
        at: int,
        meanwhile: Callable[[], Awaitable[None]] | None,
    ) -> None:
        moments, jump = [self._moment()], NEVER

        async def between() -> None:
            nonlocal jump
            jump = await self.bed.admin.llen(self.keys.audit) - self._heard  # type: ignore[misc]
            if meanwhile is not None:
                await meanwhile()
            moments.append(self._moment())

        turns = Turns(choices, at=at, between=between)
        processes = [Process(self.ground, life) for life in lives]
        for number, life in enumerate(lives):
            life.turn = turns.taken_by(number)
        said = await turns.play([one(process) for one, process in zip(operations, processes, strict=True)])
        for process in processes:
            await process.close()
        await self._audit(moments, jump=jump)
        for one in said:
            if isinstance(one, BaseException) and not isinstance(one, Crashed | Undetermined):
                raise one

    async def pass_by(self, seconds: float) -> None:
        """Everything that is kept becomes so much older, also in the middle of something."""
        await pass_by(self.bed.admin, self.keys, seconds=seconds)
        self.clock += seconds

    # What is seen

    def holds(self) -> None:
        """What is kept is what the audit says, and the world has felt nothing twice or without a grant."""
        states = self._wait(self.main.redis.hgetall(self.keys.states))
        for request, state in states.items():
            assert PHASES[State(state)] == self.auditor.cases[request].phase, (request, state)
        ledger = self._wait(self.main.store.ledger())
        held = {amount for name, amount in ledger.items() if name.endswith("|held")}
        assert held | {0} == {0, self.auditor.held()}
        firsts, seconds = self.world.firsts, self.world.seconds
        assert len(firsts) == len(set(firsts)), firsts
        assert all(len(keys) == 1 for keys in seconds.values()), seconds
        begun = {name for name, case in self.auditor.cases.items() if case.begun}
        assert {*firsts, *seconds} <= begun

    def kept(self) -> dict[str, str]:
        return self._wait(kept(self.bed.admin, self.keys))

    def state(self, number: int = 0) -> str:
        return str(self._wait(self.main.redis.hget(self.keys.states, self.request(number))))

    def case(self, number: int = 0) -> Case:
        return self.auditor.cases[self.request(number)]

    def request(self, number: int) -> RequestId:
        return self.requests[number % len(self.requests)]

    def _moment(self) -> Moment:
        members = {group: frozenset(people) for group, people in self.directory.groups.items()}
        return Moment(self.shelf.policy, members, self.shelf.skill, self.world.revision, self.clock)

    async def _audit(self, moments: Sequence[Moment], *, jump: int = NEVER) -> None:
        lines: list[str] = await self.bed.admin.lrange(self.keys.audit, self._heard, -1)  # type: ignore[misc]
        self._heard += len(lines)
        self.auditor.hear([json.loads(line) for line in lines], moments, jump=jump)

    def _wait(self, doing: Awaitable[Result]) -> Result:
        async def wait() -> Result:
            return await doing

        return self.bed.loop.run_until_complete(wait())


def account(person: str) -> str:
    return f"U0{person.upper()}"
