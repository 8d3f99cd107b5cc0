"""What is revoked does nothing more: not asked for, not approved, not begun, and not its next step."""

from __future__ import annotations

import asyncio

import pytest

from bot.lifecycle import State
from bot.terms import Refused
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to staging"
WHY = "The second line is written to the wrong file."


def revoke(town: Town, what: str) -> None:
    (town.root / "skills" / "revoked.yaml").write_text(f"revoked:\n  - {{{what}, reason: {WHY}}}\n")


def digest(town: Town) -> str:
    return town.artifacts.skills()["touch"].digest


async def last_reason(town: Town, kind: str) -> str:
    lines = await audited(town.store.redis, town.store.keys)
    return str([line for line in lines if line["kind"] == kind][-1]["reason"])


async def held(town: Town) -> int:
    return sum(amount for name, amount in (await town.store.ledger()).items() if name.endswith("|held"))


async def test_a_revoked_skill_cannot_be_asked_for(town: Town) -> None:
    revoke(town, f"digest: {digest(town)}")
    with pytest.raises(Refused, match=rf"touch cannot be used now: it was revoked: {WHY}"):
        town.artifacts.skills().find("touch")


async def test_what_was_approved_is_void_when_it_is_revoked_before_it_began(town: Town) -> None:
    request = await town.ask(ASK)
    assert await town.state(request) is State.APPROVED
    revoke(town, f"digest: {digest(town)}")
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.VOIDED, [])
    assert WHY in await last_reason(town, "voided")
    assert await held(town) == 0


async def test_a_running_invocation_stops_at_its_next_step_and_is_not_undone_by_revoked_bytes(
    town: Town,
) -> None:
    town.faults('{"sleep": "first", "for": 0.4}')
    request = await town.ask(ASK)
    running = asyncio.create_task(town.labour.running.run(request, worker="w1"))
    await town.until("asleep")
    revoke(town, f"digest: {digest(town)}")
    await running
    ended = await town.get(request)
    assert town.log == ["first hello"], "neither its second step nor its undo ran"
    assert ended.state is State.FAILED
    assert ended.outcome is not None
    but = "What it did (first) was not undone: a person must look."
    assert ended.outcome.sentence == f"touch 1.0.0 was stopped: it was revoked: {WHY} {but}"
    assert await last_reason(town, "settled") == ended.outcome.sentence
    assert await held(town) == 0


async def test_it_stops_although_another_version_is_on_the_disk_by_then(town: Town) -> None:
    town.faults('{"sleep": "first", "for": 0.4}')
    request = await town.ask(ASK)
    running = asyncio.create_task(town.labour.running.run(request, worker="w1"))
    await town.until("asleep")
    before = digest(town)
    town.edit("skills/touch/skill.yaml", "version: 1.0.0", "version: 1.0.1")
    town.review()
    revoke(town, f"digest: {before}")
    await running
    assert (await town.state(request), town.log) == (State.FAILED, ["first hello"])
    assert not town.artifacts.skills()["touch"].unarmed, "the version that mends it may run"


async def test_a_list_that_cannot_be_read_lets_nothing_run(town: Town) -> None:
    (town.root / "skills" / "revoked.yaml").write_text("revoked:\n  - {digst: sha256:ab, reason: x}\n")
    said = town.artifacts.skills()["touch"].unarmed
    assert said.startswith("nobody can tell what is revoked: skills/revoked.yaml:2:")
    assert 'unknown key "digst". Did you mean digest?' in said


async def test_taken_off_the_list_it_may_run_again(town: Town) -> None:
    revoke(town, f"digest: {digest(town)}")
    assert town.artifacts.skills()["touch"].unarmed
    (town.root / "skills" / "revoked.yaml").unlink()
    assert not town.artifacts.skills()["touch"].unarmed
