"""A worker holds what it works on, lets go in time, and hands back what it will not finish."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from bot.execute.sandbox import clock
from bot.flow.commit import Commit, Committed
from bot.flow.leasing import Hold, LeaseLost, held
from bot.flow.ports import StoreAway
from bot.lifecycle import Event, State
from bot.terms import RequestId
from tests.flow.town import Town


def claim(request: RequestId, op: str, *, ms: int = 600) -> Commit:
    return Commit(op=op, request=request, event=Event.CLAIMED, take_lease_ms=ms, timers={"lease": ms})


async def claimed(town: Town, request: RequestId, op: str, *, ms: int = 600) -> Committed:
    done = await town.store.commit(claim(request, op, ms=ms))
    assert isinstance(done, Committed)
    return done


async def test_a_lost_reply_to_a_claim_is_answered_with_its_own_fence_not_a_successors(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    first = await claimed(town, request, "mine", ms=100)
    await asyncio.sleep(0.15)
    second = await claimed(town, request, "another's")
    again = await claimed(town, request, "mine")
    assert second.fence == first.fence + 1
    assert (again.again, again.fence, again.revision) == (True, first.fence, first.revision)


async def test_a_held_request_stays_held(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    since = clock()
    done = await claimed(town, request, "mine")
    async with held(town.store, request, fence=done.fence, lease_s=0.6, since=since) as hold:
        await asyncio.sleep(1.2)
        assert not hold.lost
        assert hold.renewed > since
        found = await town.get(request)
        assert found.lease_until is not None
        assert found.lease_until > await town.store.now()


async def test_a_successor_is_heard_of_and_what_runs_is_ended(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    done = await claimed(town, request, "mine", ms=10)
    await asyncio.sleep(0.05)
    await claimed(town, request, "another's")
    async with held(town.store, request, fence=done.fence, lease_s=60, since=clock()) as hold:
        await asyncio.wait_for(hold.ended.wait(), 20)
        with pytest.raises(LeaseLost):
            hold.check()


class Silent:
    """A store whose renewals get no answer."""

    async def renew(
        self, request: RequestId, *, fence: int, lease_ms: int, progress: str = ""
    ) -> Literal["held", "stop", "lost"]:
        await asyncio.Event().wait()
        raise AssertionError("nobody answers")


async def test_a_silent_store_does_not_keep_anybody_past_the_lease() -> None:
    since = clock()
    silent = held(Silent(), RequestId("r-1"), fence=1, lease_s=0.9, since=since)  # type: ignore[arg-type]
    async with silent as hold:
        await asyncio.wait_for(hold.ended.wait(), 20)
        assert hold.lost
        assert hold.until() == since + 0.9 * 3 / 4  # no command may run on what was never renewed


async def test_who_is_cancelled_hands_the_request_back(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    done = await claimed(town, request, "mine", ms=600_000)
    entered = asyncio.Event()

    async def work() -> None:
        async with held(town.store, request, fence=done.fence, lease_s=600, since=clock()):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = await town.get(request)
    assert (found.state, found.lease_until, found.fence) == (State.RUNNING, None, done.fence)
    assert (await town.run(request, worker="w2")).state is State.DONE


async def test_a_store_that_is_away_for_a_moment_is_waited_for() -> None:
    hold = Hold(request=RequestId("r-1"), fence=1, lease_s=60, renewed=clock())
    answers = iter([StoreAway("away"), StoreAway("away"), "here"])

    async def ask() -> str:
        answer = next(answers)
        if isinstance(answer, StoreAway):
            raise answer
        return answer

    assert await hold.insist(ask) == "here"
    hold.lose()
    with pytest.raises(LeaseLost):
        await hold.insist(ask)


async def test_a_command_is_not_begun_on_a_lease_that_is_over(town: Town) -> None:
    """The worker was stopped between writing that the step begins and beginning it."""
    request = await town.ask("touch hello to staging")
    run = town.workshop.sandbox.run
    late = 0

    async def slow(*args: object, **more: object) -> object:
        nonlocal late
        if "until" in more and not late:
            late += 1
            more["until"] = lambda: clock() - 0.001
        return await run(*args, **more)  # type: ignore[arg-type]

    town.workshop.sandbox.run = slow  # type: ignore[method-assign, assignment]
    done = await town.run(request)
    begun = [(e.event, e.phase) for e in done.journal if e.step == "first"]
    assert begun[:2] == [("began", "step"), ("began", "probe")]  # in doubt, so it is asked
    assert (done.state, town.log) == (State.DONE, ["first hello", "second hello"])
