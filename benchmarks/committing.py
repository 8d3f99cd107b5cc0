"""One transition: a vote with its audit entry and its notice to the card, written by one script."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median

from benchmarks.findings import Effort, Finding
from benchmarks.town import Broken, Town
from bot.ask.invocation import Invocation
from bot.authorize.approval import Vote
from bot.flow.commit import Commit, Committed
from bot.flow.request import Place
from bot.lifecycle import Event
from bot.store.connection import connect
from bot.store.store import Store
from bot.terms import Digest, Environment, Principal, RequestId

WRITE = "return redis.call('SET', KEYS[1], ARGV[1])"


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """Through the same client, one after the other and in turns: both pay the same for the way there."""
    redis = connect(town.redis_url)
    store, write = Store(redis, "T0BENCHMARKS"), redis.register_script(WRITE)
    ours: list[float] = []
    bare: list[float] = []
    try:
        for round_ in range(effort.rounds):
            request = await _waiting(store, round_)
            for number in range(effort.calls):
                vote = _vote(request, round_, number)
                began = time.perf_counter()
                done = await store.commit(vote)
                ours.append(time.perf_counter() - began)
                if not isinstance(done, Committed):
                    raise Broken(f"a vote was declined: {done}")
                began = time.perf_counter()
                await write(keys=["benchmarks:key"], args=[f"{round_} {number}"])
                bare.append(time.perf_counter() - began)
    finally:
        await redis.aclose()
    limit = 2.5 * median(bare) * 1000
    return [
        Finding(
            name="transition",
            what="one transition committed (a vote), p50",
            against="a bare EVALSHA that writes one key",
            target="< 2.5 × baseline",
            unit="ms",
            measured=median(ours) * 1000,
            baseline=median(bare) * 1000,
            limit=limit,
        )
    ]


async def _waiting(store: Store, number: int) -> RequestId:
    """A request that waits for approval, by the way every request comes there."""
    invocation = Invocation(
        skill="deploy",
        version="1.0.0",
        digest=Digest("sha256:" + "0" * 64),
        inputs={"service": "checkout", "version": "1.4.2"},
        environment=Environment.PRODUCTION,
    )
    place = Place(team=store.team, channel="C0DEPLOYS")
    request, _ = await store.accept(
        invocation=invocation, slack_user="U0ALICE", place=place, identity=f"{time.time()} {number}"
    )
    await store.commit(Commit(op="decide", request=request, event=Event.DECIDED_REQUIRE))
    return request


def _vote(request: RequestId, round_: int, number: int) -> Commit:
    vote = Vote(
        principal=Principal("bob"),
        slack_user="U0BOB",
        answer="approve",
        at=datetime.now(UTC),
        digest=Digest("sha256:" + "0" * 64),
        stage="review",
    )
    audit = {"principal": "bob", "answer": "approve", "stage": "review", "reason": "", "digest": vote.digest}
    return Commit(
        op=f"click-{round_}-{number}",
        request=request,
        event=Event.VOTED,
        unexpired=True,
        vote=vote,
        set={"missing": ("release",), "notes": ()},
        audit=dict(audit),
    )
