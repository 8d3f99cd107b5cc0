"""Slack accounts as people, asked of the local Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import pytest

from bot.assess.roster import Human, Roster
from bot.authorize.directory import Directory
from bot.authorize.people import Standing, Undetermined
from bot.playground.people import TEAM_ID
from bot.playground.server import LocalSlack
from bot.slack import web_api
from bot.slack.accounts import FRESH_S, standing
from bot.slack.people import SlackPeople
from bot.terms import Group, Principal, Refused
from tests.playground.local import BOT_TOKEN, running

ALICE, BOB = Principal("alice"), Principal("bob")


@dataclass
class Asked:
    slack: LocalSlack
    people: SlackPeople
    now: float = 0.0

    async def fails(self, **fault: object) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.slack.url}/ui/fault", json=fault) as answer,
        ):
            assert answer.status == 200


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    async with running() as slack, web_api.session() as session:
        client = web_api.client(token=BOT_TOKEN, url=slack.api_url, session=session)
        listed = Roster(people={ALICE: Human(slack=("U0ALICE",))}, groups={Group("named"): (ALICE,)})
        made = Asked(slack, SlackPeople(client, team=TEAM_ID, directory=lambda: Directory(listed)))
        made.people._accounts._clock = lambda: made.now
        yield made


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("U0ALICE", Standing.MEMBER),
        ("U0GUS", Standing.GUEST),
        ("U0RITA", Standing.BOT),
        ("U0DAN", Standing.DELETED),
        ("U0SAM", Standing.STRANGER),
        ("U0NOBODY", Standing.STRANGER),
    ],
)
async def test_what_an_account_is(asked: Asked, account: str, expected: Standing) -> None:
    person = await asked.people.person(account)
    assert person.standing is expected
    assert (person.principal is not None) == (expected is Standing.MEMBER)


async def test_a_person_is_who_the_directory_says_in_the_groups_of_both(asked: Asked) -> None:
    person = await asked.people.person("U0ALICE", team=TEAM_ID)
    assert person.principal == ALICE
    assert person.groups == {"engineers", "named"}


async def test_members_are_full_members_by_name(asked: Asked) -> None:
    group = asked.slack.workspace.groups[0]
    asked.slack.workspace.groups = [replace(group, handle="mixed", users=("U0ALICE", "U0GUS", "U0DAN"))]
    assert await asked.people.members(Group("mixed")) == {ALICE}
    assert await asked.people.members(Group("named")) == {ALICE}
    assert await asked.people.members(Group("unheard-of")) == frozenset()


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "users.info", "status": 429, "retry_after": 1, "times": 1},
        {"method": "users.info", "status": 503, "times": 1},
        {"method": "usergroups.list", "status": 429, "retry_after": 1, "times": 1},
        {"method": "usergroups.list", "error": "missing_scope", "times": 1},
    ],
    ids=["429", "503", "groups 429", "groups without the scope"],
)
async def test_not_knowing_is_not_a_no(asked: Asked, fault: dict[str, object]) -> None:
    await asked.fails(**fault)
    with pytest.raises(Undetermined):
        await asked.people.person("U0ALICE")
    assert (await asked.people.person("U0ALICE")).principal == ALICE


async def test_after_a_failure_no_older_list_of_groups_is_used(asked: Asked) -> None:
    assert "engineers" in (await asked.people.person("U0ALICE")).groups
    asked.now += FRESH_S + 1
    await asked.fails(method="usergroups.list", status=500, times=1)
    with pytest.raises(Undetermined):
        await asked.people.person("U0ALICE")


async def test_who_left_a_group_is_out_of_it_within_seconds(asked: Asked) -> None:
    assert "engineers" in (await asked.people.person("U0ALICE")).groups
    asked.slack.workspace.groups = []
    asked.now += FRESH_S + 1
    assert (await asked.people.person("U0ALICE")).groups == {"named"}


async def test_a_directory_that_does_not_load_determines_nobody(asked: Asked) -> None:
    def broken() -> Directory:
        raise Refused("people.yaml:3: no such key")

    people = SlackPeople(asked.people._accounts._client, team=TEAM_ID, directory=broken)
    with pytest.raises(Undetermined):
        await people.person("U0ALICE")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({}, Standing.STRANGER),
        ({"team_id": "T1"}, Standing.GUEST),
        ({"team_id": "T1", "is_restricted": False, "is_ultra_restricted": False}, Standing.MEMBER),
        ({"team_id": "T1", "is_restricted": False, "is_ultra_restricted": True}, Standing.GUEST),
        ({"team_id": "T2", "is_restricted": False, "is_ultra_restricted": False}, Standing.STRANGER),
        (
            {
                "team_id": "T2",
                "is_restricted": False,
                "is_ultra_restricted": False,
                "enterprise_user": {"teams": ["T1", "T2"]},
            },
            Standing.MEMBER,
        ),
        ({"id": "USLACKBOT", "team_id": "T1"}, Standing.BOT),
    ],
    ids=[
        "nothing known",
        "flags missing",
        "member",
        "single-channel guest",
        "elsewhere",
        "our grid",
        "slackbot",
    ],
)
def test_who_is_not_plainly_a_member_is_something_else(user: dict[str, object], expected: Standing) -> None:
    assert standing(user, "T1") is expected


class TestWhomAPlanNames:
    """Authors and committers by their address: whom they leave out must be somebody."""

    async def test_an_address_is_whose_account_it_is_not_a_name_of_its_own(self, asked: Asked) -> None:
        """Alice is listed by her account alone; Slack knows her address."""
        alice = next(one for one in asked.slack.workspace.people.values() if one.id == "U0ALICE")
        assert await asked.people.called([alice.email]) == {alice.email: ALICE}

    async def test_an_address_that_nobody_has_is_not_known(self, asked: Asked) -> None:
        """Whoever commits chooses the address that stands there."""
        names = ["1+bob@users.noreply.example", "nobody@acme.example", "somebody"]
        assert await asked.people.called(names) == {}

    async def test_guests_and_who_left_are_nobody(self, asked: Asked) -> None:
        left = [one for one in asked.slack.workspace.people.values() if one.id in ("U0GUS", "U0DAN")]
        assert await asked.people.called([one.email for one in left]) == {}

    async def test_not_being_told_is_not_nobody(self, asked: Asked) -> None:
        await asked.fails(method="users.lookupByEmail", error="ratelimited", times=1)
        with pytest.raises(Undetermined):
            await asked.people.called(["bob@elsewhere.example"])
