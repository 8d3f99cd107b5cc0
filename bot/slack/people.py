"""Slack accounts as people: what an account is, whose it is and in which groups, as Slack says it now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.assess.groups import Feed, Rotation, Schedule
from bot.authorize.delegation import Seats
from bot.authorize.directory import Directory
from bot.authorize.people import Person, Standing, Undetermined
from bot.authorize.schedules import Shift, on_call, turn
from bot.slack.accounts import SAME_CLICK_S, Accounts, email_of, in_grid_of
from bot.terms import Group, Principal, Refused

MOST_ASKED = 20
"""Addresses that Slack is asked about for one request; of more of them nobody is known."""


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
        self._team, self._directory = team, directory
        self._accounts = Accounts(client, team=team, clock=clock)
        self._feeds, self._moment = feeds or NoFeeds(), now
        self._last: Directory | None = None

    async def person(self, slack_user: str, *, team: str | None = None) -> Person:
        """Raises Undetermined when Slack cannot be asked: "try again" is the only right answer then."""
        user = await self._accounts.account(slack_user, at_most_s=SAME_CLICK_S)
        if user is None or (team is not None and team != self._team and not in_grid_of(user, self._team)):
            return Person(slack_user=slack_user, standing=Standing.STRANGER, principal=None)
        stands = self._accounts.standing(user)
        if stands is not Standing.MEMBER:
            return Person(slack_user=slack_user, standing=stands, principal=None)
        directory = self._now()
        principal = directory.principal(slack_user=slack_user, email=email_of(user))
        if principal is None:
            return Person(slack_user=slack_user, standing=stands, principal=None)
        listed = directory.groups(principal)
        in_slack = [
            group
            for group, users in (await self._accounts.groups()).items()
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
        """Who is listed by that name or address, or a full member whose address Slack knows it as.

        An address that nobody has is nobody's, and not "somebody else than who answers".

        Raises Undetermined.
        """
        directory, found = self._now(), dict[str, Principal]()
        elsewhere = []
        for name in dict.fromkeys(names):
            if (listed := directory.listed(name)) is not None:
                found[name] = listed
            elif "@" in name:
                elsewhere.append(name)
        for address in elsewhere[:MOST_ASKED]:
            account = await self._accounts.by_email(address.strip())
            if account is not None and self._accounts.standing(account) is Standing.MEMBER:
                who = directory.principal(slack_user=str(account["id"]), email=email_of(account))
                found.update({address: who} if who is not None else {})
        return found

    async def told(
        self, people: Iterable[Principal], *, among: Iterable[Group] = ()
    ) -> Mapping[Principal, str]:
        """By which account each of these people can be told something: full members who are not away.

        `among` are groups they may be in: whom no file lists is known by name only from Slack's own groups.
        Who cannot be found is not in the answer. Raises Undetermined.
        """
        directory, found = self._now(), dict[Principal, str]()
        away, names = directory.away(now=self._moment()), {}
        for group in among:
            if _kept_by_slack(directory, group):
                for user in await self._accounts.members_of(group):
                    name = directory.principal(slack_user=str(user["id"]), email=email_of(user))
                    names[name] = str(user["id"])
        for one in sorted(set(people) - away):
            account = names.get(one) or await self._listed(directory, one)
            if account is not None:
                found[one] = account
        return found

    async def _listed(self, directory: Directory, principal: Principal) -> str | None:
        """The first of somebody's accounts that is a full member's."""
        users, email = directory.accounts(principal)
        if not users and email is None:  # whom no file lists is called by their address, or by their account
            email = principal if "@" in principal else None
            users = (principal,) if email is None and principal.isupper() else ()
        accounts = [await self._accounts.account(user) for user in users]
        if email is not None:
            accounts.append(await self._accounts.by_email(email))
        return next(
            (
                str(one["id"])
                for one in accounts
                if one is not None and self._accounts.standing(one) is Standing.MEMBER
            ),
            None,
        )

    async def _members(self, directory: Directory, group: Group, now: datetime) -> frozenset[Principal]:
        schedule = directory.schedule(group)
        if schedule is not None:
            return await self._on_call(directory, schedule, now)
        listed = directory.members(group)
        if listed is not None:
            return listed
        found = (
            directory.principal(slack_user=str(user["id"]), email=email_of(user))
            for user in await self._accounts.members_of(group)
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
        self._accounts.forget()

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


def _kept_by_slack(directory: Directory, group: Group) -> bool:
    return directory.members(group) is None and directory.schedule(group) is None
