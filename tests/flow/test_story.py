"""The whole story, chapter by chapter."""

from __future__ import annotations

from bot.authorize.click import RefusedBecause
from bot.lifecycle import State
from tests.flow.town import Town


async def test_what_policy_allows_runs_without_anybody(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    assert await town.state(request) is State.APPROVED
    done = await town.run(request)
    assert (done.state, town.log) == (State.DONE, ["first hello", "second hello"])
    assert done.outcome is not None
    assert [check.met for check in done.outcome.checks] == [True]
    assert done.cost is not None
    assert done.cost > 0


async def test_production_waits_for_two_people_and_never_for_the_requester(town: Town) -> None:
    request = await town.ask("touch hello to production")
    assert (await town.get(request)).missing == ("@owners", "@release")
    refused = await town.click(request, "approve", by="U0ALICE")
    assert refused.reason is RefusedBecause.SELF_APPROVAL
    assert (await town.click(request, "approve", by="U0BOB")).counted
    assert await town.state(request) is State.WAITING
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert (await town.run(request)).state is State.DONE


async def test_what_is_not_done_is_undone(town: Town) -> None:
    town.faults('{"lines": 0}')
    done = await town.run(await town.ask("touch hello to staging"))
    assert done.state is State.ROLLED_BACK
    assert town.log == ["first hello", "second hello", "undo-second hello", "undo-first hello"]
