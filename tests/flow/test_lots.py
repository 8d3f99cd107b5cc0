"""Who is picked for review although the record is good: whoever asks can neither choose it nor try again."""

from __future__ import annotations

import json

import pytest

from bot.assess.estimate import account_of
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.town import Town

LOOK = (
    '{id: look, why: Somebody looks., when: \'!request.destructive && request.inputs["word"] != "free"\','
    " require: {all_of: [{group: owners}]}, earned: {runs: 5, success_lb: 0.5, sample: %s}}"
)
FREE = '{id: free, why: It is free., when: \'request.inputs["word"] == "free"\', allow: true}'
NEARLY_ALL, NEARLY_NONE = "0.999999999999", "0.000000000001"


async def good_record(town: Town, *, environment: str = "staging", risk: int = 20) -> None:
    """As many runs as it takes, verified, of the very bytes that would run."""
    request = await town.get(await town.accept(f"touch hello to {environment}"))
    kept = town.store.keys.history(account_of(request.invocation))
    at, digest = int(request.asked_at.timestamp() * 1000), request.invocation.digest
    for number in range(6):
        line = {"request": f"r-0{number}", "outcome": "done", "risk": risk, "at": at, "digest": digest}
        await town.store.redis.rpush(kept, json.dumps(line))


async def asked(town: Town, text: str, *, by: str = "U0ALICE") -> Request:
    return await town.get(await town.ask(text, by=by))


def drawn(request: Request) -> float:
    assert request.assessment is not None
    found = request.assessment.facts["evidence.draw"]
    assert isinstance(found, float)
    return found


async def ran(town: Town, request: RequestId) -> None:
    assert (await town.run(request)).state is State.DONE


@pytest.fixture
async def looking(town: Town) -> Town:
    town.govern(LOOK % NEARLY_ALL, FREE)
    await good_record(town)
    return town


async def test_asking_again_draws_nothing_anew(looking: Town) -> None:
    """The attack: ask, see that somebody must look, cancel, and ask until nobody must."""
    first = await asked(looking, "touch hello to staging")
    assert first.state is State.WAITING
    for text in (
        "touch hello to staging",
        "touch other to staging",
        'touch hello to staging reason="please"',
    ):
        await looking.click(first.id, "cancel", by="U0ALICE")
        again = await asked(looking, text)
        assert (again.state, drawn(again)) == (State.WAITING, drawn(first))
    for who in ("U0DAVE", "U0ERIN"):
        assert drawn(await asked(looking, "touch hello to staging", by=who)) == drawn(first)
    assert drawn(await asked(looking.restart(), "touch hello to staging")) == drawn(first)


async def test_what_people_denied_is_not_drawn_anew_either(looking: Town) -> None:
    first = await asked(looking, "touch hello to staging")
    assert (await looking.click(first.id, "deny", by="U0BOB", reason="no")).counted
    assert drawn(await asked(looking, "touch hello to staging")) == drawn(first)


async def test_a_run_that_somebody_looked_at_uses_it_up(looking: Town) -> None:
    first = await asked(looking, "touch hello to staging")
    await looking.click(first.id, "approve", by="U0BOB")
    await ran(looking, first.id)
    assert drawn(await asked(looking, "touch hello to staging")) != drawn(first)


async def test_a_run_beside_the_gate_does_not(looking: Town) -> None:
    """Else whoever is picked runs something free on the same target, and draws anew."""
    first = await asked(looking, "touch hello to staging")
    await ran(looking, (await asked(looking, "touch free to staging")).id)
    assert drawn(await asked(looking, "touch hello to staging")) == drawn(first)


async def test_a_run_that_its_record_let_through_uses_it_up(looking: Town) -> None:
    looking.govern(LOOK % NEARLY_NONE, FREE)
    first = await asked(looking, "touch hello to staging")
    assert first.state is State.APPROVED
    await ran(looking, first.id)
    assert drawn(await asked(looking, "touch hello to staging")) != drawn(first)


async def test_what_was_let_through_at_once_is_drawn_for_at_its_own_run(looking: Town) -> None:
    """Else many were asked for in one good moment, and ran one after another without anybody looking."""
    looking.govern(LOOK % NEARLY_NONE, FREE)
    first, second = [await asked(looking, "touch hello to staging") for _ in range(2)]
    assert drawn(first) == drawn(second)
    await ran(looking, first.id)
    while drawn(later := await asked(looking, "touch hello to staging")) >= drawn(second):
        await ran(looking, later.id)
    between = str((drawn(later) + drawn(second)) / 2)
    looking.govern(LOOK % between, FREE)
    assert (await looking.run(second.id)).state is State.WAITING


async def test_harmless_runs_push_no_risky_ones_out_of_the_record(town: Town) -> None:
    """The risk of one skill may differ by what is asked: each band has its own last 200 runs."""
    town.govern(
        LOOK % NEARLY_NONE, FREE, risk='[{add: 60, when: \'request.inputs["word"] == "hello"\', why: so}]'
    )
    await good_record(town, risk=80)
    first = await asked(town, "touch hello to staging")
    assert first.state is State.APPROVED
    await ran(town, first.id)
    kept = town.store.keys.history(account_of(first.invocation))
    well = {"request": "r-0", "outcome": "done", "risk": 10, "at": 0, "digest": "x"}
    await town.store.redis.rpush(kept, *[json.dumps(well)] * 200)
    found = (await asked(town, "touch hello to staging")).assessment
    assert found is not None
    assert found.facts["evidence.runs"] == 1  # what was closed since bands are kept; no more is forgotten


async def test_harmless_failures_push_no_risky_one_out_either(town: Town) -> None:
    town.govern(FREE, "{id: free2, why: Free., when: 'true', allow: true}")
    town.faults(json.dumps({"fail": "first"}))
    failed = await asked(town, "touch hello to staging")
    assert (await town.run(failed.id)).state is not State.DONE
    town.faults("{}")
    kept = town.store.keys.failures(account_of(failed.invocation), "high")
    other = {"request": "r-0", "outcome": "failed", "risk": 80, "at": 0, "digest": "x"}
    await town.store.redis.rpush(kept, *[json.dumps(other)] * 300)
    found = (await asked(town, "touch hello to staging")).assessment
    assert found is not None
    assert found.facts["evidence.failures_30d"] == 1
