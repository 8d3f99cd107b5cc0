"""`assent costs`: the budgets as the ledger has them, and what runs cost."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from bot.ask.invocation import Invocation
from bot.cli.costs import spent
from bot.execute.journal import Entry
from bot.flow.request import Place, Request
from bot.lifecycle import State
from bot.settle.outcome import Outcome
from bot.store.connection import connect
from bot.store.store import Store
from bot.terms import Digest, Environment, Micros, RequestId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = Invocation(
    skill="deploy",
    version="1.0.0",
    digest=Digest("sha256:" + "5" * 64),
    inputs={"service": "checkout", "version": "1.4.2"},
    environment=Environment.STAGING,
)


def ran(kind: str, cost: int | None) -> Request:
    made: dict[str, Any] = {
        "id": RequestId("r-1"), "state": State(kind), "revision": 1, "asked_at": NOON, "updated_at": NOON,
        "asked_by": "U1", "place": Place(team="T1", channel="C1"), "invocation": CALL,
        "outcome": None if cost is None else Outcome(kind=kind, sentence="It ended."),  # type: ignore[arg-type]
        "cost": None if cost is None else Micros(cost),
    }  # fmt: skip
    return Request(**made)


def test_the_budget_is_what_the_ledger_says(assent, artifacts, redis_url: str) -> None:
    async def spend() -> None:
        async with connect(redis_url) as client:
            await client.flushall()
            store = Store(client, "T1")
            await store.introduce()
            place = Place(team="T1", channel="C1")
            await store.accept(invocation=CALL, slack_user="U1", place=place, identity="one")
            account = f"team:T1:{await month(store)}"
            await client.hset(store.keys.ledger, f"{account}|held", "3000000")
            await client.hset(store.keys.ledger, f"{account}|settled", "2000000")

    async def month(store: Store) -> str:
        return f"{await store.now():%Y-%m}"

    asyncio.run(spend())
    env = {**artifacts, "REDIS_URL": redis_url}
    [budget] = json.loads(assent("costs", "--json", env=env).out)["budgets"]
    assert (budget["limit"], budget["held"], budget["settled"], budget["left"]) == (
        50_000_000, 3_000_000, 2_000_000, 45_000_000,
    )  # fmt: skip
    assert "team this month $50.00 $3.00 $2.00 $45.00" in assent("costs", env=env).said


def test_a_failed_run_counts_into_the_cost_of_the_good_ones() -> None:
    [row] = spent([ran("done", 100), ran("failed", 50), ran("denied", None)])
    assert (row["runs"], row["cost"], row["good_runs"], row["per_good_run"]) == (2, 150, 1, 150)


def test_without_a_good_run_there_is_no_price_of_one() -> None:
    [row] = spent([ran("failed", 50)])
    assert row["per_good_run"] is None


def test_what_model_steps_used_is_told_in_units() -> None:
    used = {"small_input_tokens": 200.0, "model_calls": 1.0}
    entry = {"event": "ended", "step": "think", "phase": "step", "fence": 1, "at": NOON, "units": used}
    asked = ran("done", 100).model_copy(update={"journal": (Entry.model_validate(entry),)})
    [row] = spent([asked, asked])
    assert row["models"] == {"small_input_tokens": 400.0, "model_calls": 2.0}
