"""One table of states and events, and a store that knows no other way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.ask.invocation import Invocation
from bot.authorize.approval import Vote
from bot.execute.journal import Entry
from bot.flow.commit import Commit, Committed, Declined, Hold
from bot.flow.request import Place
from bot.lifecycle import AFTERWARDS, ENDED, OPEN, TRANSITIONS, Event, NoSuchTransition, State, after, mermaid
from bot.settle.outcome import Outcome
from bot.store.store import Store
from bot.terms import Digest, Environment, Micros, RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited, snapshot

DOCS = Path(__file__).parents[2] / "docs"
PLACE = Place(team="T0TOWN", channel="C0DEPLOYS")
INVOCATION = Invocation(
    skill="dig",
    version="1.0.0",
    digest=Digest("sha256:" + "0" * 64),
    environment=Environment.STAGING,
    inputs={},
)


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store(redis, "T0TOWN")


async def asked(store: Store, identity: str = "dig") -> RequestId:
    request, _ = await store.accept(
        invocation=INVOCATION, slack_user="U0ALICE", place=PLACE, identity=identity
    )
    return request


async def brought_to(store: Store, state: State) -> RequestId:
    """A request in that state, brought there by the table."""
    request = await asked(store, state)
    for number, event in enumerate(_way_to(state)):
        done = await store.commit(Commit(op=f"way:{number}", request=request, event=event))
        assert isinstance(done, Committed)
    return request


def _way_to(state: State) -> list[Event]:
    ways: dict[State, list[Event]] = {State.PLANNING: []}
    look = [State.PLANNING]
    for now in look:
        for event, to in TRANSITIONS[now].items():
            if to not in ways:
                ways[to] = [*ways[now], event]
                look.append(to)
    return ways[state]


# The table


def test_every_state_can_be_reached() -> None:
    assert all(_way_to(state) or state is State.PLANNING for state in State)


def test_what_has_ended_stays_so() -> None:
    assert {state for state in State if not TRANSITIONS[state]} == ENDED
    assert {
        State.DONE, State.NOT_DONE, State.FAILED, State.ROLLED_BACK, State.UNKNOWN,
        State.DENIED, State.REFUSED, State.EXPIRED, State.CANCELLED, State.VOIDED,
    } == ENDED  # fmt: skip


def test_from_every_open_state_an_end_can_be_reached() -> None:
    for state in OPEN:
        seen, look = {state}, [state]
        for now in look:
            new = {to for to in TRANSITIONS[now].values() if to not in seen}
            seen |= new
            look += sorted(new)
        assert seen & ENDED, state


def test_what_is_written_afterwards_changes_no_state() -> None:
    assert AFTERWARDS.keys() <= ENDED
    assert all(set(moves.values()) == {state} for state, moves in AFTERWARDS.items())


def test_nothing_runs_that_was_not_approved() -> None:
    """The only ways into `running` are from `approved`, and back from asking people."""
    into = {
        (state, event)
        for state, ways in TRANSITIONS.items()
        for event, to in ways.items()
        if to is State.RUNNING
    }
    assert {state for state, _ in into} == {
        State.APPROVED,
        State.RUNNING,
        State.ASKING,
        State.INTERRUPTED,
    }
    approving = {event for ways in TRANSITIONS.values() for event, to in ways.items() if to is State.APPROVED}
    assert approving == {Event.GRANTED, Event.DECIDED_ALLOW}


def test_a_move_that_is_not_in_the_table_is_a_bug() -> None:
    assert after(State.WAITING, Event.GRANTED) is State.APPROVED
    with pytest.raises(NoSuchTransition, match="granted in state done"):
        after(State.DONE, Event.GRANTED)


def test_the_documented_diagram_is_drawn_from_the_table() -> None:
    assert mermaid() in (DOCS / "lifecycle.md").read_text()


# The store


@pytest.mark.parametrize("state", State)
async def test_the_store_takes_the_moves_of_the_table_and_no_other(store: Store, state: State) -> None:
    request = await brought_to(store, state)
    before = await snapshot(store.redis, store.keys)
    moves = TRANSITIONS[state] | AFTERWARDS.get(state, {})
    for event in Event:
        if event not in moves:
            done = await store.commit(Commit(op=f"try:{event}", request=request, event=event))
            assert done == Declined("state", state.value)
    assert await snapshot(store.redis, store.keys) == before
    for event, to in moves.items():
        await store.redis.flushall()
        request = await brought_to(store, state)
        done = await store.commit(Commit(op="go", request=request, event=event))
        assert isinstance(done, Committed)
        found = await store.get(request)
        assert found is not None
        assert done.state is found.state is to
        assert await store.in_states((to,)) == [request]


def _full(request: RequestId, **changed: object) -> Commit:
    """A commit with everything in it: of all this, a refusal must write nothing."""
    at = "2026-01-01T00:00:00Z"
    vote = Vote.model_validate(
        {
            "principal": "bob", "slack_user": "U0BOB", "answer": "approve", "at": at,
            "digest": INVOCATION.digest, "stage": "review", "reason": 'so "be" it\n€ {}',
        }
    )  # fmt: skip
    values: dict[str, object] = {
        "op": "all",
        "request": request,
        "event": Event.GRANTED,
        "also": ("granted",),
        "set": {"outcome": Outcome(kind="refused", sentence="no"), "notes": ("a note",), "missing": ()},
        "vote": vote,
        "entry": Entry.model_validate({"event": "began", "step": "a", "fence": 0, "at": at}),
        "audit": {"principal": "bob", "facts": {}, "because": []},
        "work": "run",
        "timers": {"grant": 1000},
        "clear": ("expire",),
        "holds": (Hold(key="team", limit=Micros(10), amount=Micros(7)),),
        "lock": "dig:here",
        "history": ("dig@1:staging", '{"cost": 1}'),
        "said": "It runs.",
        **changed,
    }
    return Commit(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        ("revision", {"revision": 7}),
        ("fence", {"fence": 3}),
        ("budget", {"holds": (Hold(key="team", limit=Micros(10), amount=Micros(11)),)}),
        ("locked", {"lock": "dig:there"}),
        ("expired", {"unexpired": True}),
        ("leased", {"take_lease_ms": 1000}),
        ("state", {"event": Event.DONE}),
    ],
)  # fmt: skip
async def test_a_refusal_writes_nothing_at_all(store: Store, reason: str, changed: dict[str, object]) -> None:
    other = await asked(store, "another")
    await store.commit(Commit(op="lock", request=other, event=Event.CLAIMED, lock="dig:there"))
    request = await brought_to(store, State.WAITING)
    if reason == "leased":
        await store.redis.hset(store.keys.requests + request, "lease_until", 2**45)
    if reason == "expired":
        await pass_by(store.redis, store.keys, seconds=3600)
    before, told = await snapshot(store.redis, store.keys), await audited(store.redis, store.keys)
    done = await store.commit(_full(request, **changed))
    assert isinstance(done, Declined)
    assert done.reason == reason
    assert await snapshot(store.redis, store.keys) == before
    assert await audited(store.redis, store.keys) == told


async def test_a_request_that_is_not_there_is_missing(store: Store) -> None:
    assert await store.commit(_full(RequestId("r-9"))) == Declined("missing", "r-9")
    assert await store.redis.keys() == []


async def test_the_same_op_writes_once_and_gets_the_first_answer(store: Store) -> None:
    request = await brought_to(store, State.WAITING)
    first = await store.commit(_full(request))
    assert isinstance(first, Committed)
    assert (first.state, first.again) == (State.APPROVED, False)
    before, told = await snapshot(store.redis, store.keys), await audited(store.redis, store.keys)
    for again in await asyncio.gather(*[store.commit(_full(request)) for _ in range(5)]):
        assert isinstance(again, Committed)
        assert (again.state, again.revision, again.fence) == (first.state, first.revision, first.fence)
        assert again.again
    assert await snapshot(store.redis, store.keys) == before
    assert await audited(store.redis, store.keys) == told
    assert await store.answered(request, "all") == "It runs."
    assert await store.answered(request, "other") is None


async def test_the_same_op_sent_at_one_moment_writes_once(store: Store) -> None:
    request = await brought_to(store, State.WAITING)
    done = await asyncio.gather(*[store.commit(_full(request)) for _ in range(8)])
    assert [isinstance(one, Committed) and one.again for one in done].count(False) == 1
    found = await store.get(request)
    assert found is not None
    assert (len(found.votes), len(found.journal)) == (1, 1)
    assert await store.ledger() == {"team|held": 7}


async def test_a_repeated_claim_does_not_hold_its_successors_lease(store: Store) -> None:
    """The reply was lost for so long that somebody else has it now: the old fence is answered, not theirs."""
    request = await brought_to(store, State.APPROVED)
    mine = Commit(op="mine", request=request, event=Event.CLAIMED, take_lease_ms=1000)
    await store.commit(mine)
    await pass_by(store.redis, store.keys, seconds=10)
    theirs = await store.commit(
        Commit(op="theirs", request=request, event=Event.CLAIMED, take_lease_ms=60_000)
    )
    again = await store.commit(mine)
    assert isinstance(theirs, Committed)
    assert isinstance(again, Committed)
    assert (again.again, again.fence, theirs.fence) == (True, 1, 2)
    assert await store.renew(request, fence=again.fence, lease_ms=1000) == "lost"
    assert await store.renew(request, fence=theirs.fence, lease_ms=1000) == "held"


async def test_no_part_of_a_record_stands_in_for_what_the_script_decides(store: Store) -> None:
    request = await brought_to(store, State.WAITING)
    parts = {"state": "approved", "revision": "99", "fence": "99", "updated_at": "1"}
    before = await store.get(request)
    await store.commit(Commit(op="sly", request=request, event=Event.VOTED, set=parts))  # type: ignore[arg-type]
    found = await store.get(request)
    assert before is not None
    assert found is not None
    assert (found.state, found.fence, found.revision) == (State.WAITING, 0, before.revision + 1)
    assert found.updated_at >= before.updated_at


async def test_what_is_written_reads_back_as_it_was(store: Store) -> None:
    """Empty lists, quotes, line ends and letters from anywhere: nothing is lost on its way through Lua."""
    request = await brought_to(store, State.WAITING)
    await store.commit(_full(request))
    found = await store.get(request)
    assert found is not None
    assert found.votes[0].reason == 'so "be" it\n€ {}'
    assert (found.missing, found.notes) == ((), ("a note",))
    assert found.votes[0].at == found.journal[0].at == found.updated_at
    line = (await audited(store.redis, store.keys))[-1]
    assert (line["kind"], line["facts"], line["because"]) == ("granted", {}, [])


async def test_large_records_are_kept_whole(store: Store) -> None:
    request = await brought_to(store, State.WAITING)
    long = "ä" * 300_000
    await store.commit(Commit(op="x", request=request, event=Event.VOTED, set={"notes": (long,) * 3}))
    found = await store.get(request)
    assert found is not None
    assert found.notes == (long,) * 3


async def test_the_audit_counts_without_a_gap(store: Store) -> None:
    requests = [await asked(store, str(number)) for number in range(5)]
    await asyncio.gather(
        *[store.commit(Commit(op="x", request=r, event=Event.REFUSE, also=("two",))) for r in requests],
        *[store.record("refused_click", request=str(n)) for n in range(5)],
    )
    raw = await store.redis.lrange(store.keys.audit, 0, -1)
    assert [json.loads(line)["seq"] for line in raw] == list(range(1, 21))
    ats = [json.loads(line)["at"] for line in raw]
    assert ats == sorted(ats)


async def test_the_same_thing_asked_twice_is_one_request(store: Store) -> None:
    both = await asyncio.gather(
        *[
            store.accept(invocation=INVOCATION, slack_user="U0ALICE", place=PLACE, identity="x")
            for _ in range(4)
        ]
    )
    assert len({request for request, _ in both}) == 1
    assert [fresh for _, fresh in both].count(True) == 1


async def test_a_note_is_written_once(store: Store) -> None:
    request = await brought_to(store, State.APPROVED)
    for _ in range(3):
        found = await store.get(request)
        assert found is not None
        await store.note(found, ("Waits for r-7.",))
    again = await store.get(request)
    assert again is not None
    assert again.notes == ("Waits for r-7.",)
    assert again.revision == found.revision
