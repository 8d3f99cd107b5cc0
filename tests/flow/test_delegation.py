"""Somebody is away: their delegate answers in their seat, and everybody can see for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.authorize.click import RefusedBecause
from bot.authorize.delegation import Seats
from bot.authorize.people import Person, Undetermined
from bot.lifecycle import State
from bot.slack.cards import parts
from bot.terms import Group, Principal
from tests.flow.snapshot import audited
from tests.flow.town import Town

ASK = "touch hello to production"
CAROL, ERIN = Principal("carol"), Principal("erin")


@pytest.fixture
def away(town: Town) -> Town:
    """Carol is the release crew, and away: dave may take her seat. Bob and erin own the service."""
    town.directory.groups = {"owners": {"bob", "erin"}, "release": {"carol"}}
    listed = town.directory.members

    async def members(group: Group) -> frozenset[Principal]:
        return Seats.of(await listed(group), {CAROL: Principal("dave")})

    town.directory.members = members  # type: ignore[method-assign]
    return town


async def test_the_delegate_answers_and_the_card_and_the_audit_say_for_whom(away: Town) -> None:
    request = await away.ask(ASK)
    said = await away.click(request, "approve", by="U0DAVE")
    assert "counts for carol" in said.text
    answered = await away.get(request)
    assert [vote.sits_for for vote in answered.votes] == [(CAROL,)]
    assert "<@U0DAVE>, for carol approved" in parts.votes(answered, room=500)
    line = [line for line in await audited(away.store.redis, away.store.keys) if line["kind"] == "voted"][-1]
    assert (line["principal"], line["sits_for"]) == ("dave", ["carol"])
    await away.click(request, "approve", by="U0BOB")
    assert await away.state(request) is State.APPROVED


async def test_when_they_have_answered_themselves_the_delegate_is_not_asked_any_more(away: Town) -> None:
    request = await away.ask(ASK)
    assert (await away.click(request, "approve", by="U0CAROL")).counted
    refused = await away.click(request, "approve", by="U0DAVE")
    assert refused.reason is RefusedBecause.NOT_ELIGIBLE


async def test_nobody_answers_in_the_requesters_seat(away: Town) -> None:
    request = await away.ask(ASK, by="U0CAROL")
    refused = await away.click(request, "approve", by="U0DAVE")
    assert refused.reason is RefusedBecause.NOT_ELIGIBLE
    assert (await away.get(request)).votes == ()


async def test_when_they_are_back_before_the_run_it_waits_again(away: Town) -> None:
    request = await away.ask(ASK)
    for who in ("U0DAVE", "U0BOB"):
        await away.click(request, "approve", by=who)
    del away.directory.members  # type: ignore[method-assign]
    found = await away.run(request)
    assert found.state is State.WAITING
    assert found.missing == ("@release",)
    assert away.log == []


async def test_a_silent_schedule_holds_up_only_what_looks_at_groups(town: Town) -> None:
    known = town.directory.person

    async def person(slack_user: str, *, team: str | None = None) -> Person:
        return replace(await known(slack_user, team=team), unanswered=frozenset({Group("on-call")}))

    town.directory.person = person  # type: ignore[method-assign]
    assert await town.state(await town.ask(ASK)) is State.WAITING
    town.edit("policies/town.yaml", "applies_to: [touch]", "applies_to: [touch]\nmay_request: [owners]")
    request = await town.accept(ASK)
    await town.flow.admit(request)
    with pytest.raises(Undetermined, match="on call for @on-call"):
        await town.labour.judging.plan(request, worker="w1")
    assert await town.state(request) is State.PLANNING
