"""Broken glass: a deny that may be overridden, loudly, by others than who asks, and looked at afterwards."""

from __future__ import annotations

import pytest

from bot.authorize.click import RefusedBecause
from bot.flow.notice import Notice
from bot.lifecycle import State
from bot.terms import Refused, RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited
from tests.flow.town import Town

LOUD = 'touch hello to production break_glass=yes incident=INC-7 reason="checkout is down"'
FREEZE = (
    '{id: freeze, why: Nobody is there., when: request.environment == "production", deny: Not in a freeze.,'
    " override: {all_of: [{group: owners, count: 1}], notify: [release],"
    " review_by: [security, owners], ttl: 30m}}"
)
ONE = (
    '{id: one, why: One looks., when: request.environment == "production",'
    " require: {all_of: [{group: release, count: 1}]}}"
)


@pytest.fixture
def town(town: Town) -> Town:
    town.govern(FREEZE, ONE)
    return town


async def told(town: Town) -> list[Notice]:
    entries = await town.streams.notices("n1", block_ms=10)
    await town.streams.notices_done([entry.id for entry in entries])
    return [entry.notice for entry in entries]


async def granted(town: Town) -> RequestId:
    request = await town.ask(LOUD)
    assert (await town.click(request, "approve", by="U0ERIN", reason="Customers cannot pay.")).counted
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert await town.state(request) is State.APPROVED
    return request


async def done(town: Town) -> RequestId:
    request = await granted(town)
    assert (await town.run(request)).state is State.DONE
    return request


async def test_a_deny_stays_one_for_whoever_does_not_break_the_glass(town: Town) -> None:
    request = await town.get(await town.ask("touch hello to production incident=INC-7 reason=down"))
    assert request.state is State.REFUSED


@pytest.mark.parametrize(
    "said", ["break_glass=yes", "break_glass=yes reason=down", "break_glass=yes incident=1"]
)
async def test_a_glass_is_broken_with_a_reason_and_an_incident(town: Town, said: str) -> None:
    with pytest.raises(Refused, match="takes a reason and an incident"):
        await town.accept(f"touch hello to production {said}")


async def test_it_takes_the_place_of_its_own_deny_and_of_nothing_else(town: Town) -> None:
    request = await town.get(await town.ask(LOUD))
    assert (request.state, request.missing) == (State.WAITING, ("@owners", "@release"))
    town.govern(FREEZE, ONE, "{id: never, why: Never., when: 'true', deny: Never.}")
    request = await town.get(await town.ask(LOUD))
    assert request.state is State.REFUSED


async def test_nobody_overrides_without_saying_why(town: Town) -> None:
    request = await town.ask(LOUD)
    clicked = await town.click(request, "approve", by="U0ERIN")
    assert (clicked.counted, clicked.reason) == (False, RefusedBecause.UNCONFIRMED)
    assert (await town.get(request)).votes == ()


async def test_who_asks_does_not_override(town: Town) -> None:
    town.directory.groups["owners"] = {"alice", "erin"}
    request = await town.ask(LOUD)
    clicked = await town.click(request, "approve", by="U0ALICE", reason="I am in a hurry.")
    assert clicked.reason is RefusedBecause.SELF_APPROVAL


async def test_others_hear_of_it_at_the_grant_and_the_record_says_it(town: Town) -> None:
    request = await granted(town)
    [notice] = await told(town)
    assert (notice.kind, notice.groups) == ("glass", ("release",))
    assert request in notice.text
    lines = await audited(town.store.redis, town.store.keys)
    assert [line["kind"] for line in lines if line.get("request") == request][-3:] == [
        "voted",
        "granted",
        "glass_broken",
    ]


async def test_what_was_overridden_begins_within_its_ttl_or_not_at_all(town: Town) -> None:
    request = await granted(town)
    await pass_by(town.store.redis, town.store.keys, seconds=1801)
    await town.labour.sweeping.timers()
    assert (await town.state(request), town.log) == (State.EXPIRED, [])


class TestReview:
    async def test_the_end_of_the_run_opens_it(self, town: Town) -> None:
        found = await town.get(await done(town))
        assert found.review is not None
        assert (found.review.by, found.review.closed_by) == (("security", "owners"), None)
        assert [notice.kind for notice in await told(town)] == ["glass", "review"]

    async def test_it_is_asked_for_again_until_it_is_written(self, town: Town) -> None:
        request = await done(town)
        await told(town)
        for _ in range(2):
            await pass_by(town.store.redis, town.store.keys, seconds=3 * 86_400 + 1)
            await town.labour.sweeping.timers()
            assert [notice.kind for notice in await told(town)] == ["review"]
        assert (await town.click(request, "review", by="U0DAVE", reason="It was right.")).counted
        await pass_by(town.store.redis, town.store.keys, seconds=86_400 * 30)
        await town.labour.sweeping.timers()
        assert (await told(town), await town.store.due()) == ([], [])
        found = await town.get(request)
        assert found.state is State.DONE
        assert found.review is not None
        assert (found.review.closed_by, found.review.finding) == ("dave", "It was right.")

    @pytest.mark.parametrize(
        ("who", "finding", "reason"),
        [
            ("U0ALICE", "Fine.", RefusedBecause.SELF_APPROVAL),
            ("U0ERIN", "Fine.", RefusedBecause.EXCLUDED),
            ("U0CAROL", "Fine.", RefusedBecause.EXCLUDED),
            ("U0DAVE", "  ", RefusedBecause.UNCONFIRMED),
        ],
    )
    async def test_it_is_somebody_elses(
        self, town: Town, who: str, finding: str, reason: RefusedBecause
    ) -> None:
        request = await done(town)
        clicked = await town.click(request, "review", by=who, reason=finding)
        assert (clicked.counted, clicked.reason) == (False, reason)
        found = await town.get(request)
        assert found.review is not None
        assert found.review.closed_by is None

    async def test_it_is_written_once(self, town: Town) -> None:
        request = await done(town)
        assert (await town.click(request, "review", by="U0DAVE", reason="One.")).counted
        again = await town.click(request, "review", by="U0BOB", reason="Two.")
        assert again.reason is RefusedBecause.ALREADY_DECIDED
        review = (await town.get(request)).review
        assert review is not None
        assert review.finding == "One."

    async def test_what_never_ran_needs_none(self, town: Town) -> None:
        request = await granted(town)
        await town.click(request, "cancel", by="U0ALICE")
        assert (await town.get(request)).review is None
