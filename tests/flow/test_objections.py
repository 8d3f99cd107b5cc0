"""A yes that must not count, or not like this: authors, vetoes, bare presses, and yeses without reading."""

from __future__ import annotations

import pytest

from bot.authorize.click import RefusedBecause
from bot.lifecycle import State
from tests.flow.hours import pass_by
from tests.flow.town import STEP, Town

ASK = "touch hello to production"
PROD = 'when: request.environment == "production"'


def owners(more: str = "", count: int = 1) -> str:
    asked = f"all_of: [{{group: owners, count: {count}}}]"
    return f"{{id: look, why: Somebody looks., {PROD}, require: {{{asked}{more}}}}}"


def authored(town: Town, **plan: object) -> None:
    """The plan says whose work it is."""
    step = town.root / "skills/touch/step.py"
    said = ", ".join(f'"{name}": {value!r}' for name, value in plan.items())
    step.write_text(STEP.replace('"undo": "take both lines out",', f'"undo": "take both lines out", {said},'))
    town.review()


class TestRelations:
    @pytest.mark.parametrize(
        ("relation", "plan", "words"),
        [
            ("author", {"authors": ["bob", "carol"]}, "your own work"),
            ("last_committer", {"last_committer": "bob"}, "committed last"),
            ("beneficiary", {"beneficiary": "bob"}, "own benefit"),
        ],
    )
    async def test_whose_doing_it_is_does_not_count(
        self, town: Town, relation: str, plan: dict[str, object], words: str
    ) -> None:
        town.govern(owners(f", exclude: [requester, {relation}]"))
        authored(town, **plan)
        request = await town.ask(ASK)
        before = await town.get(request)
        clicked = await town.click(request, "approve", by="U0BOB")
        assert (clicked.counted, clicked.reason) == (False, RefusedBecause.EXCLUDED)
        assert words in clicked.text
        assert await town.get(request) == before
        assert (await town.click(request, "approve", by="U0ERIN")).counted
        assert await town.state(request) is State.APPROVED

    async def test_nor_does_their_no(self, town: Town) -> None:
        """Only who could have said yes may say no; a policy that wants theirs gives them a veto."""
        town.govern(owners(", exclude: [requester, author]"))
        authored(town, authors=["bob"])
        request = await town.ask(ASK)
        clicked = await town.click(request, "deny", by="U0BOB", reason="I know it is wrong.")
        assert (clicked.counted, clicked.reason) == (False, RefusedBecause.EXCLUDED)
        assert "What would run is your own work" in clicked.text
        assert await town.state(request) is State.WAITING

    async def test_but_their_veto_is_heard(self, town: Town) -> None:
        town.govern(owners(", exclude: [requester, author], veto: [owners]"))
        authored(town, authors=["bob"])
        request = await town.ask(ASK)
        assert (await town.click(request, "deny", by="U0BOB", reason="I know it is wrong.")).counted

    async def test_a_plan_that_does_not_say_whose_work_it_is_is_denied(self, town: Town) -> None:
        town.govern(owners(", exclude: [requester, last_committer]"))
        found = await town.get(await town.ask(ASK))
        assert found.state is State.REFUSED
        assert found.outcome is not None
        assert "does not say who committed last" in found.outcome.sentence

    async def test_somebody_the_directory_does_not_know_is_not_nobody(self, town: Town) -> None:
        town.govern(owners(", exclude: [requester, author]"))
        authored(town, authors=["bob", "someone-else-42"])
        assert (await town.get(await town.ask(ASK))).state is State.REFUSED


class TestVeto:
    async def test_one_no_of_a_veto_group_ends_it(self, town: Town) -> None:
        town.govern(owners(", deny: 2, veto: [security]", count=2))
        request = await town.ask(ASK)
        assert (await town.click(request, "deny", by="U0DAVE", reason="Not like this.")).counted
        assert await town.state(request) is State.DENIED

    async def test_the_noes_of_others_are_counted(self, town: Town) -> None:
        town.govern(owners(", deny: 2, veto: [security]"))
        request = await town.ask(ASK)
        assert (await town.click(request, "deny", by="U0ERIN", reason="No.")).counted
        assert await town.state(request) is State.WAITING
        assert (await town.click(request, "deny", by="U0BOB", reason="No.")).counted
        assert await town.state(request) is State.DENIED

    async def test_a_veto_is_no_seat(self, town: Town) -> None:
        town.govern(owners(", veto: [security]"))
        request = await town.ask(ASK)
        clicked = await town.click(request, "approve", by="U0DAVE")
        assert clicked.reason is RefusedBecause.NOT_ELIGIBLE

    async def test_who_asked_has_none(self, town: Town) -> None:
        town.govern(owners(", veto: [security]"))
        town.directory.groups["security"] = {"alice"}
        request = await town.ask(ASK)
        assert not (await town.click(request, "deny", by="U0ALICE", reason="No.")).counted


class TestConfirming:
    async def test_what_must_be_typed_is_typed_exactly(self, town: Town) -> None:
        town.govern(owners(", confirm: typed"))
        request = await town.ask(ASK)
        for typed in ("", "touch hello", "touch hello production!"):
            clicked = await town.click(request, "approve", by="U0ERIN", typed=typed)
            assert clicked.reason is RefusedBecause.UNCONFIRMED
            assert "touch hello production" in clicked.text
        assert (await town.get(request)).votes == ()
        assert (await town.click(request, "approve", by="U0ERIN", typed=" touch hello production ")).counted

    @pytest.mark.parametrize("careful", ["confirm: typed", "reason: required"])
    async def test_a_bare_press_in_one_stage_is_not_what_the_stage_beside_it_takes(
        self, town: Town, careful: str
    ) -> None:
        """Erin's press is enough for a stage that asks for nothing, and could sit in the other as well."""
        town.govern(
            owners().replace("{group: owners, count: 1}", "{group: owners}, {group: release}"),
            f"{{id: care, why: Somebody takes care., {PROD}, "
            f"require: {{stage: care, all_of: [{{group: owners}}], {careful}}}}}",
        )
        town.directory.groups["release"] = {"carol"}
        request = await town.ask(ASK)
        for who in ("U0ERIN", "U0CAROL"):
            assert (await town.click(request, "approve", by=who)).counted
        before = await town.get(request)
        assert (await town.click(request, "approve", by="U0BOB")).reason is RefusedBecause.UNCONFIRMED
        assert await town.get(request) == before
        said = {"typed": "touch hello production", "reason": "Tested."}
        assert (await town.click(request, "approve", by="U0BOB", **said)).counted
        assert await town.state(request) is State.APPROVED

    async def test_a_reason_is_kept_with_the_vote(self, town: Town) -> None:
        town.govern(owners(", reason: required"))
        request = await town.ask(ASK)
        assert (await town.click(request, "approve", by="U0ERIN")).reason is RefusedBecause.UNCONFIRMED
        assert (await town.click(request, "approve", by="U0ERIN", reason="Tested.")).counted
        assert (await town.get(request)).votes[0].reason == "Tested."

    async def test_a_no_needs_no_typing(self, town: Town) -> None:
        town.govern(owners(", confirm: typed, reason: required"))
        request = await town.ask(ASK)
        assert (await town.click(request, "deny", by="U0ERIN", reason="No.")).counted


class TestFatigue:
    async def test_who_approves_one_after_another_reads_the_next(self, town: Town) -> None:
        town.govern(owners(), fatigue="{burst: 3, within: 10m}")
        for word in ("a", "b", "c"):
            request = await town.ask(f"touch {word} to production")
            assert (await town.click(request, "approve", by="U0ERIN")).counted
        request = await town.ask("touch d to production")
        clicked = await town.click(request, "approve", by="U0ERIN")
        assert clicked.reason is RefusedBecause.UNCONFIRMED
        assert await town.state(request) is State.WAITING
        assert (await town.click(request, "approve", by="U0ERIN", read=True)).counted

    async def test_others_are_not_held_up_by_it(self, town: Town) -> None:
        town.govern(owners(), fatigue="{burst: 2, within: 10m}")
        for word in ("a", "b"):
            await town.click(await town.ask(f"touch {word} to production"), "approve", by="U0ERIN")
        assert (await town.click(await town.ask(ASK), "approve", by="U0BOB")).counted

    async def test_the_same_asked_again_while_it_waits_is_the_first(self, town: Town) -> None:
        town.govern(owners(), fatigue="{coalesce: true}")
        first = await town.ask(ASK)
        second = await town.get(await town.ask(ASK))
        assert second.state is State.REFUSED
        assert second.outcome is not None
        assert first in second.outcome.sentence
        assert await town.state(first) is State.WAITING
        assert await town.state(await town.ask("touch other to production")) is State.WAITING
        assert await town.state(await town.ask(ASK, by="U0DAVE")) is State.WAITING

    async def test_without_the_policy_both_wait(self, town: Town) -> None:
        town.govern(owners())
        assert await town.state(await town.ask(ASK)) is State.WAITING
        assert await town.state(await town.ask(ASK)) is State.WAITING

    async def test_a_policy_may_look_at_how_much_of_somebodys_waits(self, town: Town) -> None:
        town.govern(
            owners(), f"{{id: flood, why: Too much., {PROD} && actor.waiting >= 2, deny: Too much waits.}}"
        )
        for word in ("a", "b"):
            assert await town.state(await town.ask(f"touch {word} to production")) is State.WAITING
        assert await town.state(await town.ask("touch c to production")) is State.REFUSED
        assert await town.state(await town.ask("touch c to production", by="U0DAVE")) is State.WAITING


async def test_what_policies_want_measured_is_measured_too(town: Town) -> None:
    done = "{touch: [{name: an hour of quiet, observed: quiet, at_least: 60}]}"
    town.govern(owners(), done=done)
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    found = await town.run(request)
    assert found.state is State.ROLLED_BACK
    assert found.outcome is not None
    assert {check.name: check.met for check in found.outcome.checks} == {
        "both lines are there": True,
        "an hour of quiet": None,
    }


class TestEarned:
    RULE = (
        f"{{id: look, why: Somebody looks., {PROD} && !request.destructive,"
        " require: {all_of: [{group: owners}]},"
        " earned: {runs: 5, success_lb: 0.5, probation: 2, sample: 0.0001, cool_down_days: 14}}"
    )

    async def verified(self, town: Town, runs: int) -> None:
        for number in range(runs):
            request = await town.ask(f"touch {'abcdefgh'[number]} to production")
            await town.click(request, "approve", by="U0ERIN")
            assert (await town.run(request)).state is State.DONE

    async def test_a_record_is_earned_run_by_run_and_lost_by_one(self, town: Town) -> None:
        town.govern(self.RULE)
        await self.verified(town, 5)
        request = await town.ask(ASK)
        found = await town.get(request)
        assert found.state is State.APPROVED
        assert found.assessment is not None
        [because] = found.assessment.decision.because
        assert because.rule == "town/look+earned"
        assert "5 of 5 verified, lower bound 0.57 ≥ 0.50" in because.why
        town.faults('{"fail": "second"}')
        assert (await town.run(request)).state is not State.DONE
        town.faults("{}")
        assert await town.state(await town.ask("touch again to production")) is State.WAITING

    async def test_other_bytes_are_on_probation(self, town: Town) -> None:
        town.govern(self.RULE)
        await self.verified(town, 5)
        step = town.root / "skills/touch/step.py"
        step.write_text(step.read_text() + "\n# harmless\n")
        town.review()
        assert await town.state(await town.ask(ASK)) is State.WAITING

    async def test_a_record_that_was_lost_since_counts_at_the_run(self, town: Town) -> None:
        town.govern(self.RULE)
        await self.verified(town, 5)
        request = await town.ask(ASK)
        other = await town.ask("touch other to production")
        town.faults('{"fail": "second"}')
        await town.run(other)
        town.faults("{}")
        await pass_by(town.store.redis, town.store.keys, seconds=60)
        found = await town.run(request)
        assert (found.state, found.missing) == (State.WAITING, ("@owners",))
