"""What a worker without walls does with a run that needs them."""

from __future__ import annotations

import asyncio

import pytest

from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.choosing import choose
from bot.lifecycle import State
from tests.flow.snapshot import audited
from tests.flow.town import Town


def weaken(town: Town) -> None:
    """As on a machine with neither bubblewrap nor Landlock, whose operator said nothing."""
    town.workshop.sandbox = GuardedProcesses(alive_for_s=5.0, grace_s=0.3)


async def test_it_is_refused_before_even_its_plan_runs(town: Town) -> None:
    weaken(town)
    request = await town.ask("touch hello to production")

    refused = await town.get(request)
    assert refused.state is State.REFUSED
    assert refused.outcome is not None
    assert "Its risk is 60, and from 40 on a run needs walls" in refused.outcome.sentence
    assert town.log == []
    [entry] = [one for one in await audited(town.store.redis, town.store.keys) if one["kind"] == "refused"]
    assert "needs walls" in str(entry["reason"])


async def test_little_risk_still_runs(town: Town) -> None:
    weaken(town)
    done = await town.run(await town.ask("touch hello to staging"))

    assert done.state is State.DONE
    assert {entry.tier for entry in done.journal if entry.event == "began"} == {"processes"}


async def test_what_was_granted_elsewhere_does_not_begin(town: Town) -> None:
    request = await town.ask("touch hello to production")
    for person in ("U0BOB", "U0CAROL"):
        assert (await town.click(request, "approve", by=person)).counted
    weaken(town)
    refused = await town.run(request)

    assert refused.state is State.REFUSED
    assert refused.journal == ()
    assert town.log == []
    held = [amount for name, amount in (await town.store.ledger()).items() if name.endswith("|held")]
    assert held
    assert not any(held)
    assert [one["kind"] for one in await audited(town.store.redis, town.store.keys)][-1] == "refused"


async def test_what_began_behind_walls_is_left_to_a_person(town: Town) -> None:
    request = await town.ask("touch hello to production")
    for person in ("U0BOB", "U0CAROL"):
        assert (await town.click(request, "approve", by=person)).counted
    town.faults('{"sleep": "first"}')
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    town.faults("{}")
    weaken(town)
    left = await town.run(request, worker="w2")

    assert left.state is State.INTERRUPTED
    assert "needs walls" in left.notes[0]


async def test_a_whole_run_behind_the_best_walls_there_are(town: Town) -> None:
    """The steps of this town write into it, so its skill has to be granted that."""
    held_by = await choose("any")
    if held_by.wall is None:
        pytest.skip(held_by.warning)
    town.workshop.sandbox = GuardedProcesses(alive_for_s=5.0, grace_s=0.3, wall=held_by.wall)
    ungranted = await town.run(await town.ask("touch hello to staging"))
    assert ungranted.state is not State.DONE
    assert town.log == []

    town.edit("skills/touch/skill.yaml", "env: [TOWN]", 'env: [TOWN], files: {write: ["${env.TOWN}"]}')
    town.review()
    done = await town.run(await town.ask("touch hello to staging"))

    assert (done.state, town.log) == (State.DONE, ["first hello", "second hello"])
    assert {entry.tier for entry in done.journal if entry.event == "began"} == {held_by.tier}
    began = [one for one in await audited(town.store.redis, town.store.keys) if one["kind"] == "step_began"]
    assert {one["tier"] for one in began} == {held_by.tier}
