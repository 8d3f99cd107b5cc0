"""Silence leads to reminders, to more people who may answer and to pages; never to a yes."""

from __future__ import annotations

import asyncio

import pytest

from bot.authorize.click import RefusedBecause
from bot.flow.notice import Notice
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to production"
MINUTE = 60.0
TWO = (
    '{id: two, why: Two look., when: request.environment == "production",'
    " require: {all_of: [{group: owners, count: 1}, {group: release, count: 1}]}}"
)
STEPS = (
    "[{after: 15m, remind: needed}, {after: 45m, add: [security]},"
    " {after: 2h, page: [security], remind: needed}]"
)


@pytest.fixture
def town(town: Town) -> Town:
    town.govern(TWO, escalation=STEPS)
    return town


async def later(town: Town, minutes: float) -> Town:
    """After so much time, in new processes, when a worker has looked at its timers."""
    await pass_by(town.store.redis, town.store.keys, seconds=minutes * MINUTE)
    town = town.restart()
    await town.labour.sweeping.timers()
    return town


async def told(town: Town) -> list[Notice]:
    entries = await town.streams.notices("n1", block_ms=10)
    await town.streams.notices_done([entry.id for entry in entries])
    return [entry.notice for entry in entries]


async def test_whoever_is_needed_is_reminded_and_nobody_else(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    town = await later(town, 14)
    assert await told(town) == []
    town = await later(town, 2)
    [notice] = await told(town)
    assert (notice.kind, notice.people, notice.groups) == ("remind", ("bob", "carol"), ())
    assert "@release" in notice.text
    assert "@owners" not in notice.text
    assert (await town.get(request)).escalated == 1


async def test_each_step_is_taken_once_whoever_looks(town: Town) -> None:
    request = await town.ask(ASK)
    await pass_by(town.store.redis, town.store.keys, seconds=16 * MINUTE)
    sweepers = [town.restart().labour.sweeping for _ in range(6)]
    await asyncio.gather(*[sweeping.timers() for sweeping in sweepers])
    assert len(await told(town)) == 1
    kinds = [line["kind"] for line in await audited(town.store.redis, town.store.keys)]
    assert kinds.count("escalated") == 1
    assert await town.state(request) is State.WAITING


async def test_the_added_may_answer_and_no_fewer_are_asked(town: Town) -> None:
    request = await town.ask(ASK)
    early = await town.click(request, "approve", by="U0DAVE")
    assert early.reason is RefusedBecause.NOT_ELIGIBLE
    town = await later(town, 46)
    assert [notice.kind for notice in await told(town)] == ["remind", "added"]
    found = await town.get(request)
    assert found.missing == ("@owners or @security", "@release or @security")
    assert (await town.click(request, "approve", by="U0DAVE")).counted
    assert await town.state(request) is State.WAITING, "one of the added is still one person"
    again = await town.click(request, "approve", by="U0DAVE")
    assert again.reason is RefusedBecause.ALREADY_COUNTED
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert (await town.run(request)).state is State.DONE


async def test_the_requester_is_not_added_by_it(town: Town) -> None:
    town.directory.groups["security"] = {"alice", "dave"}
    request = await town.ask(ASK)
    town = await later(town, 46)
    assert (await town.click(request, "approve", by="U0ALICE")).reason is RefusedBecause.SELF_APPROVAL


async def test_steps_that_were_slept_through_are_taken_together(town: Town) -> None:
    request = await town.ask(ASK)
    town = await later(town, 3 * 60)
    assert [notice.kind for notice in await told(town)] == ["remind", "added", "remind", "page"]
    assert (await town.get(request)).escalated == 3
    assert await town.store.due() == []


async def test_silence_still_expires(town: Town) -> None:
    request = await town.ask(ASK)
    town = await later(town, 46)
    town = await later(town, 4 * 60)
    assert await town.state(request) is State.EXPIRED
    town = await later(town, 24 * 60)
    assert await town.store.due() == []
    assert (await town.click(request, "approve", by="U0DAVE")).reason is RefusedBecause.EXPIRED


async def test_nobody_is_reminded_of_what_is_decided(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "deny", by="U0BOB", reason="No.")
    town = await later(town, 46)
    assert (await told(town), await town.state(request)) == ([], State.DENIED)


async def test_a_directory_that_is_silent_is_asked_again(town: Town) -> None:
    request = await town.ask(ASK)
    town.directory.away = True
    town = await later(town, 16)
    assert ((await town.get(request)).escalated, await told(town)) == (0, [])
    town.directory.away = False
    await town.labour.sweeping.timers()
    assert (await town.get(request)).escalated == 1


async def test_without_an_escalation_of_its_own_it_reminds_at_half_time(town: Town) -> None:
    town.govern(TWO)
    await town.ask(ASK)
    town = await later(town, 119)
    assert await told(town) == []
    town = await later(town, 2)
    assert [notice.kind for notice in await told(town)] == ["remind"]


async def test_a_policy_that_changes_takes_the_steps_that_have_come_anew(town: Town) -> None:
    request = await town.ask(ASK)
    town = await later(town, 50)
    await told(town)
    town.edit("policies/town.yaml", "after: 45m", "after: 40m")
    await town.labour.sweeping.drifted()
    assert (await town.get(request)).escalated == 0
    town = await later(town, 1)
    assert "added" in [notice.kind for notice in await told(town)]
    assert (await town.click(request, "approve", by="U0DAVE")).counted


async def test_an_older_yes_may_take_a_seat_that_has_become_its_own(town: Town) -> None:
    """Bob may sit for owners or release. With security added, dave's yes and his fill both seats."""
    town.directory.groups["release"] = {"bob"}
    town.directory.groups["security"] = {"bob", "erin"}
    request: RequestId = await town.ask(ASK)
    assert (await town.click(request, "approve", by="U0ERIN")).counted
    town = await later(town, 46)
    assert (await town.click(request, "approve", by="U0BOB")).counted
    assert await town.state(request) is State.APPROVED
