"""A skill that allows only so many runs at once: over all workers, in a fair order, and through crashes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.flow.commit import Commit, Committed, Declined, Slot
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.terms import RequestId
from tests.flow.hours import pass_by
from tests.flow.town import Town

WAIT = """
if what == "first":
    (town / f"began-{word}").touch()
    while not (town / f"go-{word}").exists():
        time.sleep(0.02)
"""

KILLED = """
import asyncio, sys
from pathlib import Path
from bot.store.connection import connect
from tests.flow.town import Town

async def main():
    redis = connect(sys.argv[1])
    await Town(redis, redis, Path(sys.argv[2]), lease_s=3.0).run(sys.argv[3], worker="killed")

asyncio.run(main())
"""


@dataclass
class Queue:
    """Requests for a skill that allows so many at once, and the runs under way."""

    town: Town
    under_way: list[asyncio.Task[Request]] = field(default_factory=list)

    def allow(self, most: int) -> None:
        self.town.edit(
            "skills/touch/skill.yaml",
            "limits: {wall: 1m,",
            f"limits: {{wall: 1m, max_parallel_runs: {most},",
        )
        self.town.edit("skills/touch/skill.yaml", 'lock: "${environment}"', 'lock: "${inputs.word}"')
        self.town.edit("skills/touch/step.py", 'if what == "plan"', f'{WAIT.strip()}\nif what == "plan"')
        self.town.review()

    async def ask(self, word: str) -> RequestId:
        return await self.town.ask(f"touch {word} to staging")

    async def begin(self, request: RequestId, word: str, *, worker: str = "w1") -> asyncio.Task[Request]:
        task = asyncio.create_task(self.town.run(request, worker=worker))
        self.under_way.append(task)
        await self.town.until(f"began-{word}")
        return task

    async def declined(self, request: RequestId, *, worker: str = "w2") -> str:
        """Try to run it, which must come back at once; what its card says."""
        async with asyncio.timeout(20):
            found = await self.town.run(request, worker=worker)
        assert found.state in (State.APPROVED, State.RUNNING)
        [note] = found.notes
        return note

    def go(self, *words: str) -> None:
        for word in words:
            (self.town.folder / f"go-{word}").touch()

    async def called(self) -> list[RequestId]:
        """Which runs some worker is told to take up, by now."""
        entries = await self.town.store.redis.xrange(self.town.store.keys.work)
        await self.town.store.redis.delete(self.town.store.keys.work)
        return [RequestId(fields["request"]) for _, fields in entries if fields["kind"] == "run"]

    async def nothing_is_kept(self) -> None:
        keys, redis = self.town.store.keys, self.town.store.redis
        assert await redis.hgetall(keys.slots) == {}
        assert await redis.hgetall(keys.turns) == {}


@pytest.fixture
async def queue(town: Town) -> AsyncIterator[Queue]:
    yield (queue := Queue(town))
    for task in queue.under_way:
        task.cancel()
    await asyncio.gather(*queue.under_way, return_exceptions=True)


async def test_no_more_run_at_once_and_the_next_goes_on_by_itself(queue: Queue) -> None:
    queue.allow(2)
    one, two, three = [await queue.ask(word) for word in ("one", "two", "three")]
    first, second = await queue.begin(one, "one"), await queue.begin(two, "two", worker="w2")

    assert await queue.declined(three) == f"Waits: 2 of 2 runs of touch are under way: {one}, {two}."
    waits = await queue.town.get(three)
    assert (waits.state, waits.journal) == (State.APPROVED, ())
    assert queue.town.log == []

    await queue.called()
    queue.go("one")
    assert (await first).state is State.DONE
    assert await queue.called() == [three], "the end of one calls for the next"
    third = await queue.begin(three, "three", worker="w2")
    assert (await queue.town.get(three)).notes == ()
    queue.go("two", "three")
    assert [task.state for task in await asyncio.gather(second, third)] == [State.DONE, State.DONE]
    await queue.nothing_is_kept()


async def test_who_waits_longest_is_next(queue: Queue) -> None:
    queue.allow(1)
    one, two, three, four = [await queue.ask(word) for word in ("one", "two", "three", "four")]
    first = await queue.begin(one, "one")
    assert "Before it" not in await queue.declined(three)
    await queue.declined(two)
    queue.go("one")
    await first

    assert await queue.declined(four) == (
        f"Waits: 0 of 1 runs of touch are under way. Before it: {two}, {three}."
    )
    assert await queue.declined(two) == f"Waits: 0 of 1 runs of touch are under way. Before it: {three}."
    for request, word in ((three, "three"), (two, "two"), (four, "four")):
        queue.go(word)
        assert (await (await queue.begin(request, word))).state is State.DONE
    await queue.nothing_is_kept()


async def test_who_stops_waiting_keeps_nobody_waiting(queue: Queue) -> None:
    queue.allow(1)
    one, two, three = [await queue.ask(word) for word in ("one", "two", "three")]
    first = await queue.begin(one, "one")
    await queue.declined(two)
    await queue.declined(three)
    await queue.town.flow.cancel(two, "U0ALICE")
    assert await queue.town.state(two) is State.CANCELLED
    queue.go("one")
    await first

    queue.go("three")
    assert (await queue.town.run(three)).state is State.DONE
    await queue.nothing_is_kept()


async def test_other_skills_and_skills_without_a_number_do_not_wait(queue: Queue) -> None:
    queue.allow(1)
    one, two = await queue.ask("one"), await queue.ask("two")
    await queue.begin(one, "one")

    claim = Commit(op="other", request=two, event=Event.CLAIMED, take_lease_ms=1000)
    with_slot = Commit(
        op="slot", request=two, event=Event.CLAIMED, take_lease_ms=1000, slot=Slot(skill="b", most=1)
    )
    same = Commit(
        op="same", request=two, event=Event.CLAIMED, take_lease_ms=1000, slot=Slot(skill="touch", most=1)
    )
    assert await queue.town.store.commit(same) == Declined("full", f"{one}|")
    assert isinstance(await queue.town.store.commit(with_slot), Committed)
    assert await queue.town.store.commit(claim) == Declined("leased", (await lease(queue.town, two)))


async def lease(town: Town, request: RequestId) -> str:
    return str(await town.store.redis.hget(town.store.keys.requests + request, "lease_until"))


async def test_a_killed_worker_leaks_no_slot(queue: Queue, redis_url: str) -> None:
    """Until its lease is over nobody else may run; then its successor goes on, before who came later."""
    queue.allow(1)
    one, two = await queue.ask("one"), await queue.ask("two")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, redis_url, str(queue.town.root), one
    )
    try:
        await queue.town.until("began-one", seconds=40)
    finally:
        process.kill()
        await process.wait()
    await queue.declined(two)
    assert await queue.town.state(one) is State.RUNNING

    await pass_by(queue.town.store.redis, queue.town.store.keys, seconds=4)
    assert f"under way: {one}" in await queue.declined(two), "the place is its successor's"
    queue.go("one")
    assert (await queue.town.run(one, worker="w2")).state is State.DONE
    queue.go("two")
    assert (await queue.town.run(two, worker="w2")).state is State.DONE
    await queue.nothing_is_kept()


async def test_what_nobody_goes_on_with_does_not_keep_its_slot(queue: Queue) -> None:
    queue.allow(1)
    one, two = await queue.ask("one"), await queue.ask("two")
    claim = Commit(
        op="dies", request=one, event=Event.CLAIMED, take_lease_ms=1000, slot=Slot(skill="touch", most=1)
    )
    assert isinstance(await queue.town.store.commit(claim), Committed)
    await queue.declined(two)
    await pass_by(queue.town.store.redis, queue.town.store.keys, seconds=7)

    second = await queue.begin(two, "two")
    assert f"under way: {two}" in await queue.declined(one)
    await queue.called()
    queue.go("two", "one")
    assert (await second).state is State.DONE
    assert await queue.called() == [one]
    assert (await queue.town.run(one)).state is State.DONE
    await queue.nothing_is_kept()


async def test_what_has_begun_goes_before_what_has_not(queue: Queue) -> None:
    """A half-done run that was interrupted and answered waits for room as well, but for nobody else."""
    queue.allow(1)
    one, two, three = [await queue.ask(word) for word in ("one", "two", "three")]
    first = await queue.begin(one, "one")
    await queue.declined(three)
    commit = Commit(
        op="interrupt", request=one, event=Event.INTERRUPTED, drop_lease=True, set={"notes": ("?",)}
    )
    await queue.town.store.commit(commit)
    await asyncio.wait([first])
    second = await queue.begin(three, "three")
    await queue.declined(two)
    await queue.town.store.commit(Commit(op="answered", request=one, event=Event.RESOLVED, set={"notes": ()}))
    assert "Before it" not in await queue.declined(one)
    queue.go("three")
    await second

    assert f"Before it: {one}." in await queue.declined(two)
    queue.go("one")
    assert (await queue.town.run(one)).state is State.DONE


async def test_many_at_once_never_pass_the_number(queue: Queue) -> None:
    """Twelve claims at the same moment, from two workers' connections."""
    queue.allow(3)
    requests = [await queue.ask(word) for word in "abcdefghijkl"]
    again = queue.town.restart()
    claims = [
        (queue.town if n % 2 else again).store.commit(
            Commit(
                op=f"c{n}",
                request=request,
                event=Event.CLAIMED,
                take_lease_ms=60_000,
                slot=Slot(skill="touch", most=3),
            )
        )
        for n, request in enumerate(requests)
    ]
    done = await asyncio.gather(*claims)

    assert sum(isinstance(each, Committed) for each in done) == 3
    assert {each.reason for each in done if isinstance(each, Declined)} == {"full"}
