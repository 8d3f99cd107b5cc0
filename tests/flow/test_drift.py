"""An approval is for exact bytes. When any of them change, it is void, and the card says what changed."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from bot.authorize.click import RefusedBecause
from bot.authorize.people import Standing
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to production"
SKILL, STEP, POLICY = "skills/touch/skill.yaml", "skills/touch/step.py", "policies/town.yaml"


async def approved(town: Town) -> RequestId:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "approve", by="U0CAROL")
    found = await town.get(request)
    assert found.state is State.APPROVED, found.outcome
    return request


async def held(town: Town) -> int:
    ledger = await town.store.ledger()
    return sum(amount for name, amount in ledger.items() if name.endswith("|held"))


async def assert_voided(town: Town, request: RequestId, *named: str) -> None:
    """Ended visibly: what changed is on the card and in the audit, nothing is held, nothing was done."""
    found = await town.get(request)
    assert found.state is State.VOIDED
    assert found.outcome is not None
    said = " ".join(found.notes)
    for word in named:
        assert word in said, said
        assert word in found.outcome.sentence
    last = [line for line in await audited(town.store.redis, town.store.keys) if line["kind"] == "voided"]
    assert [(line["request"], line["principal"]) for line in last] == [(request, "assent")]
    assert last[0]["reason"] == found.outcome.sentence
    assert found.assessment is not None
    assert last[0]["digest"] == found.assessment.digest
    assert (await held(town), town.log, await town.store.due()) == (0, [], [])
    assert (await town.click(request, "approve", by="U0BOB")).reason is RefusedBecause.ALREADY_DECIDED


def skill_edited(town: Town) -> tuple[str, ...]:
    (town.root / STEP).write_text((town.root / STEP).read_text() + "\n# harmless\n")
    return ("touch/step.py changed",)


def skill_edited_and_reviewed(town: Town) -> tuple[str, ...]:
    town.edit(SKILL, "version: 1.0.0", "version: 1.1.0")
    town.review()
    return ("touch/skill.yaml changed", "1.0.0 → 1.1.0")


def file_added(town: Town) -> tuple[str, ...]:
    (town.root / "skills/touch/new.py").write_text("")
    return ("touch/new.py changed",)


def skill_deleted(town: Town) -> tuple[str, ...]:
    shutil.rmtree(town.root / "skills/touch")
    return ("touch is gone",)


def skill_broken(town: Town) -> tuple[str, ...]:
    town.edit(SKILL, "on_fail: undo", "on_fail: perhaps")
    return ("no longer loads",)


def review_revoked(town: Town) -> tuple[str, ...]:
    (town.root / "skills/skills.lock").write_text("")
    return ("may not run any more",)


ON_DISK = [
    skill_edited,
    skill_edited_and_reviewed,
    file_added,
    skill_deleted,
    skill_broken,
    review_revoked,
]


@pytest.mark.parametrize("change", ON_DISK, ids=lambda change: change.__name__)
async def test_what_changed_on_disk_voids_what_waits_without_any_click(town: Town, change: object) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    named = change(town)  # type: ignore[operator]
    await town.labour.sweeping.drifted()
    await assert_voided(town, request, *named)


AT_THE_RUN = [skill_edited, skill_deleted, review_revoked]


@pytest.mark.parametrize("change", AT_THE_RUN, ids=lambda change: change.__name__)
async def test_what_changed_on_disk_voids_what_was_approved_at_its_run(town: Town, change: object) -> None:
    request = await approved(town)
    named = change(town)  # type: ignore[operator]
    await town.run(request)
    await assert_voided(town, request, *named)


async def test_a_click_finds_it_too_and_counts_nothing(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    named = skill_edited(town)
    answered = await town.click(request, "approve", by="U0CAROL")
    assert (answered.counted, answered.reason) == (False, RefusedBecause.STALE_CARD)
    assert len((await town.get(request)).votes) == 1
    await assert_voided(town, request, *named)


async def test_an_approval_that_a_policy_gave_is_void_as_well(town: Town) -> None:
    request = await town.ask("touch hello to staging")
    named = skill_edited(town)
    await town.run(request)
    await assert_voided(town, request, *named)


async def test_the_order_of_keys_and_comments_void_nothing(town: Town) -> None:
    request = await approved(town)
    town.edit(POLICY, 'version: 1\nowner: "@platform"', '# who to ask\nowner: "@platform"\nversion: 1')
    town.edit(
        POLICY,
        "{stage: review, all_of: [{group: owners, count: 1}",
        "{all_of: [{count: 1, group: owners}",
    )
    town.edit(POLICY, "exclude: [requester]}", "exclude: [requester], stage: review}")
    await town.labour.sweeping.drifted()
    assert (await town.run(request)).state is State.DONE


async def test_a_policy_for_something_else_voids_nothing(town: Town) -> None:
    request = await approved(town)
    other = (town.root / POLICY).read_text().replace("policy: town", "policy: other")
    (town.root / "policies/other.yaml").write_text(other.replace("applies_to: [touch]", "applies_to: [dig]"))
    assert (await town.run(request)).state is State.DONE


async def test_a_target_that_moved_voids_the_approval(town: Town) -> None:
    request = await approved(town)
    town.faults('{"revision": "2"}')
    await town.run(request)
    await assert_voided(town, request, "target", "'1'", "'2'")


async def test_a_plan_that_is_another_one_voids_the_approval(town: Town) -> None:
    request = await approved(town)
    town.faults('{"before": "bye"}')
    await town.run(request)
    await assert_voided(town, request, "plan: sha256:")


async def test_a_plan_that_can_no_longer_be_made_voids_the_approval(town: Town) -> None:
    request = await approved(town)
    town.faults('{"refused": "The file is gone."}')
    await town.run(request)
    await assert_voided(town, request, "The file is gone.")


async def test_other_prices_void_the_approval(town: Town) -> None:
    request = await approved(town)
    town.edit("policies/prices.yaml", '"0.001"', '"0.002"')
    await town.run(request)
    await assert_voided(town, request, "prices")


async def test_who_left_the_group_does_not_count_at_the_run(town: Town) -> None:
    """It waits again for somebody else of the group; nothing stays held while it does."""
    request = await approved(town)
    town.directory.groups["release"] = {"bob"}
    waits = await town.run(request)
    assert (waits.state, waits.missing) == (State.WAITING, ("@release",))
    assert "may not any more" in waits.notes[0]
    assert (await held(town), town.log) == (0, [])
    assert (await town.click(request, "approve", by="U0BOB")).counted
    assert (await town.run(request)).state is State.DONE


async def test_who_came_back_to_the_group_counts_again(town: Town) -> None:
    request = await approved(town)
    town.directory.groups["release"] = {"bob"}
    await town.run(request)
    await town.labour.sweeping.lost_work()
    assert await town.state(request) is State.WAITING
    town.directory.groups["release"] = {"bob", "carol"}
    town.directory.away = True
    await town.labour.sweeping.lost_work()
    assert await town.state(request) is State.WAITING
    town.directory.away = False
    await town.labour.sweeping.lost_work()
    assert (await town.run(request)).state is State.DONE


async def test_a_requester_who_is_no_member_any_more_has_nothing_run(town: Town) -> None:
    request = await approved(town)
    town.directory.standings["U0ALICE"] = Standing.DELETED
    await town.run(request)
    await assert_voided(town, request, "alice, who asked, is not a full member")


async def test_a_silent_directory_voids_nothing_and_starts_nothing(town: Town) -> None:
    request = await approved(town)
    town.directory.away = True
    with pytest.raises(Exception, match="Slack does not answer"):
        await town.run(request)
    assert (await town.state(request), town.log) == (State.APPROVED, [])
    town.directory.away = False
    assert (await town.run(request)).state is State.DONE


async def test_a_silent_directory_refuses_nothing_while_it_is_planned(town: Town) -> None:
    request = await town.accept(ASK)
    await town.flow.admit(request)
    town.directory.away = True
    with pytest.raises(Exception, match="Slack does not answer"):
        await town.labour.judging.plan(request, worker="w1")
    town.directory.away = False
    assert await town.state(request) is State.PLANNING


async def test_a_freeze_that_began_meanwhile_refuses_the_run(town: Town) -> None:
    """Judged again with the facts of now: the stricter of then and now holds."""
    begins = datetime.now(UTC) + timedelta(seconds=3)
    freeze(town, begins=begins)
    request = await approved(town)
    await asyncio.sleep((begins - datetime.now(UTC)).total_seconds())
    refused = await town.run(request)
    assert refused.state is State.REFUSED
    assert "Nothing moves in the holidays" in sentence(refused)
    assert (await held(town), town.log) == (0, [])


async def test_a_freeze_that_is_there_refuses_at_once(town: Town) -> None:
    freeze(town, begins=datetime.now(UTC) - timedelta(hours=1))
    request = await town.ask(ASK)
    refused = await town.get(request)
    assert refused.state is State.REFUSED
    assert "Nothing moves in the holidays" in sentence(refused)


async def test_a_budget_that_just_covers_it_also_covers_its_own_run(town: Town) -> None:
    """What it holds itself is not spent by somebody else."""
    town.write(budget="0.50")
    deny(town, when="budget.left_usd < request.ceiling_usd", why="There is no money left.")
    request = await approved(town)
    assert (await town.run(request)).state is State.DONE


async def test_a_run_whose_skill_changed_is_interrupted_and_can_be_ended(town: Town) -> None:
    town.faults('{"sleep": "first", "for": 1}')
    request = await approved(town)
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    skill_edited(town)
    found = await taken_over(town, request)
    assert found.state is State.INTERRUPTED
    assert "changed while this ran" in found.notes[0]
    assert (await town.click(request, "retry_step", by="U0BOB")).counted
    assert (await taken_over(town, request)).state is State.INTERRUPTED
    assert (await town.click(request, "undo", by="U0BOB")).counted
    done = await taken_over(town, request)
    assert done.state is State.UNKNOWN
    assert "a person must look" in sentence(done)
    assert await held(town) == 0
    assert await town.store.redis.hgetall(town.store.keys.locks) == {}


async def taken_over(town: Town, request: RequestId) -> Request:
    for _ in range(100):
        await town.labour.running.run(request, worker="w2")
        if (found := await town.get(request)).state is not State.RUNNING:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("nobody took it over")


def freeze(town: Town, *, begins: datetime) -> None:
    ends = begins + timedelta(days=7)
    window = (
        f"  - {{id: holidays, tz: UTC, from: {begins:%Y-%m-%dT%H:%M:%S}, to: {ends:%Y-%m-%dT%H:%M:%S}}}\n"
    )
    deny(town, when='"holidays" in freeze.active', why="Nothing moves in the holidays.")
    town.edit(POLICY, "budgets:\n", f"freeze_windows:\n{window}budgets:\n")


def deny(town: Town, *, when: str, why: str) -> None:
    gate = f"  - id: never\n    why: {why}\n    when: '{when}'\n    deny: {why}\n"
    town.edit(POLICY, "budgets:\n", f"{gate}budgets:\n")


def sentence(request: Request) -> str:
    assert request.outcome is not None
    return request.outcome.sentence
