"""Slack accounts as people: what an account is, whose it is and in which groups, as Slack says it now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.assess.groups import Feed, Rotation, Schedule
from bot.authorize.delegation import Seats
from bot.authorize.directory import Directory
from bot.authorize.people import Person, Standing, Undetermined
from bot.authorize.schedules import Shift, on_call, turn
from bot.slack.web_api import FAILURES, failure
from bot.terms import Group, Principal, Refused

FRESH_S = 3.0
"""Lists of groups are read at most so often: Slack allows about 20 a minute."""
SAME_CLICK_S = 1.0
"""One click asks twice about who pressed; the second time is answered from the first."""
KNOWN_S = 60.0
"""How long we go on knowing whose account a listed member's is; whoever presses is looked up afresh."""

_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class Feeds(Protocol):
    """On-call schedules that somebody else keeps."""

    async def shifts(self, feed: Feed, *, now: datetime) -> tuple[Shift, ...]:
        """The shifts around `now`; raises Undetermined when the feed does not answer."""
        ...


class NoFeeds:
    """Where nobody set any up: not read is not "nobody is on call"."""

    async def shifts(self, feed: Feed, *, now: datetime) -> tuple[Shift, ...]:
        raise Undetermined("On-call schedules are not read here.")


class SlackPeople:
    """The directory of one workspace. Asked and not answered is Undetermined, never a remembered answer."""

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        team: str,
        directory: Callable[[], Directory],
        feeds: Feeds | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._team, self._directory, self._clock = client, team, directory, clock
        self._feeds, self._moment = feeds or NoFeeds(), now
        self._groups: dict[Group, frozenset[str]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._last: Directory | None = None
        self._accounts: dict[str, tuple[float, Mapping[str, Any] | None]] = {}

    async def person(self, slack_user: str, *, team: str | None = None) -> Person:
        """Raises Undetermined when Slack cannot be asked: "try again" is the only right answer then."""
        user = await self._account(slack_user, at_most_s=SAME_CLICK_S)
        if user is None or (team is not None and team != self._team and not _in_our_grid(user, self._team)):
            return Person(slack_user=slack_user, standing=Standing.STRANGER, principal=None)
        stands = standing(user, self._team)
        if stands is not Standing.MEMBER:
            return Person(slack_user=slack_user, standing=stands, principal=None)
        directory = self._now()
        principal = directory.principal(slack_user=slack_user, email=_email(user))
        if principal is None:
            return Person(slack_user=slack_user, standing=stands, principal=None)
        listed = directory.groups(principal)
        in_slack = [
            group
            for group, users in (await self._user_groups()).items()
            if slack_user in users and _kept_by_slack(directory, group)
        ]
        turns = await self._turns(directory)
        return Person(
            slack_user=slack_user,
            standing=stands,
            principal=principal,
            groups=listed.union(
                in_slack, (group for group, who in turns.items() if who and principal in who)
            ),
            unanswered=frozenset(group for group, who in turns.items() if who is None),
            sits_in=await self._sits_in(directory, principal),
        )

    async def members(self, group: Group) -> frozenset[Principal]:
        """Full members only: a guest in a group does not make it larger. Empty when it is not known.

        Where a group allows delegation, with whoever sits for a member that is away.
        """
        directory, now = self._now(), self._moment()
        return directory.seats(group, await self._members(directory, group, now), now=now)

    async def called(self, names: Sequence[str]) -> Mapping[str, Principal]:
        directory = self._now()
        found = {name: directory.called(name) for name in names}
        return {name: principal for name, principal in found.items() if principal is not None}

    async def _members(self, directory: Directory, group: Group, now: datetime) -> frozenset[Principal]:
        schedule = directory.schedule(group)
        if schedule is not None:
            return await self._on_call(directory, schedule, now)
        listed = directory.members(group)
        if listed is not None:
            return listed
        users = (await self._user_groups()).get(group, frozenset())
        people = await asyncio.gather(*(self._account(user, at_most_s=KNOWN_S) for user in sorted(users)))
        found = (
            directory.principal(slack_user=str(user["id"]), email=_email(user))
            for user in people
            if user is not None and standing(user, self._team) is Standing.MEMBER
        )
        return frozenset(principal for principal in found if principal is not None)

    async def _on_call(self, directory: Directory, schedule: Schedule, now: datetime) -> frozenset[Principal]:
        if isinstance(schedule, Rotation):
            return turn(schedule, now)
        return on_call(await self._feeds.shifts(schedule, now=now), now, who=directory.called)

    async def _turns(self, directory: Directory) -> dict[Group, frozenset[Principal] | None]:
        """Who is on call now, by schedule; None for one that does not answer.

        A feed that is down keeps nobody from what has nothing to do with it.
        """
        now = self._moment()

        async def ask(schedule: Schedule) -> frozenset[Principal] | None:
            try:
                return await self._on_call(directory, schedule, now)
            except Undetermined:
                return None

        schedules = directory.schedules()
        return dict(zip(schedules, await asyncio.gather(*map(ask, schedules.values())), strict=True))

    async def _sits_in(self, directory: Directory, principal: Principal) -> frozenset[Group]:
        """Asked for only while somebody away has named this person. For showing: `members` counts."""
        found = set()
        for group in directory.sits_in(principal, now=self._moment()):
            with suppress(Undetermined):
                seats = await self.members(group)
                if isinstance(seats, Seats) and principal in seats.sits_for:
                    found.add(group)
        return frozenset(found)

    def forget(self) -> None:
        """Slack said that people or groups changed: the next question is asked afresh."""
        self._read_at = float("-inf")
        self._accounts.clear()

    def _now(self) -> Directory:
        """The directory as it is on disk, or as it last was while what is there does not load.

        Raises Undetermined when it never loaded.
        """
        try:
            self._last = self._directory()
        except Refused as broken:
            if self._last is None:
                raise Undetermined("policies/people.yaml or a policy does not load.") from broken
        return self._last

    async def _account(self, slack_user: str, *, at_most_s: float) -> Mapping[str, Any] | None:
        """Slack's record of an account, None when there is none that we may see."""
        known_at, known = self._accounts.pop(slack_user, (float("-inf"), None))
        if self._clock() - known_at >= at_most_s:
            known_at, known = self._clock(), await self._asked(slack_user)
        self._accounts[slack_user] = known_at, known
        return known

    async def _asked(self, slack_user: str) -> Mapping[str, Any] | None:
        try:
            answer = await self._client.users_info(user=slack_user)
        except FAILURES as raised:
            why = failure(raised)
            if why.error in _NOBODY:
                return None
            raise _undetermined(why.error) from raised
        user = answer.get("user")
        if not isinstance(user, dict):
            raise _undetermined("no user in the answer")
        return user

    async def _user_groups(self) -> Mapping[Group, frozenset[str]]:
        async with self._reading:
            if self._clock() - self._read_at < FRESH_S:
                return self._groups
            # Forgotten before asking: after a failure there is nothing old to fall back to.
            self._groups, self._read_at = {}, float("-inf")
            try:
                answer = await self._client.usergroups_list(include_users=True)
                found = {
                    Group(str(each["handle"])): frozenset(await self._users_of(each))
                    for each in answer.get("usergroups") or []
                    if not each.get("date_delete")
                }
            except FAILURES as raised:
                raise _undetermined(failure(raised).error) from raised
            self._groups, self._read_at = found, self._clock()
            return found

    async def _users_of(self, group: Mapping[str, Any]) -> list[str]:
        if isinstance(group.get("users"), list):
            return [str(user) for user in group["users"]]
        answer = await self._client.usergroups_users_list(usergroup=str(group["id"]))
        return [str(user) for user in answer.get("users") or []]


def _kept_by_slack(directory: Directory, group: Group) -> bool:
    return directory.members(group) is None and directory.schedule(group) is None


def standing(user: Mapping[str, Any], team: str) -> Standing:
    """What Slack's flags make of an account; who is not plainly a full member of ours is something else."""
    if user.get("deleted"):
        return Standing.DELETED
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Standing.BOT
    if user.get("is_stranger") or (user.get("team_id") != team and not _in_our_grid(user, team)):
        return Standing.STRANGER
    if user.get("is_restricted") is not False or user.get("is_ultra_restricted") is not False:
        return Standing.GUEST
    return Standing.MEMBER


def _in_our_grid(user: Mapping[str, Any], team: str) -> bool:
    enterprise = user.get("enterprise_user")
    return isinstance(enterprise, dict) and team in (enterprise.get("teams") or [])


def _email(user: Mapping[str, Any]) -> str | None:
    """Only an address that Slack has confirmed says who somebody is."""
    profile = user.get("profile")
    address = profile.get("email") if isinstance(profile, dict) else None
    return str(address) if address and user.get("is_email_confirmed") is not False else None


def _undetermined(error: str) -> Undetermined:
    return Undetermined(
        f"I could not ask Slack who you are ({error}). Nothing was changed; try again in a minute."
    )
