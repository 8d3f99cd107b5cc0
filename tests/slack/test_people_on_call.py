"""Groups that are schedules, and seats of people who are away, as the directory tells of Slack accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.assess.groups import Feed
from bot.assess.roster import Roster
from bot.authorize.delegation import Seats
from bot.authorize.directory import Directory
from bot.authorize.people import Undetermined
from bot.authorize.schedules import Shift
from bot.playground.people import TEAM_ID
from bot.playground.server import LocalSlack
from bot.slack import web_api
from bot.slack.people import Feeds, SlackPeople
from bot.terms import Group, Principal
from tests.playground.local import BOT_TOKEN, running

ALICE, BOB, CAROL = Principal("alice"), Principal("bob"), Principal("carol")
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
TURNS, PAGES = Group("turns"), Group("pages")
ROSTER = {
    "people": {
        name: {"slack": [f"U0{name.upper()}"], "email": f"{name}@acme.example"}
        for name in ("alice", "bob", "carol")
    },
    "groups": {
        "turns": {
            "schedule": "file",
            "rotation": ["alice", "bob"],
            "start": "2026-01-05T09:00:00",
            "tz": "UTC",
            "every": "1d",
        },
        "listed": {"members": ["carol"], "delegation": "allowed"},
        "engineers": {"members": "slack", "delegation": "allowed"},
    },
    "out_of_office": {
        "carol": [{"from": "2026-01-06T00:00:00", "to": "2026-01-08T00:00:00", "delegate": "bob"}]
    },
}
PAGERDUTY = {"schedule": "pagerduty", "id": "PSRE", "token_env": "PAGERDUTY_TOKEN"}


@dataclass
class Told:
    """A feed that somebody else keeps: what it says, or that it is silent."""

    shifts_: tuple[Shift, ...] = ()
    silent: bool = False

    async def shifts(self, feed: Feed, *, now: datetime) -> tuple[Shift, ...]:
        if self.silent:
            raise Undetermined("PagerDuty does not answer who is on call.")
        return self.shifts_


@dataclass
class Office:
    slack: LocalSlack
    stack: AsyncExitStack
    now: datetime = NINE
    told: Told = field(default_factory=Told)

    async def people(self, *, pages: bool = False, feeds: bool = True) -> SlackPeople:
        session = await self.stack.enter_async_context(web_api.session())
        groups = {**ROSTER["groups"], **({"pages": PAGERDUTY} if pages else {})}
        roster = Roster.model_validate({**ROSTER, "groups": groups})
        listening: Feeds | None = self.told if feeds else None
        return SlackPeople(
            web_api.client(token=BOT_TOKEN, url=self.slack.api_url, session=session),
            team=TEAM_ID,
            directory=lambda: Directory(roster),
            feeds=listening,
            now=lambda: self.now,
        )


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with running() as slack, AsyncExitStack() as stack:
        yield Office(slack, stack)


async def test_whose_turn_it_is_is_the_group_and_a_group_of_theirs(office: Office) -> None:
    people = await office.people()
    assert await people.members(TURNS) == {ALICE}
    assert TURNS in (await people.person("U0ALICE")).groups
    office.now += timedelta(days=1)
    assert await people.members(TURNS) == {BOB}
    assert TURNS not in (await people.person("U0ALICE")).groups


async def test_a_slack_group_of_the_same_handle_adds_nobody_to_a_schedule(office: Office) -> None:
    group = office.slack.workspace.groups[0]
    office.slack.workspace.groups = [replace(group, handle="turns", users=("U0CAROL",))]
    people = await office.people()
    assert TURNS not in (await people.person("U0CAROL")).groups
    assert await people.members(TURNS) == {ALICE}


async def test_who_is_paged_is_known_by_their_address_until_their_shift_ends(office: Office) -> None:
    office.told.shifts_ = (Shift(NINE, NINE + timedelta(hours=1), ("Bob@acme.example",)),)
    people = await office.people(pages=True)
    assert await people.members(PAGES) == {BOB}
    assert PAGES in (await people.person("U0BOB")).groups
    office.now += timedelta(hours=1)
    assert await people.members(PAGES) == frozenset()


@pytest.mark.parametrize("feeds", [True, False], ids=["silent", "not set up"])
async def test_a_feed_that_does_not_answer_is_not_a_no_and_stops_nothing_else(
    office: Office, feeds: bool
) -> None:
    office.told.silent = True
    people = await office.people(pages=True, feeds=feeds)
    with pytest.raises(Undetermined):
        await people.members(PAGES)
    person = await people.person("U0ALICE")
    assert person.unanswered == {PAGES}
    assert PAGES not in person.groups
    assert TURNS in person.groups
    assert await people.members(TURNS) == {ALICE}


async def test_the_delegate_has_the_seat_and_not_the_membership(office: Office) -> None:
    people = await office.people()
    assert await people.members(Group("listed")) == {CAROL}
    assert not (await people.person("U0BOB")).sits_in
    office.now += timedelta(days=2)
    assert await people.members(Group("listed")) == {CAROL, BOB}
    bob = await people.person("U0BOB")
    assert "listed" in bob.sits_in
    assert "listed" not in bob.groups


async def test_a_seat_in_a_slack_group_can_be_taken_where_the_file_allows_it(office: Office) -> None:
    group = office.slack.workspace.groups[0]
    office.slack.workspace.groups = [replace(group, handle="engineers", users=("U0CAROL", "U0ALICE"))]
    office.now += timedelta(days=2)
    seats = await (await office.people()).members(Group("engineers"))
    assert seats == {CAROL, ALICE, BOB}
    assert isinstance(seats, Seats)
    assert seats.sits_for == {BOB: {CAROL}}
