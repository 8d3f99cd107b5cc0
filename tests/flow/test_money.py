"""Money is held before anything runs, replaced by what it really cost, and never held for nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from redis.asyncio import Redis

from bot.ask.grammar import Complete, parse
from bot.flow.commit import Commit, Committed, Declined, Hold
from bot.flow.labour import Labour
from bot.flow.request import Place, Request
from bot.lifecycle import ENDED, Event, State
from bot.store.store import Store
from bot.terms import Micros, RequestId
from tests.flow.hours import pass_by
from tests.flow.town import Town

ASK = "touch hello to production"
CEILING = 500_000
"""Micro-dollars: what the skill of the town declares for production."""


async def sums(store: Store) -> Counter[str]:
    """All that is held and settled, over all accounts."""
    found: Counter[str] = Counter()
    for name, amount in (await store.ledger()).items():
        found[name.rpartition("|")[2]] += amount
    return found


async def assert_nothing_is_held(store: Store) -> None:
    assert (await sums(store))["held"] == 0
    assert await store.redis.hgetall(store.keys.holds) == {}
    assert await store.redis.hgetall(store.keys.locks) == {}


async def approve(town: Town, request: RequestId) -> RequestId:
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "approve", by="U0CAROL")
    return request


async def test_the_ceiling_is_held_with_the_grant_and_the_cost_replaces_it(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    assert (await sums(town.store))["held"] == 0
    await town.click(request, "approve", by="U0CAROL")
    assert await sums(town.store) == {"held": CEILING}
    done = await town.run(request)
    assert done.cost is not None
    assert 0 < done.cost < CEILING
    assert (await sums(town.store))["settled"] == done.cost
    await assert_nothing_is_held(town.store)


async def test_a_run_that_is_undone_still_costs(town: Town) -> None:
    town.faults('{"lines": 0}')
    done = await town.run(await town.ask("touch hello to staging"))
    assert done.state is State.ROLLED_BACK
    assert (await sums(town.store))["settled"] == done.cost
    assert done.cost is not None
    assert done.cost >= 5 * 1000  # five calls at $0.001, the undo included
    await assert_nothing_is_held(town.store)


@pytest.mark.parametrize("how", ["cancel", "void", "reassess", "expire", "leave"])
async def test_what_does_not_run_gives_back_what_was_held(town: Town, how: str) -> None:
    request = await approve(town, await town.ask(ASK))
    match how:
        case "cancel":
            await town.click(request, "cancel", by="U0ALICE")
        case "void":
            town.edit("policies/prices.yaml", '"0.001"', '"0.002"')
            await town.run(request)
        case "reassess":
            town.edit("policies/town.yaml", "version: 1", "version: 2")
            await town.run(request)
        case "expire":
            await pass_by(town.store.redis, town.store.keys, seconds=1801)
            await town.labour.sweeping.timers()
        case "leave":
            town.directory.groups["owners"] = set()
            await town.run(request)
    assert await town.state(request) in ENDED or how in ("reassess", "leave")
    assert await sums(town.store) == {"held": 0}
    await assert_nothing_is_held(town.store)


async def test_a_card_that_cannot_be_posted_gives_it_back_too(town: Town) -> None:
    request = await town.accept("touch hello to staging")
    await town.flow.admit(request)
    await town.labour.judging.plan(request, worker="w1")
    assert (await sums(town.store))["held"] > 0
    await town.flow.unpostable(request, "the channel is archived")
    assert await town.state(request) is State.REFUSED
    await assert_nothing_is_held(town.store)


async def test_what_is_denied_never_held_anything(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "deny", by="U0CAROL")
    assert await town.store.ledger() == {}


async def test_an_approval_without_room_waits_for_it_and_goes_by_itself(town: Town) -> None:
    """The votes count; the card says what is missing; nobody has to press anything again."""
    town.write(budget="0.50")
    first, second = [await approve(town, await town.ask(ASK)) for _ in range(2)]
    waits = await town.get(second)
    assert (await town.state(first), waits.state) == (State.APPROVED, State.WAITING)
    assert "has no room" in waits.notes[0]
    assert waits.missing[0].startswith("room in team:")
    await town.labour.sweeping.lost_work()
    assert await town.state(second) is State.WAITING
    await town.click(first, "cancel", by="U0ALICE")
    await asyncio.gather(*[town.restart().labour.sweeping.lost_work() for _ in range(4)])
    found = await town.get(second)
    assert (found.state, found.notes, found.missing) == (State.APPROVED, (), ())
    assert await sums(town.store) == {"held": CEILING}
    assert (await town.run(second)).state is State.DONE


async def test_a_no_still_ends_what_waits_for_room(town: Town) -> None:
    town.write(budget="0.10")
    request = await approve(town, await town.ask(ASK))
    assert (await town.click(request, "deny", by="U0BOB")).counted
    await town.labour.sweeping.lost_work()
    assert await town.state(request) is State.DENIED


async def test_grants_at_one_moment_never_hold_more_than_there_is(town: Town) -> None:
    town.write(budget="1.50")
    requests = [await town.ask(ASK) for _ in range(7)]
    for request in requests:
        await town.click(request, "approve", by="U0ERIN")
    await asyncio.gather(*[town.click(request, "approve", by="U0CAROL") for request in requests])
    states = Counter([await town.state(request) for request in requests])
    assert states == {State.APPROVED: 3, State.WAITING: 4}
    assert await sums(town.store) == {"held": 3 * CEILING}
    for request in requests:
        await town.click(request, "cancel", by="U0ALICE")
    await assert_nothing_is_held(town.store)


async def test_thirty_grants_at_once_on_a_cap_for_five_in_two_accounts(town: Town) -> None:
    """All of the accounts or none: what the second cannot hold, the first does not hold either."""
    store = town.store
    requests = [await _accepted(town, number) for number in range(30)]
    wide, narrow = Hold(key="wide", limit=Micros(10_000), amount=Micros(7)), "narrow"
    done = await asyncio.gather(
        *[
            store.commit(
                Commit(
                    op="grant",
                    request=request,
                    event=Event.DECIDED_ALLOW,
                    holds=(wide, Hold(key=narrow, limit=Micros(39), amount=Micros(7))),
                )
            )
            for request in requests
        ]
    )
    granted = [request for request, one in zip(requests, done, strict=True) if isinstance(one, Committed)]
    declined = [one for one in done if isinstance(one, Declined)]
    assert (len(granted), {(one.reason, one.detail) for one in declined}) == (5, {("budget", "narrow")})
    assert await store.ledger() == {"wide|held": 35, "narrow|held": 35}
    ends = (Event.CANCELLED, Event.VOIDED, Event.EXPIRED, Event.REFUSE)
    await asyncio.gather(
        *[
            store.commit(Commit(op="end", request=request, event=ends[n % 4], settle=Micros(n % 3)))
            for n, request in enumerate(granted)
        ]
    )
    await assert_nothing_is_held(store)
    assert await store.ledger() == {
        "wide|held": 0, "narrow|held": 0, "wide|settled": 0 + 1 + 2 + 0 + 1, "narrow|settled": 4,
    }  # fmt: skip


@pytest.mark.parametrize("amount", [0, 1, 2**53 - 1])
async def test_amounts_are_exact_to_the_micro_dollar(town: Town, amount: int) -> None:
    request = await _accepted(town, amount)
    hold = Hold(key="a", limit=Micros(2**53), amount=Micros(amount))
    grant = Commit(op="grant", request=request, event=Event.DECIDED_ALLOW, holds=(hold,))
    assert isinstance(await town.store.commit(grant), Committed)
    assert await town.store.ledger() == {"a|held": amount}
    end = Commit(op="end", request=request, event=Event.CANCELLED, settle=Micros(amount))
    assert isinstance(await town.store.commit(end), Committed)
    assert (await town.store.ledger())["a|held"] == 0
    assert (await town.store.ledger()).get("a|settled", 0) == amount


@pytest.mark.parametrize("amount", [2**53, 2**63, 10**30])
async def test_an_amount_too_large_to_count_is_declined_before_anything_is_written(
    town: Town, amount: int
) -> None:
    request = await _accepted(town, amount)
    hold = Hold(key="a", limit=Micros(10**31), amount=Micros(amount))
    grant = Commit(op="grant", request=request, event=Event.DECIDED_ALLOW, holds=(hold,))
    assert await town.store.commit(grant) == Declined("budget", "a")
    assert (await town.state(request), await town.store.ledger()) == (State.PLANNING, {})


class Died(Exception):
    """The worker is gone from one moment to the next."""


class Mortal(Store):
    """A store whose user dies at one commit: just before it is sent, or just after it was carried out."""

    def __init__(self, redis: Redis, team: str, *, at: int, after: bool) -> None:
        super().__init__(redis, team)
        self.left, self.after = at, after

    async def commit(self, commit: Commit) -> Committed | Declined:
        self.left -= 1
        if self.left > 0:
            return await super().commit(commit)
        if self.left == 0 and self.after:
            await super().commit(commit)
        raise Died


@pytest.mark.parametrize(
    ("at", "after"),
    [*((at, False) for at in range(1, 9)), *((at, True) for at in (2, 4, 6))],
    ids=lambda value: {False: "before", True: "begun"}[value] if isinstance(value, bool) else str(value),
)
async def test_a_worker_that_dies_at_any_commit_leaves_the_ledger_exact(
    town: Town, at: int, after: bool
) -> None:
    request = await approve(town, await town.ask(ASK))
    mortal = Mortal(town.store.redis, "T0TOWN", at=at, after=after)
    dying = Labour.of(
        store=mortal,
        people=town.directory,
        artifacts=town.artifacts,
        workshop=town.workshop,
        lease_s=10.0,
        lots_secret=b"lots",
    )
    with pytest.raises(Died):
        await dying.running.run(request, worker="w1")
    assert mortal.left == 0
    await pass_by(town.store.redis, town.store.keys, seconds=10)
    done = await town.restart().run(request, worker="w2")
    assert done.state is State.DONE
    assert done.cost is not None
    assert await sums(town.store) == {"held": 0, "settled": done.cost}
    await assert_nothing_is_held(town.store)
    assert town.log.count("first hello") == 1
    _assert_costs_what_ended(done)


async def test_a_run_has_eight_commits(town: Town) -> None:
    """So the test above dies at each of them: claim, two steps, the measurement, the end."""
    request = await approve(town, await town.ask(ASK))
    counting = Mortal(town.store.redis, "T0TOWN", at=10**6, after=False)
    labour = Labour.of(
        store=counting,
        people=town.directory,
        artifacts=town.artifacts,
        workshop=town.workshop,
        lease_s=10.0,
        lots_secret=b"lots",
    )
    await labour.running.run(request, worker="w1")
    assert 10**6 - counting.left == 8


def _assert_costs_what_ended(done: Request) -> None:
    ended = [entry for entry in done.journal if entry.event == "ended"]
    seconds = sum(entry.wall_ms for entry in ended) / 1000
    assert done.cost == pytest.approx(len(ended) * 1000 + seconds * 100, abs=2)


async def _accepted(town: Town, number: int) -> RequestId:
    parsed = parse(ASK, town.artifacts.skills())
    assert isinstance(parsed, Complete)
    place = Place(team="T0TOWN", channel="C0DEPLOYS")
    request, _ = await town.store.accept(
        invocation=parsed.invocation, slack_user="U0ALICE", place=place, identity=str(number)
    )
    return request
