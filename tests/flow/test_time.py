"""What time does, with nobody pressing anything, and with processes that remember nothing."""

from __future__ import annotations

import asyncio

import pytest

from bot.authorize.click import RefusedBecause
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited, snapshot
from tests.flow.town import Town

ASK = "touch hello to production"
HOUR = 3600.0


async def later(town: Town, seconds: float) -> Town:
    """After so much time, in new processes."""
    await pass_by(town.store.redis, town.store.keys, seconds=seconds)
    return town.restart()


async def approved(town: Town) -> RequestId:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "approve", by="U0CAROL")
    return request


async def died_while(town: Town, request: RequestId, step: str) -> None:
    """A worker that is gone from one moment to the next: it hands nothing back."""
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    redis, keys = town.store.redis, town.store.keys
    before = await redis.hget(keys.requests + request, "lease_until")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await redis.hset(keys.requests + request, "lease_until", before)
    await redis.zadd(keys.due, {f"lease {request}": int(before)})


async def work(town: Town) -> list[dict[str, str]]:
    return [fields for _, fields in await town.store.redis.xrange(town.store.keys.work)]


async def perform(town: Town) -> None:
    """Take up everything that is queued, as a worker does."""
    while (entry := await town.streams.work("w9", block_ms=10)) is not None:
        if entry.kind == "plan":
            await town.labour.judging.plan(entry.request, worker="w9")
        else:
            await town.labour.running.run(entry.request, worker="w9")
        await town.streams.work_done(entry.id)


async def assert_expired(town: Town, request: RequestId, words: str) -> Request:
    found = await town.get(request)
    assert found.state is State.EXPIRED
    assert found.outcome is not None
    assert words in found.outcome.sentence
    told = [line for line in await audited(town.store.redis, town.store.keys) if line["kind"] == "expired"]
    assert [(line["request"], line["reason"]) for line in told] == [(request, found.outcome.sentence)]
    assert await town.store.due() == []
    assert all(amount == 0 for name, amount in (await town.store.ledger()).items() if name.endswith("|held"))
    shown = await town.store.redis.xrevrange(town.store.keys.outbox, count=1)
    assert shown[0][1]["request"] == request
    return found


async def test_silence_is_no_approval(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    town = await later(town, 4 * HOUR - 60)
    await town.labour.sweeping.timers()
    assert await town.state(request) is State.WAITING
    town = await later(town, 60)
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "Silence is no approval")
    answered = await town.click(request, "approve", by="U0CAROL")
    assert answered.reason is RefusedBecause.EXPIRED


async def test_the_real_clock_says_the_same(town: Town) -> None:
    town.write(expires="1s")
    request = await town.ask(ASK)
    await town.labour.sweeping.timers()
    assert await town.state(request) is State.WAITING
    await asyncio.sleep(1.1)
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "Silence is no approval")


async def test_many_sweepers_expire_it_once(town: Town) -> None:
    request = await town.ask(ASK)
    town = await later(town, 5 * HOUR)
    sweepers = [town.restart().labour.sweeping for _ in range(6)]
    await asyncio.gather(*[sweeping.timers() for sweeping in sweepers])
    await assert_expired(town, request, "Silence is no approval")


async def test_a_grant_that_could_not_begin_in_time_is_no_grant_any_more(town: Town) -> None:
    request = await approved(town)
    town = await later(town, 0.5 * HOUR)
    await town.labour.running.run(request, worker="w1")  # before anybody swept
    assert (await town.state(request), town.log) == (State.APPROVED, [])
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "could not begin in time")
    await perform(town)
    assert (await town.state(request), town.log) == (State.EXPIRED, [])


async def test_a_grant_outlives_the_time_there_was_for_answers(town: Town) -> None:
    """The two clocks are separate: an answer in the last minute still gets its half hour."""
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    town = await later(town, 4 * HOUR - 60)
    await town.click(request, "approve", by="U0CAROL")
    town = await later(town, 0.4 * HOUR)
    await town.labour.sweeping.timers()
    assert (await town.run(request)).state is State.DONE


async def test_what_runs_does_not_expire(town: Town) -> None:
    town.faults('{"sleep": "second", "for": 0.5}')
    request = await approved(town)
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    await town.store.redis.zadd(town.store.keys.due, {f"grant {request}": 1, f"expire {request}": 1})
    await town.store.redis.hset(town.store.keys.requests + request, "expires_at", 1)
    await town.labour.sweeping.timers()
    assert (await running).state is State.DONE
    assert await town.store.due() == []


async def test_what_nobody_could_look_at_for_two_minutes_is_not_run(town: Town) -> None:
    request = await town.accept(ASK)
    await town.flow.admit(request)
    town = await later(town, 121)
    await perform(town)
    assert await town.state(request) is State.PLANNING
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "Nobody could look at it in time")


async def test_what_was_never_admitted_expires_too(town: Town) -> None:
    request = await town.accept(ASK)
    town = await later(town, 121)
    await town.labour.sweeping.lost_work()
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "Nobody could look at it in time")


async def test_a_planner_that_died_is_followed_by_another(town: Town) -> None:
    request = await town.accept(ASK)
    await town.flow.admit(request)
    town.faults('{"sleep": "plan"}')
    planning = asyncio.create_task(town.labour.judging.plan(request, worker="w1"))
    for _ in range(200):
        if (await town.get(request)).fence:
            break
        await asyncio.sleep(0.02)
    planning.cancel()
    await asyncio.gather(planning, return_exceptions=True)
    town.faults("{}")
    town = await later(town, 30)
    await town.store.redis.delete(town.store.keys.work)
    await town.labour.sweeping.lost_work()
    await perform(town)
    await perform(town)
    assert await town.state(request) is State.WAITING


async def test_what_kills_every_planner_ends_after_five_minutes(town: Town) -> None:
    """Each try may take its lease, and no try makes the whole time longer."""
    request = await town.accept(ASK)
    await town.flow.admit(request)
    for _ in range(4):
        claimed = await town.labour.judging._claim(await town.get(request), "w1")
        assert claimed is not None
        town = await later(town, 80)
    await town.labour.sweeping.timers()
    await assert_expired(town, request, "Nobody could look at it in time")


async def test_a_lease_that_ran_out_is_handed_to_another_worker(town: Town) -> None:
    town.faults('{"sleep": "first"}')
    request = await approved(town)
    await died_while(town, request, "first")
    town.faults("{}")
    await town.store.redis.delete(town.store.keys.work)
    await town.labour.sweeping.timers()
    assert await work(town) == []  # not yet: what its owner started may still be ending
    town = await later(town, 30)
    await town.labour.sweeping.timers()
    assert await work(town) == [{"kind": "run", "request": request}]
    await perform(town)
    await perform(town)
    found = await town.get(request)
    assert (found.state, town.log) == (State.DONE, ["first hello", "second hello"])
    assert [e.phase for e in found.journal if e.event == "began"] == ["step", "probe", "step", "measure"]


async def test_a_lost_queue_is_rebuilt_from_the_states(town: Town) -> None:
    """Only hints are in the streams: what they said is said again, in order and to its end."""
    planning = await town.accept(ASK)
    await town.flow.admit(planning)
    waiting = await town.ask(ASK)
    granted = await town.ask("touch hello to staging")
    done = await town.run(await town.ask("touch hey to development"))
    await town.store.redis.delete(town.store.keys.work, town.store.keys.inbox)
    town = await later(town, 30)
    await town.labour.sweeping.lost_work()
    assert await work(town) == [
        {"kind": "plan", "request": planning},
        {"kind": "run", "request": granted},
    ]
    await perform(town)
    await perform(town)
    assert await town.state(planning) is State.WAITING
    assert await town.state(waiting) is State.WAITING
    assert await town.state(granted) is State.DONE
    assert (await town.get(done.id)).revision == done.revision


async def test_a_resolved_run_goes_on_though_its_hint_was_lost(town: Town) -> None:
    town.write(first="at_most_once")
    town.faults('{"sleep": "first"}')
    request = await approved(town)
    await died_while(town, request, "first")
    town.faults("{}")
    town = await later(town, 30)
    assert (await town.run(request)).state is State.INTERRUPTED
    town = await later(town, 48 * HOUR)
    await town.labour.sweeping.timers()
    await town.labour.sweeping.lost_work()
    assert await town.state(request) is State.INTERRUPTED  # a person is waited for, two days too
    await town.click(request, "skip_step", by="U0BOB")
    await town.store.redis.delete(town.store.keys.work)
    town = await later(town, 30)
    await town.labour.sweeping.lost_work()
    await perform(town)
    await perform(town)
    assert await town.state(request) is State.DONE


@pytest.mark.parametrize("times", [2, 5])
async def test_the_same_hint_many_times_runs_once(town: Town, times: int) -> None:
    request = await approved(town)
    await asyncio.gather(*[town.labour.running.run(request, worker="w1") for _ in range(times)])
    assert (await town.state(request), town.log) == (State.DONE, ["first hello", "second hello"])


async def test_two_workers_at_one_moment_run_it_once(town: Town) -> None:
    request = await approved(town)
    others = [town.restart() for _ in range(3)]
    await asyncio.gather(*[one.labour.running.run(request, worker=f"w{n}") for n, one in enumerate(others)])
    assert (await town.state(request), town.log) == (State.DONE, ["first hello", "second hello"])


async def test_the_same_plan_hint_many_times_plans_once(town: Town) -> None:
    request = await town.accept(ASK)
    await town.flow.admit(request)
    await asyncio.gather(*[town.labour.judging.plan(request, worker="w1") for _ in range(4)])
    kinds = [line["kind"] for line in await audited(town.store.redis, town.store.keys)]
    assert (kinds.count("planned"), kinds.count("claimed")) == (1, 1)


async def test_a_target_that_is_taken_is_waited_for(town: Town) -> None:
    """Two requests for one target: the second says whom it waits for, and goes when that one has ended."""
    town.faults('{"sleep": "second", "for": 0.5}')
    first, second = await town.ask("touch one to staging"), await town.ask("touch two to staging")
    running = asyncio.create_task(town.run(first))
    await town.until("asleep")
    waits = await town.run(second)
    assert waits.state is State.APPROVED
    assert f"Waits for {first}" in waits.notes[0]
    before = await snapshot(town.store.redis, town.store.keys)
    await town.run(second)
    again = await snapshot(town.store.redis, town.store.keys)
    key = town.store.keys.requests + second
    assert again[key] == before[key]
    assert (await running).state is State.DONE
    assert (await town.run(second)).state is State.DONE


async def test_a_question_nobody_answers_for_a_week_ends_as_unknown_and_frees_what_it_held(
    town: Town,
) -> None:
    town.write(first="at_most_once")
    town.faults('{"sleep": "first"}')
    request = await approved(town)
    await died_while(town, request, "first")
    town = await later(town, 30)
    assert (await town.run(request)).state is State.INTERRUPTED
    assert any(await _held(town))
    town = await later(town, 8 * 24 * HOUR)
    await town.labour.sweeping.timers()
    ended = await town.get(request)
    assert (ended.state, ended.outcome and ended.outcome.kind) == (State.UNKNOWN, "unknown")
    assert not any(await _held(town))


async def _held(town: Town) -> list[int]:
    return [amount for name, amount in (await town.store.ledger()).items() if name.endswith("|held")]
