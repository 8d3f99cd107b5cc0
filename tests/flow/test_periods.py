"""A day or a month ends while something waits: it is paid for in the period in which it runs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.assess.budget import rolled
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.test_money import ASK, CEILING, approve, assert_nothing_is_held
from tests.flow.town import Town

BUDGETS = '  - {scope: team, period: month, limit_usd: "%s"}\n  - {scope: team, period: day, limit_usd: "%s"}'


def budgets(town: Town, *, month: str = "100", day: str = "100") -> None:
    path = town.root / "policies" / "town.yaml"
    path.write_text(re.sub(r"  - \{scope: team.*", BUDGETS % (month, day), path.read_text()))


def keys(now: datetime) -> tuple[str, str]:
    return f"team:T0TOWN:{now:%Y-%m}", f"team:T0TOWN:{now:%Y-%m-%d}"


MONTH, DAY = keys(datetime.now(UTC))
EARLIER = datetime.now(UTC) - timedelta(days=40)
MONTH_BEFORE, DAY_BEFORE = keys(EARLIER)


async def as_if_then(town: Town, request: RequestId, *names: str) -> None:
    """It was judged, and what it holds was held, in an earlier period: every word of it says so."""
    reading: Any = town.store.redis
    ledger, holds, record = town.store.keys.ledger, town.store.keys.holds, town.store.keys.requests + request
    for name in names:
        old = MONTH_BEFORE if name == MONTH else DAY_BEFORE
        judged = await reading.hget(record, "assessment")
        await reading.hset(record, "assessment", judged.replace(f'"{name}"', f'"{old}"'))
        if kept := await reading.hget(holds, request):
            await reading.hset(holds, request, kept.replace(f'"{name}"', f'"{old}"'))
            for hold in json.loads(kept):
                if hold["key"] == name:
                    await reading.hincrby(ledger, f"{name}|held", -hold["amount"])
                    await reading.hincrby(ledger, f"{old}|held", hold["amount"])


async def of(town: Town, *names: str) -> list[int]:
    """Held and settled together."""
    return list((await town.store.spent(names)).values())


def test_an_account_is_followed_into_the_period_of_now() -> None:
    eve, after = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert rolled("team:T0TOWN:2026-01", after) == "team:T0TOWN:2026-02"
    assert rolled("skill:deploy:2026-01-31", after) == "skill:deploy:2026-02-01"
    assert rolled("skill:deploy:2026-01-31", eve) == "skill:deploy:2026-01-31"


async def test_what_was_judged_last_month_is_held_and_paid_for_in_this(town: Town) -> None:
    budgets(town)
    request = await town.ask(ASK)
    await as_if_then(town, request, MONTH, DAY)
    await approve(town, request)
    assert await of(town, MONTH, DAY, MONTH_BEFORE, DAY_BEFORE) == [CEILING, CEILING, 0, 0]
    done = await town.run(request)
    assert (done.state, await of(town, MONTH, DAY)) == (State.DONE, [done.cost, done.cost])
    assert await of(town, MONTH_BEFORE, DAY_BEFORE) == [0, 0]
    await assert_nothing_is_held(town.store)


async def test_what_last_month_had_left_pays_for_nothing_now(town: Town) -> None:
    """The attack: ask on the last day of a month, and have it approved on the first of the next."""
    budgets(town, month="0.50")
    first, second = [await town.ask(ASK) for _ in range(2)]
    await approve(town, first)
    await as_if_then(town, second, MONTH, DAY)
    await approve(town, second)
    waits = await town.get(second)
    assert (waits.state, waits.missing) == (State.WAITING, (f"room in {MONTH}",))
    assert await of(town, MONTH, MONTH_BEFORE) == [CEILING, 0]
    await town.labour.sweeping.lost_work()
    assert (await town.state(second), town.log) == (State.WAITING, [])


@pytest.mark.parametrize("names", [(MONTH, DAY), (DAY,)], ids=["a month", "a day"])
async def test_what_was_granted_before_midnight_is_moved_as_it_begins(
    town: Town, names: tuple[str, ...]
) -> None:
    """Also where the month has room for this one run only: what it holds itself is no reason against it."""
    budgets(town, month="0.50", day="0.50")
    request = await approve(town, await town.ask(ASK))
    await as_if_then(town, request, *names)
    done = await town.run(request)
    assert (done.state, await of(town, MONTH, DAY)) == (State.DONE, [done.cost, done.cost])
    assert await of(town, MONTH_BEFORE, DAY_BEFORE) == [0, 0]
    await assert_nothing_is_held(town.store)


async def test_what_has_no_room_in_the_new_period_does_not_begin_and_says_so(town: Town) -> None:
    budgets(town, day="0.50")
    first = await approve(town, await town.ask(ASK))
    await as_if_then(town, first, DAY)
    second = await approve(town, await town.ask(ASK))
    assert await of(town, DAY, DAY_BEFORE) == [CEILING, CEILING]
    waits = await town.run(first)
    assert (waits.state, town.log) == (State.APPROVED, [])
    assert waits.notes == (f"Approved, but {DAY} has no room for its ceiling. Nothing runs until there is.",)
    assert await of(town, DAY, DAY_BEFORE) == [CEILING, CEILING]
    await town.click(second, "cancel", by="U0ALICE")
    assert (await town.run(first)).state is State.DONE
    await assert_nothing_is_held(town.store)


async def test_the_gate_looks_at_what_the_new_period_has_left(town: Town) -> None:
    """A deny that looks at the money counts what it holds itself for nobody else's, also after midnight."""
    town.govern(
        "{id: ok, why: Fine., when: 'true', require: {all_of: [{group: owners}, {group: release}]}}",
        "{id: broke, why: Money., when: 'budget.left_usd < request.ceiling_usd', deny: There is none left.}",
    )
    budgets(town, month="0.50")
    request = await town.ask(ASK)
    await as_if_then(town, request, MONTH, DAY)
    await approve(town, request)
    assert (await town.run(request)).state is State.DONE
