"""`assent audit`: an untouched record is good, and a touched one is named by its first bad entry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.connectors.checkpoints import Checkpoints
from bot.settle.audit import GENESIS, seals
from bot.store.audit import Audit
from bot.store.connection import connect
from bot.store.store import Store

Deed = Callable[[Store], Awaitable[object]]


def with_store(redis_url: str, deed: Deed) -> None:
    async def do() -> None:
        async with connect(redis_url) as client:
            await deed(Store(client, "T1"))

    asyncio.run(do())


@pytest.fixture
def written(redis_url: str, tmp_path: Path) -> str:
    """Five entries, sealed, with a signed checkpoint beside Redis."""

    async def write(store: Store) -> None:
        await store.redis.flushall()
        await store.introduce()
        for number in range(5):
            await store.record("policy_loaded", principal="assent", reason=f"the {number}th")
        audit = Audit(store)
        assert await audit.seal() == 5
        Checkpoints(tmp_path / ".assent").sign(await audit.head())

    (tmp_path / ".assent").mkdir()
    with_store(redis_url, write)
    return redis_url


def test_an_untouched_record_is_good(assent, written: str) -> None:
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 0
    assert "5 entries, 5 sealed, 1 signed checkpoints: all as written." in ran.out


def test_an_edited_entry_is_named(assent, written: str) -> None:
    async def edit(store: Store) -> None:
        entry = await store.redis.lindex(store.keys.audit, 2)
        await store.redis.lset(store.keys.audit, 2, entry.replace("the 2th", "nothing"))

    with_store(written, edit)
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 1
    assert ran.out.startswith("Entry 3: ")


def test_a_tail_that_was_cut_off_cleanly_is_noticed(assent, written: str) -> None:
    async def cut(store: Store) -> None:
        await store.redis.ltrim(store.keys.audit, 0, 2)
        await store.redis.ltrim(store.keys.seals, 0, 2)

    with_store(written, cut)
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 1
    assert ran.out.startswith("Entry 4: the tail was cut")


def test_a_chain_that_was_rewritten_as_a_whole_is_noticed(assent, written: str) -> None:
    async def rewrite(store: Store) -> None:
        entries = [
            one.replace("the 2th", "nothing") for one in await store.redis.lrange(store.keys.audit, 0, -1)
        ]
        await store.redis.delete(store.keys.audit, store.keys.seals)
        await store.redis.rpush(store.keys.audit, *entries)
        await store.redis.rpush(store.keys.seals, *seals(GENESIS, entries))

    with_store(written, rewrite)
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 1
    assert "the chain was rewritten" in ran.out


def test_a_forged_checkpoint_is_a_finding(assent, written: str, tmp_path: Path) -> None:
    file = tmp_path / ".assent" / "audit-checkpoints.jsonl"
    file.write_text(file.read_text().replace('"count":5', '"count":3'))
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 1
    assert "audit-checkpoints.jsonl:1: this checkpoint was not signed by our key" in ran.out


def test_without_a_checkpoint_it_says_what_could_not_be_noticed(assent, written: str, tmp_path: Path) -> None:
    (tmp_path / ".assent" / "audit-checkpoints.jsonl").unlink()
    ran = assent("audit", "verify", env={"REDIS_URL": written})
    assert ran.code == 0
    assert "No checkpoint is signed yet" in ran.err


def test_export_is_one_object_a_line_and_each_vouches_for_the_one_before(assent, written: str) -> None:
    ran = assent("audit", "export", "--json", env={"REDIS_URL": written})
    assert ran.code == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert {"at", "kind", "request", "principal", "reason", "digest", "prev", "hash"} <= lines[0].keys()
    assert [line["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert "policy_loaded" in assent("audit", "export", env={"REDIS_URL": written}).out


def test_a_program_can_read_what_verify_found(assent, written: str) -> None:
    good = json.loads(assent("audit", "verify", "--json", env={"REDIS_URL": written}).out)
    assert good == {"good": True, "entries": 5, "sealed": 5, "checkpoints": 1, "entry": None, "why": ""}

    async def cut(store: Store) -> None:
        await store.redis.ltrim(store.keys.audit, 0, 2)
        await store.redis.ltrim(store.keys.seals, 0, 2)

    with_store(written, cut)
    ran = assent("audit", "verify", "--json", env={"REDIS_URL": written})
    assert ran.code == 1
    bad = json.loads(ran.out)
    assert (bad["good"], bad["entry"]) == (False, 4)
