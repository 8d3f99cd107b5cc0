"""The audit vouches for itself: whatever was changed, cut or rewritten, the first bad entry is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.connectors.checkpoints import Checkpoints
from bot.settle.audit import GENESIS, Broken, Checkpoint, first_broken, seals
from bot.store.audit import Audit
from bot.store.store import Store
from bot.terms import Refused


def entries(count: int) -> list[str]:
    return [f'{{"seq":{seq},"at":{1000 + seq},"kind":"voted"}}' for seq in range(1, count + 1)]


def chained(count: int) -> tuple[list[str], list[str]]:
    lines = entries(count)
    return lines, seals(GENESIS, lines)


def signed(count: int, chain: list[str]) -> Checkpoint:
    return Checkpoint(team="T0TOWN", count=count, head=chain[count - 1], at=datetime(2026, 1, 1, tzinfo=UTC))


# The chain


def test_what_nobody_touched_is_whole() -> None:
    lines, chain = chained(5)
    assert first_broken(lines, chain, [signed(3, chain), signed(5, chain)]) is None
    assert first_broken([], [], []) is None


def test_entries_that_wait_for_their_seal_are_no_finding() -> None:
    lines, chain = chained(5)
    assert first_broken(lines, chain[:3], [signed(3, chain)]) is None


Attack = Callable[[list[str], list[str]], object]


def edit(lines: list[str], _: list[str]) -> None:
    lines[2] = lines[2].replace("voted", "noted")


def edit_a_seal(_: list[str], chain: list[str]) -> None:
    chain[2] = "0" * 64


def swap(lines: list[str], _: list[str]) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def remove(lines: list[str], chain: list[str]) -> None:
    del lines[2], chain[2]


def remove_and_reseal(lines: list[str], chain: list[str]) -> None:
    del lines[2]
    chain[:] = seals(GENESIS, lines)


def insert(lines: list[str], chain: list[str]) -> None:
    lines.insert(2, '{"seq":3,"kind":"voted"}')
    chain[:] = seals(GENESIS, lines)


@pytest.mark.parametrize(
    ("attack", "first"),
    [(edit, 3), (edit_a_seal, 3), (swap, 3), (remove, 3), (remove_and_reseal, 3), (insert, 4)],
)
def test_an_attack_is_seen_and_the_first_bad_entry_named(attack: Attack, first: int) -> None:
    lines, chain = chained(5)
    attack(lines, chain)
    broken = first_broken(lines, chain, [])
    assert broken is not None
    assert broken.seq == first


def test_a_cut_tail_is_seen_by_its_seals() -> None:
    lines, chain = chained(5)
    assert first_broken(lines[:3], chain, []) == Broken(
        4, "entries are missing: more were sealed than are there"
    )


def test_an_edit_before_a_cut_tail_is_named_first() -> None:
    lines, chain = chained(5)
    edit(lines, chain)
    broken = first_broken(lines[:4], chain, [])
    assert broken is not None
    assert broken.seq == 3


def test_a_tail_cut_with_its_seals_is_seen_by_the_checkpoint() -> None:
    lines, chain = chained(5)
    broken = first_broken(lines[:3], chain[:3], [signed(5, chain)])
    assert broken is not None
    assert (broken.seq, broken.why) == (4, "the tail was cut: 5 entries were once signed for")


def test_a_chain_rewritten_from_its_first_entry_is_seen_by_the_checkpoint() -> None:
    """Whoever can write Redis can seal anew; what was signed outside is not theirs to change."""
    lines, chain = chained(5)
    forged = [line.replace("voted", "noted") for line in lines]
    broken = first_broken(forged, seals(GENESIS, forged), [signed(5, chain), signed(2, chain)])
    assert broken == Broken(2, "the chain was rewritten: it is not the one that was signed")


@given(st.integers(1, 8), st.data())
@settings(deadline=None)
def test_one_changed_byte_is_always_found_where_it_is(count: int, data: st.DataObject) -> None:
    lines, chain = chained(count)
    where = data.draw(st.integers(0, count - 1))
    at = data.draw(st.integers(0, len(lines[where]) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != lines[where][at]))
    lines[where] = lines[where][:at] + other + lines[where][at + 1 :]
    broken = first_broken(lines, chain, [])
    assert broken is not None
    assert broken.seq == where + 1


# In Redis, with the key beside it


@pytest.fixture
def audit(redis: Redis) -> Audit:
    return Audit(Store(redis, "T0TOWN"))


async def told(audit: Audit, count: int) -> None:
    for number in range(count):
        await audit.store.record("refused_click", request=f"r-{number}", reason="€ 'x'")


async def test_every_entry_is_sealed_once_and_in_order(audit: Audit) -> None:
    await told(audit, 7)
    sealed = await asyncio.gather(*[audit.seal() for _ in range(6)])
    assert sum(sealed) == 7
    await told(audit, 2)
    assert await audit.seal() == 2
    assert await audit.seal() == 0
    assert await audit.verify([]) == (9, 9, None)


async def test_what_is_sealed_while_it_is_verified_is_no_finding(audit: Audit) -> None:
    async def go_on() -> None:
        for _ in range(20):
            await told(audit, 1)
            await audit.seal()

    going = asyncio.create_task(go_on())
    while not going.done():
        assert (await audit.verify([]))[2] is None
        assert all(line["seq"] for line in await audit.export())
    await going


async def test_verifying_names_the_edited_entry(audit: Audit, tmp_path: Path) -> None:
    await told(audit, 6)
    await audit.seal()
    key, redis = audit.store.keys.audit, audit.store.redis
    line = await redis.lindex(key, 3)
    await redis.lset(key, 3, line.replace("refused_click", "granted"))
    broken = (await audit.verify([]))[2]
    assert broken is not None
    assert broken.seq == 4


async def test_a_rewritten_and_resealed_audit_is_found_by_what_was_signed(
    audit: Audit, tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path)
    await told(audit, 6)
    await audit.seal()
    checkpoints.sign(await audit.head())
    redis, keys = audit.store.redis, audit.store.keys
    lines = await redis.lrange(keys.audit, 0, -1)
    await redis.delete(keys.audit, keys.seals)
    await redis.rpush(keys.audit, *[line.replace("refused_click", "granted") for line in lines])
    await audit.seal()
    assert (await audit.verify([]))[2] is None
    broken = (await audit.verify(checkpoints.genuine()))[2]
    assert broken is not None
    assert "rewritten" in broken.why


async def test_an_emptied_audit_is_found_by_what_was_signed(audit: Audit, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    await told(audit, 2)
    await audit.seal()
    checkpoints.sign(await audit.head())
    await audit.store.redis.flushall()
    broken = (await audit.verify(checkpoints.genuine()))[2]
    assert broken is not None
    assert (broken.seq, "tail was cut" in broken.why) == (1, True)


async def test_another_workspaces_checkpoint_says_nothing_about_this_one(
    audit: Audit, redis: Redis, tmp_path: Path
) -> None:
    checkpoints, other = Checkpoints(tmp_path), Audit(Store(redis, "T0OTHER"))
    await told(other, 3)
    await other.seal()
    checkpoints.sign(await other.head())
    assert await audit.verify(checkpoints.genuine()) == (0, 0, None)


@pytest.mark.parametrize("part", ["team", "count", "head", "at", "signature"])
async def test_a_checkpoint_with_any_part_changed_is_not_genuine(
    audit: Audit, tmp_path: Path, part: str
) -> None:
    checkpoints = Checkpoints(tmp_path)
    await told(audit, 1)
    await audit.seal()
    checkpoints.sign(await audit.head())
    line = json.loads(checkpoints.file.read_text())
    changed = {"team": "T0OTHER", "count": 2, "head": "0" * 64, "at": "2020-01-01T00:00:00Z"}
    line[part] = changed.get(part, "A" * 86 + "==")
    checkpoints.file.write_text(json.dumps(line) + "\n")
    with pytest.raises(Refused, match="not signed by our key"):
        checkpoints.genuine()


async def test_the_key_is_readable_by_its_owner_alone(audit: Audit, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.sign(await audit.head())
    assert checkpoints.key.stat().st_mode & 0o777 == 0o600
    assert Checkpoints(tmp_path).sign(await audit.head()).signature
    assert len(Checkpoints(tmp_path).genuine()) == 2


async def test_the_export_shows_the_chain(audit: Audit) -> None:
    await told(audit, 2)
    await audit.seal()
    await told(audit, 1)
    first, second, third = await audit.export()
    assert (first["prev"], first["hash"]) == (GENESIS, second["prev"])
    assert (third["prev"], third["hash"]) == (second["hash"], "")
    assert (first["seq"], first["kind"], first["request"], first["principal"]) == (
        1, "refused_click", "r-0", "",
    )  # fmt: skip
