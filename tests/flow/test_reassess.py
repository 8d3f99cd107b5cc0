"""A policy that is edited while requests wait: they are judged anew, by the stricter of then and now."""

from __future__ import annotations

import pytest

from bot.assess.decision import RequireApproval
from bot.authorize.click import RefusedBecause
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import RequestId
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to production"
POLICY = "policies/town.yaml"
BOTH = "[{group: owners, count: 1}, {group: release, count: 1}]"


async def half_approved(town: Town) -> RequestId:
    request = await town.ask(ASK)
    assert (await town.click(request, "approve", by="U0ERIN")).counted
    return request


async def approved(town: Town) -> RequestId:
    request = await half_approved(town)
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    return request


async def look(town: Town, request: RequestId) -> Request:
    await town.labour.sweeping.drifted()
    return await town.get(request)


async def notices(town: Town) -> list[str]:
    found = await town.streams.notices("n1", block_ms=10)
    return [
        f"{entry.notice.kind}: {' '.join((*entry.notice.groups, *entry.notice.people))}" for entry in found
    ]


async def held(town: Town) -> int:
    return sum(amount for name, amount in (await town.store.ledger()).items() if name.endswith("|held"))


async def test_words_that_changed_draw_a_new_card_and_void_what_was_answered(town: Town) -> None:
    request = await half_approved(town)
    before = await town.get(request)
    town.edit(POLICY, "expires_after: 4h", "expires_after: 5h")
    found = await look(town, request)
    assert (found.state, found.card_revision) == (State.WAITING, before.card_revision + 1)
    assert found.assessment is not None
    assert before.assessment is not None
    assert found.assessment.digest != before.assessment.digest
    assert found.missing == ("@owners", "@release")
    assert found.notes[0].startswith("The policies changed (town 1, ")
    assert found.expires_at == before.expires_at, "it does not wait longer for it"
    assert await notices(town) == ["reassessed: erin"]
    assert (await town.click(request, "approve", by="U0ERIN")).counted
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert (await town.run(request)).state is State.DONE


async def test_the_old_card_is_stale(town: Town) -> None:
    request = await half_approved(town)
    old = (await town.get(request)).card_revision
    town.edit(POLICY, "expires_after: 4h", "expires_after: 5h")
    clicked = await town.click(request, "approve", by="U0CAROL")
    assert clicked.reason is RefusedBecause.STALE_CARD, "before anybody judged it anew"
    await look(town, request)
    clicked = await town.click(request, "approve", by="U0CAROL", card_revision=old)
    assert clicked.reason is RefusedBecause.STALE_CARD
    assert await town.state(request) is State.WAITING


async def test_looser_never_applies_to_what_waits(town: Town) -> None:
    request = await half_approved(town)
    town.edit(POLICY, f"all_of: {BOTH}", "all_of: [{group: release, count: 1}]")
    found = await look(town, request)
    assert found.missing == ("@owners", "@release")
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert await town.state(request) is State.WAITING


async def test_nothing_is_allowed_that_waited(town: Town) -> None:
    request = await half_approved(town)
    town.edit(POLICY, 'when: request.environment != "production"', "when: 'true'")
    town.edit(POLICY, 'when: request.environment == "production"', "when: 'false'")
    found = await look(town, request)
    assert (found.state, found.missing) == (State.WAITING, ("@owners", "@release"))


async def test_stricter_applies_at_once(town: Town) -> None:
    request = await half_approved(town)
    town.edit(POLICY, "{group: owners, count: 1}", "{group: owners, count: 2}")
    assert (await look(town, request)).missing == ("2 × @owners", "@release")


async def test_where_each_asks_what_the_other_does_not_both_are_asked(town: Town) -> None:
    request = await half_approved(town)
    town.edit(POLICY, f"all_of: {BOTH}", "all_of: [{group: security, count: 1}]")
    found = await look(town, request)
    assert found.asked is not None
    asked = {seat.group for one in found.asked.requirements for seat in one.seats}
    assert asked == {"owners", "release", "security"}


async def test_a_deny_that_came_refuses_what_waits(town: Town) -> None:
    request = await half_approved(town)
    gate = "  - {id: never, why: Not now., when: 'true', deny: Not now.}\n"
    town.edit(POLICY, "budgets:\n", f"{gate}budgets:\n")
    found = await look(town, request)
    assert found.state is State.REFUSED
    assert found.outcome is not None
    assert found.outcome.sentence == "Not now."
    assert await town.store.due() == []


async def test_a_deleted_policy_refuses_what_waits(town: Town) -> None:
    request = await half_approved(town)
    other = (town.root / POLICY).read_text().replace("policy: town", "policy: other")
    (town.root / "policies/other.yaml").write_text(other.replace("applies_to: [touch]", "applies_to: [dig]"))
    (town.root / POLICY).unlink()
    assert (await look(town, request)).state is State.REFUSED


class TestBroken:
    async def test_a_broken_policy_counts_nothing_and_voids_nothing(self, town: Town) -> None:
        request = await half_approved(town)
        town.edit(POLICY, "gates:", "gaits:")
        found = await look(town, request)
        assert found.state is State.WAITING
        assert "town.yaml:" in found.stopped
        clicked = await town.click(request, "approve", by="U0CAROL")
        assert clicked.reason is RefusedBecause.UNDETERMINED
        assert "do not load" in clicked.text
        assert len((await town.get(request)).votes) == 1
        await town.labour.sweeping.lost_work()
        assert await town.state(request) is State.WAITING

    async def test_repaired_as_it_was_it_goes_on_with_its_votes(self, town: Town) -> None:
        request = await half_approved(town)
        town.edit(POLICY, "gates:", "gaits:")
        await look(town, request)
        town.edit(POLICY, "gaits:", "gates:")
        assert (await look(town, request)).stopped == ""
        assert (await town.click(request, "approve", by="U0CAROL")).counted
        assert (await town.run(request)).state is State.DONE

    async def test_nothing_that_was_granted_begins_until_it_is_repaired(self, town: Town) -> None:
        request = await approved(town)
        town.edit(POLICY, "gates:", "gaits:")
        for _ in range(3):
            found = await town.run(request)
            assert (found.state, town.log) == (State.APPROVED, [])
            assert "town.yaml:" in found.stopped
        town.edit(POLICY, "gaits:", "gates:")
        await town.run(request)
        assert (await town.run(request)).state is State.DONE

    async def test_nor_what_policy_allowed(self, town: Town) -> None:
        request = await town.ask("touch hello to staging")
        town.edit(POLICY, "gates:", "gaits:")
        assert (await town.run(request)).state is State.APPROVED
        assert town.log == []


class TestAtTheRun:
    async def test_stricter_policies_make_it_wait_again_and_hold_nothing(self, town: Town) -> None:
        request = await approved(town)
        town.edit(POLICY, "{group: owners, count: 1}", "{group: owners, count: 2}")
        found = await town.run(request)
        assert (found.state, found.missing, town.log) == (State.WAITING, ("2 × @owners", "@release"), [])
        assert await held(town) == 0
        kinds = [line["kind"] for line in await audited(town.store.redis, town.store.keys)]
        assert "reassessed" in kinds

    async def test_an_answer_is_for_the_policies_it_was_given_under(self, town: Town) -> None:
        request = await approved(town)
        town.edit(POLICY, f"all_of: {BOTH}", "all_of: [{group: release, count: 1}]")
        found = await town.run(request)
        assert (found.state, found.missing, town.log) == (State.WAITING, ("@owners", "@release"), [])
        for who in ("U0ERIN", "U0CAROL"):
            assert (await town.click(request, "approve", by=who)).counted
        assert (await town.run(request)).state is State.DONE

    async def test_what_other_policies_allow_as_well_runs(self, town: Town) -> None:
        request = await town.ask("touch hello to staging")
        town.edit(POLICY, "expires_after: 4h", "expires_after: 5h")
        assert (await town.run(request)).state is State.DONE

    async def test_what_policy_allowed_must_be_asked_for_when_it_no_longer_does(self, town: Town) -> None:
        request = await town.ask("touch hello to staging")
        town.edit(POLICY, 'when: request.environment == "production"', "when: 'true'")
        found = await town.run(request)
        assert (found.state, town.log) == (State.WAITING, [])
        assert isinstance(found.assessment and found.assessment.decision, RequireApproval)
        for who in ("U0ERIN", "U0CAROL"):
            assert (await town.click(request, "approve", by=who)).counted
        assert (await town.run(request)).state is State.DONE

    async def test_a_risk_that_rose_asks_again(self, town: Town) -> None:
        town.govern(
            '{id: try, why: Free., when: request.environment != "production", allow: true}',
            f'{{id: two, why: Two., when: request.environment == "production", require: {{all_of: {BOTH}}}}}',
            "{id: budget, why: Dear., when: budget.left_usd < 99.0, require: {all_of: [{group: security}]}}",
        )
        request = await approved(town)
        await town.store.redis.hincrby(town.store.keys.ledger, f"{await account(town)}|settled", 2_000_000)
        found = await town.run(request)
        assert (found.state, found.missing) == (State.WAITING, ("@owners", "@release", "@security"))


async def account(town: Town) -> str:
    return next(iter(await town.store.ledger())).split("|")[0]


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_a_silent_directory_leaves_it_as_it_was(town: Town, answer: str) -> None:
    request = await half_approved(town)
    town.edit(POLICY, "expires_after: 4h", "expires_after: 5h")
    town.directory.away = True
    before = await town.get(request)
    assert await look(town, request) == before
    town.directory.away = False
    assert (await look(town, request)).card_revision == before.card_revision + 1
    assert (await town.click(request, answer, by="U0BOB")).counted  # type: ignore[arg-type]
