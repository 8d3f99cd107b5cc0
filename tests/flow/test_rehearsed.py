"""The record that a rehearsal puts together again is the one that the gate really saw."""

from __future__ import annotations

import json

from bot.assess.autonomy import Past, rehearse
from bot.assess.estimate import account_of
from bot.assess.facts import Facts
from bot.assess.policy import Policies
from bot.flow.request import Request
from bot.lifecycle import State
from tests.assess.writing import HEAD, document
from tests.flow.town import Town

EARNING = """\
gates:
  - id: look
    why: Somebody looks.
    when: '!request.destructive'
    require: {all_of: [{group: owners}]}
    earned: {runs: 5, success_lb: 0.5, sample: 0.000001}
"""


def past(request: Request) -> Past:
    assert request.assessment is not None
    ran = request.state is State.DONE
    return Past(
        request=request.id,
        sentence=request.invocation.sentence(),
        asked_at=request.asked_at,
        ended_at=request.journal[-1].at if ran else None,
        state=request.state,
        account=account_of(request.invocation),
        digest=request.invocation.digest,
        facts=Facts.of(request.assessment.facts),
        effect=request.assessment.decision.effect,
    )


async def test_a_draft_is_rehearsed_on_what_really_ran(town: Town) -> None:
    town.govern("{id: free, why: It is free., when: 'true', allow: true}")
    requests = []
    for _ in range(5):
        request = await town.ask("touch hello to staging")
        assert (await town.run(request)).state is State.DONE
        requests.append(await town.get(request))
    last = await town.get(await town.ask("touch hello to staging"))
    assert last.assessment is not None

    text = HEAD.format(name="p").replace("[deploy]", "[touch]") + EARNING
    [found] = rehearse(
        Policies.load({"policies/p.yaml": document(text)}), [past(one) for one in (last, *requests)]
    )
    [relaxed] = found.relaxed
    facts = last.assessment.facts
    assert (relaxed.past.request, relaxed.effect) == (last.id, "allow")
    assert (
        relaxed.record
        == f"{facts['evidence.verified']} of {facts['evidence.runs']} verified, lower bound 0.57"
    )
    assert found.short["runs"] == 5


async def test_a_failure_is_not_forgotten_for_the_runs_that_came_after_it(
    town: Town,
) -> None:
    """Hundreds of harmless runs must not push what demoted a skill out of what is looked at."""
    town.govern("{id: free, why: It is free., when: 'true', allow: true}")
    town.faults(json.dumps({"fail": "first"}))
    failed = await town.ask("touch hello to staging")
    assert (await town.run(failed)).state is not State.DONE
    town.faults("{}")
    request = await town.get(failed)
    well = json.dumps({"request": "r-0", "outcome": "done", "risk": 10, "at": 0, "digest": "x"})
    await town.store.redis.rpush(town.store.keys.history(account_of(request.invocation)), *[well] * 200)
    found = await town.get(await town.ask("touch hello to staging"))
    assert found.assessment is not None
    facts = found.assessment.facts
    assert (facts["evidence.failures_30d"], facts["evidence.days_since_failure"]) == (1, 0)
