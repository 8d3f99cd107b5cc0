"""Every click is checked in one order. A refused one has its own reason, is audited, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from redis.asyncio import Redis

from bot.authorize.click import Action, Answered, RefusedBecause
from bot.authorize.people import Standing, Undetermined
from bot.flow.flow import Flow
from bot.flow.ports import StoreAway
from bot.lifecycle import State
from bot.terms import Group, Principal, RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited, snapshot
from tests.flow.town import CARD, Town

ASK = "touch hello to production"
STAGES = """
    require: {stage: review, all_of: [{group: owners}], exclude: [requester]}
  - id: then
    why: The release crew looks last.
    when: request.environment == "production"
    require: {stage: release, after: review, all_of: [{group: release}], exclude: [requester]}
"""
REQUIRE = """
    require:
      {stage: review, all_of: [{group: owners, count: 1}, {group: release, count: 1}], exclude: [requester]}
"""


class Refusal:
    """A click that must not count: its reason and its one line in the audit, and nothing else changed."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def __call__(
        self, request: RequestId, action: Action, because: RefusedBecause, /, *, by: str, **changed: object
    ) -> Answered:
        redis, keys = self.town.store.redis, self.town.store.keys
        before, told = await snapshot(redis, keys), len(await audited(redis, keys))
        answered = await self.town.click(request, action, by=by, **changed)
        assert (answered.counted, answered.reason) == (False, because), answered.text
        assert answered.text
        assert await snapshot(redis, keys) == before
        [line] = (await audited(redis, keys))[told:]
        person = await self.town.directory.person(by) if not self.town.directory.away else None
        who = (person.principal if person else None) or by
        assert (line["kind"], line["principal"], line["reason"]) == ("refused_click", who, because.value)
        assert line["request"] == changed.get("request", request)
        self.line = line
        return answered


@pytest.fixture
def refused(town: Town) -> Refusal:
    return Refusal(town)


def staged(town: Town) -> None:
    town.edit("policies/town.yaml", REQUIRE.lstrip("\n"), STAGES.lstrip("\n"))


def away_between(town: Town) -> None:
    """The directory knows the person and then falls silent."""

    async def silent(_group: Group) -> frozenset[Principal]:
        raise Undetermined("Slack does not answer.")

    town.directory.members = silent  # type: ignore[method-assign]


def met_at_the_door(town: Town, people: int) -> None:
    """All of them have read the same record before the first of them answers."""
    lookup, barrier = town.directory.members, asyncio.Barrier(people)
    first = [True] * people

    async def members(group: Group) -> frozenset[Principal]:
        if first:
            first.pop()
            await barrier.wait()
        return await lookup(group)

    town.directory.members = members  # type: ignore[method-assign]


# One reason at a time


async def test_a_value_that_is_not_ours_is_forged(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    answered = await refused(request, "approve", RefusedBecause.FORGED, by="U0BOB", genuine=False)
    assert "request's card" in answered.text


async def test_another_workspace_is_refused(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await refused(request, "approve", RefusedBecause.WRONG_WORKSPACE, by="U0BOB", team="T0ELSEWHERE")


async def test_another_app_is_refused(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    town.flow = Flow.of(
        store=town.store, people=town.directory, artifacts=town.artifacts, voice=town.ear, app="A0TOWN"
    )
    await refused(request, "approve", RefusedBecause.WRONG_WORKSPACE, by="U0BOB", app="A0OTHER")
    assert (await town.click(request, "approve", by="U0BOB", app="A0TOWN")).counted


async def test_an_old_card_is_refused(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    answered = await refused(request, "approve", RefusedBecause.STALE_CARD, by="U0BOB", card_revision=0)
    assert "newest card" in answered.text


async def test_a_request_that_does_not_exist_has_no_card(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    other = RequestId("r-999")
    await refused(request, "approve", RefusedBecause.STALE_CARD, by="U0BOB", request=other)


@pytest.mark.parametrize("elsewhere", [{"message_ts": "1.2"}, {"channel": "C0OTHER"}])
async def test_a_copy_of_the_card_is_refused(
    town: Town, refused: Refusal, elsewhere: dict[str, object]
) -> None:
    request = await town.ask(ASK)
    await refused(request, "approve", RefusedBecause.WRONG_MESSAGE, by="U0BOB", **elsewhere)


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.MEMBER])
async def test_only_full_members_answer(town: Town, refused: Refusal, standing: Standing) -> None:
    request = await town.ask(ASK)
    town.directory.standings["U0BOB"] = standing
    await refused(request, "approve", RefusedBecause.NOT_A_MEMBER, by="U0BOB")
    assert refused.line["detail"] == standing.value


async def test_somebody_the_directory_does_not_know_is_refused(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    town.directory.strangers.add("U0BOB")
    answered = await refused(request, "approve", RefusedBecause.UNKNOWN_PERSON, by="U0BOB")
    assert "people.yaml" in answered.text


@pytest.mark.parametrize("action", ["approve", "deny"])
async def test_the_requester_does_not_answer(town: Town, refused: Refusal, action: Action) -> None:
    town.directory.groups["owners"].add("alice")
    request = await town.ask(ASK)
    await refused(request, action, RefusedBecause.SELF_APPROVAL, by="U0ALICE")


@pytest.mark.parametrize("action", ["approve", "deny", "withdraw"])
async def test_who_is_not_asked_is_told_who_is(town: Town, refused: Refusal, action: Action) -> None:
    request = await town.ask(ASK)
    answered = await refused(request, action, RefusedBecause.NOT_ELIGIBLE, by="U0DAVE")
    assert "@owners or @release" in answered.text


async def test_who_left_the_group_is_not_asked_any_more(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    town.directory.groups["release"].discard("carol")
    await refused(request, "approve", RefusedBecause.NOT_ELIGIBLE, by="U0CAROL")


async def test_a_silent_directory_counts_nothing_and_lets_nobody_else_in(
    town: Town, refused: Refusal
) -> None:
    request = await town.ask(ASK)
    town.directory.away = True
    answered = await refused(request, "approve", RefusedBecause.UNDETERMINED, by="U0BOB")
    assert "try again" in answered.text
    assert refused.line["principal"] == "U0BOB"


async def test_a_directory_that_falls_silent_half_way_counts_nothing(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    away_between(town)
    await refused(request, "approve", RefusedBecause.UNDETERMINED, by="U0BOB")


async def test_an_early_answer_is_sent_back_for_its_stage(town: Town, refused: Refusal) -> None:
    staged(town)
    request = await town.ask(ASK)
    answered = await refused(request, "approve", RefusedBecause.WRONG_STAGE, by="U0CAROL")
    assert "review's turn" in answered.text
    assert (await town.click(request, "approve", by="U0ERIN")).counted
    assert (await town.click(request, "approve", by="U0CAROL")).counted
    assert await town.state(request) is State.APPROVED


async def test_a_late_answer_to_a_finished_stage_is_sent_back(town: Town, refused: Refusal) -> None:
    staged(town)
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0BOB")
    await refused(request, "approve", RefusedBecause.WRONG_STAGE, by="U0ERIN")


async def test_one_person_does_not_answer_for_two_stages(town: Town, refused: Refusal) -> None:
    staged(town)
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0BOB")
    await refused(request, "approve", RefusedBecause.ALREADY_COUNTED, by="U0BOB")


async def test_where_stages_share_people_one_person_answers_each(town: Town, refused: Refusal) -> None:
    staged(town)
    town.edit("policies/town.yaml", "after: review,", "after: review, distinct: false,")
    request = await town.ask(ASK)
    assert (await town.click(request, "approve", by="U0BOB")).counted
    assert await town.state(request) is State.WAITING
    assert (await town.click(request, "approve", by="U0BOB")).counted
    assert await town.state(request) is State.APPROVED
    await refused(request, "approve", RefusedBecause.ALREADY_COUNTED, by="U0BOB")


async def test_a_second_press_is_already_counted(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0BOB")
    await refused(request, "approve", RefusedBecause.ALREADY_COUNTED, by="U0BOB")


async def test_there_is_nothing_to_take_back(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await refused(request, "withdraw", RefusedBecause.ALREADY_COUNTED, by="U0BOB")
    await town.click(request, "approve", by="U0BOB")
    assert (await town.click(request, "withdraw", by="U0BOB")).counted
    await refused(request, "withdraw", RefusedBecause.ALREADY_COUNTED, by="U0BOB")


async def test_what_has_expired_takes_no_answer_even_before_anybody_swept(
    town: Town, refused: Refusal
) -> None:
    request = await town.ask(ASK)
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    assert await town.state(request) is State.WAITING
    for action, who in (("approve", "U0BOB"), ("deny", "U0CAROL")):
        await refused(request, cast(Action, action), RefusedBecause.EXPIRED, by=who)
    await town.labour.sweeping.timers()
    await refused(request, "approve", RefusedBecause.EXPIRED, by="U0BOB")


async def test_a_last_vote_after_the_expiry_grants_nothing(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    assert (await town.click(request, "approve", by="U0ERIN")).counted
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    await refused(request, "approve", RefusedBecause.EXPIRED, by="U0CAROL")


async def test_what_is_decided_takes_no_other_answer(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await town.click(request, "deny", by="U0BOB", reason="not today")
    answered = await refused(request, "approve", RefusedBecause.ALREADY_DECIDED, by="U0CAROL")
    assert "already denied" in answered.text
    done = await town.get(request)
    assert done.outcome is not None
    assert "not today" in done.outcome.sentence


async def test_what_needs_no_approval_takes_no_answer(town: Town, refused: Refusal) -> None:
    request = await town.ask("touch hello to staging")
    await refused(request, "approve", RefusedBecause.ALREADY_DECIDED, by="U0BOB")


# Several faults: the first in the list decides

Fault = Callable[[Town], dict[str, object]]


def _no_member(town: Town) -> dict[str, object]:
    town.directory.standings["U0ALICE"] = Standing.GUEST
    return {}


def _unknown(town: Town) -> dict[str, object]:
    town.directory.strangers.add("U0ALICE")
    return {}


def _silent(town: Town) -> dict[str, object]:
    away_between(town)
    return {}


IN_ORDER: list[tuple[RefusedBecause, Fault]] = [
    (RefusedBecause.WRONG_WORKSPACE, lambda _: {"team": "T0ELSEWHERE"}),
    (RefusedBecause.FORGED, lambda _: {"genuine": False}),
    (RefusedBecause.STALE_CARD, lambda _: {"card_revision": 7}),
    (RefusedBecause.WRONG_MESSAGE, lambda _: {"message_ts": "1.2"}),
    (RefusedBecause.NOT_A_MEMBER, _no_member),
    (RefusedBecause.UNKNOWN_PERSON, _unknown),
    (RefusedBecause.SELF_APPROVAL, lambda _: {}),
]


@pytest.mark.parametrize("first", range(len(IN_ORDER)), ids=[why.value for why, _ in IN_ORDER])
async def test_of_several_faults_the_first_one_decides(town: Town, refused: Refusal, first: int) -> None:
    """Alice asked, is a guest, presses a copy of an old card, …: each fault hides all that come after it."""
    request = await town.ask(ASK)
    changed: dict[str, object] = {}
    for _, fault in IN_ORDER[first:]:
        changed |= fault(town)
    _silent(town)
    await refused(request, "approve", IN_ORDER[first][0], by="U0ALICE", **changed)


async def test_a_silent_directory_comes_before_eligibility(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    away_between(town)
    await refused(request, "approve", RefusedBecause.UNDETERMINED, by="U0DAVE")


async def test_not_asked_comes_before_decided(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await town.click(request, "deny", by="U0BOB")
    await refused(request, "approve", RefusedBecause.NOT_ELIGIBLE, by="U0DAVE")


async def test_counted_comes_before_decided_and_expired(town: Town, refused: Refusal) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "approve", by="U0CAROL")
    assert await town.state(request) is State.APPROVED
    await refused(request, "approve", RefusedBecause.ALREADY_COUNTED, by="U0ERIN")
    await refused(request, "approve", RefusedBecause.ALREADY_DECIDED, by="U0BOB")


# The same press twice, and people at one moment


async def test_a_press_that_arrives_twice_is_one_vote_and_gets_the_first_answer(town: Town) -> None:
    request = await town.ask(ASK)
    first = await town.click(request, "approve", by="U0BOB", id="press-1")
    redis, keys = town.store.redis, town.store.keys
    before, told = await snapshot(redis, keys), await audited(redis, keys)
    assert await town.click(request, "approve", by="U0BOB", id="press-1") == first
    assert (await snapshot(redis, keys), await audited(redis, keys)) == (before, told)
    assert len((await town.get(request)).votes) == 1


async def test_a_press_that_arrives_again_after_the_end_gets_the_first_answer(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    first = await town.click(request, "approve", by="U0CAROL", id="press-1")
    assert (await town.run(request)).state is State.DONE
    assert await town.click(request, "approve", by="U0CAROL", id="press-1") == first


async def test_one_press_delivered_many_times_at_one_moment_is_one_vote(town: Town) -> None:
    request = await town.ask(ASK)
    met_at_the_door(town, 8)
    answers = await together(*[town.click(request, "approve", by="U0BOB", id="press-1") for _ in range(8)])
    assert [answer.counted for answer in answers] == [True] * 8
    assert len((await town.get(request)).votes) == 1


async def test_two_people_at_one_moment_are_two_votes_and_one_grant(town: Town) -> None:
    request = await town.ask(ASK)
    met_at_the_door(town, 2)
    answers = await together(
        town.click(request, "approve", by="U0ERIN"), town.click(request, "approve", by="U0CAROL")
    )
    assert [answer.counted for answer in answers] == [True, True]
    found = await town.get(request)
    assert (found.state, len(found.votes)) == (State.APPROVED, 2)
    assert await kinds(town.store.redis, town, "granted") == 1


async def test_many_people_at_one_moment_are_one_grant(town: Town) -> None:
    """Whoever comes after the grant is told that it is decided; nobody is counted twice."""
    crowd = [f"p{number}" for number in range(24)]
    town.directory.groups |= {"owners": set(crowd[:12]), "release": set(crowd[12:])}
    request = await town.ask(ASK)
    met_at_the_door(town, len(crowd))
    answers = await together(*[town.click(request, "approve", by=f"U0{who.upper()}") for who in crowd])
    found = await town.get(request)
    assert found.state is State.APPROVED
    assert await kinds(town.store.redis, town, "granted") == 1
    assert sum(answer.counted for answer in answers) == len(found.votes)
    assert {answer.reason for answer in answers if not answer.counted} == {RefusedBecause.ALREADY_DECIDED}
    work = await town.store.redis.xrange(town.store.keys.work)
    assert [fields["kind"] for _, fields in work].count("run") == 1


async def test_everybody_of_a_large_stage_may_answer_at_one_moment(town: Town) -> None:
    crowd = [f"p{number}" for number in range(12)]
    town.edit("policies/people.yaml", "owners: [bob, erin]", "owners: slack")
    town.edit(
        "policies/town.yaml",
        "{group: owners, count: 1}, {group: release, count: 1}",
        "{group: owners, count: 12}",
    )
    town.directory.groups["owners"] = set(crowd)
    request = await town.ask(ASK)
    met_at_the_door(town, len(crowd))
    answers = await together(*[town.click(request, "approve", by=f"U0{who.upper()}") for who in crowd])
    assert [answer.counted for answer in answers] == [True] * 12
    assert await town.state(request) is State.APPROVED


async def test_a_yes_and_a_no_at_one_moment_never_grant_and_deny(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    met_at_the_door(town, 2)
    await together(town.click(request, "approve", by="U0CAROL"), town.click(request, "deny", by="U0BOB"))
    granted, denied = [await kinds(town.store.redis, town, kind) for kind in ("granted", "denied")]
    assert granted + denied == 1
    assert await town.state(request) is (State.APPROVED if granted else State.DENIED)


async def test_a_withdrawal_takes_the_vote_out_of_the_count(town: Town) -> None:
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    assert (await town.click(request, "withdraw", by="U0ERIN")).counted
    await town.click(request, "approve", by="U0CAROL")
    found = await town.get(request)
    assert (found.state, found.missing) == (State.WAITING, ("@owners",))
    assert [vote.answer for vote in found.votes] == ["approve", "withdraw", "approve"]


async def test_a_store_that_does_not_answer_counts_nothing(town: Town, redis: Redis) -> None:
    """Full, so that it refuses to write: the person is told to try again, and nothing has changed."""
    request = await town.ask(ASK)
    before = await snapshot(redis, town.store.keys)
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreAway, match="try again"):
            await town.click(request, "approve", by="U0BOB")
    finally:
        await redis.config_set("maxmemory", "0")
    assert await snapshot(redis, town.store.keys) == before
    assert (await town.click(request, "approve", by="U0BOB")).counted


# Cancel, stop, and what happened to a step


@pytest.mark.parametrize("who", ["U0ALICE", "U0BOB"])
async def test_who_asked_and_who_could_approve_may_cancel(town: Town, who: str) -> None:
    request = await town.ask(ASK)
    assert (await town.click(request, "cancel", by=who)).counted
    assert await town.state(request) is State.CANCELLED


@pytest.mark.parametrize("action", ["cancel", "stop"])
async def test_nobody_else_may_cancel(town: Town, refused: Refusal, action: Action) -> None:
    request = await town.ask(ASK)
    await refused(request, action, RefusedBecause.NOT_ELIGIBLE, by="U0DAVE")


async def test_cancelling_in_words_needs_the_same_right(town: Town) -> None:
    request = await town.ask(ASK)
    assert "Only somebody who could approve" in await town.flow.cancel(request, "U0DAVE")
    assert await town.state(request) is State.WAITING
    assert await town.flow.cancel(request, "U0ALICE") == f"{request} is cancelled."
    assert await town.flow.cancel(RequestId("r-77"), "U0ALICE") == "There is no request r-77."


async def test_what_is_over_cannot_be_cancelled(town: Town, refused: Refusal) -> None:
    request = await town.ask("touch hello to staging")
    await town.run(request)
    await refused(request, "cancel", RefusedBecause.ALREADY_DECIDED, by="U0ALICE")


async def test_a_stop_while_it_runs_ends_and_undoes_it(town: Town, refused: Refusal) -> None:
    town.faults('{"sleep": "second"}')
    request = await town.ask("touch hello to staging")
    running = asyncio.create_task(town.run(request))
    await town.until("asleep")
    await town.click(request, "stop", by="U0DAVE")
    answered = await town.click(request, "stop", by="U0ALICE")
    assert (answered.counted, answered.text) == (True, f"{request} is stopping.")
    done = await running
    assert done.state is State.ROLLED_BACK
    assert town.log[-2:] == ["undo-second hello", "undo-first hello"]


async def interrupted(town: Town) -> RequestId:
    """A step that must never run twice began, and its worker is gone."""
    town.write(first="at_most_once")
    town.faults('{"sleep": "first"}')
    request = await town.ask(ASK)
    await town.click(request, "approve", by="U0ERIN")
    await town.click(request, "approve", by="U0CAROL")
    running = asyncio.create_task(town.labour.running.run(request, worker="w1"))
    await town.until("asleep")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    town.faults("{}")
    for _ in range(100):
        await town.labour.running.run(request, worker="w2")
        if await town.state(request) is State.INTERRUPTED:
            return request
        await asyncio.sleep(0.1)
    raise AssertionError("nobody took it over")


async def test_somebody_of_an_approvers_rank_says_how_it_goes_on(town: Town, refused: Refusal) -> None:
    request = await interrupted(town)
    await refused(request, "skip_step", RefusedBecause.NOT_ELIGIBLE, by="U0DAVE")
    await refused(request, "retry_step", RefusedBecause.SELF_APPROVAL, by="U0ALICE")
    assert (await town.click(request, "skip_step", by="U0BOB")).counted
    await refused(request, "skip_step", RefusedBecause.ALREADY_DECIDED, by="U0CAROL")
    done = await town.run(request)
    assert (done.state, town.log) == (State.DONE, ["first hello", "second hello"])


async def test_a_person_may_have_what_began_undone(town: Town) -> None:
    request = await interrupted(town)
    assert (await town.click(request, "undo", by="U0BOB")).counted
    done = await town.run(request)
    assert (done.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])


async def test_the_card_is_waited_for_when_a_click_is_faster(town: Town) -> None:
    request = await town.accept(ASK)
    await town.flow.admit(request)
    await town.labour.judging.plan(request, worker="w1")
    clicking = asyncio.create_task(town.click(request, "approve", by="U0BOB"))
    await asyncio.sleep(0.05)
    await town.showing.shown(request, channel="C0DEPLOYS", ts=CARD, revision=1)
    assert (await clicking).counted


async def together(*clicks: Awaitable[Answered]) -> list[Answered]:
    return list(await asyncio.gather(*clicks))


async def kinds(redis: Redis, town: Town, kind: str) -> int:
    return [line["kind"] for line in await audited(redis, town.store.keys)].count(kind)
