"""Whose account it is, and who is in a group, as `policies/people.yaml` says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from bot.assess.groups import Schedule
from bot.assess.roster import Roster
from bot.authorize.delegation import Seats, absent
from bot.terms import Group, Principal

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


class Directory:
    """Lookups over a roster. Groups that Slack or a schedule keeps are not answered here: None means ask."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._by_account = {account: name for name, human in roster.people.items() for account in human.slack}
        self._by_email = {
            human.email.casefold(): name for name, human in roster.people.items() if human.email is not None
        }
        self._domains = {email.rpartition("@")[2] for email in self._by_email}

    def principal(self, *, slack_user: str, email: str | None) -> Principal | None:
        """The human behind an account: listed by id, then by address, else as `unlisted` says.

        Somebody unlisted is called by the local part of their address only in a domain of listed people, and
        never by a name that is taken: `alice@elsewhere.example` must not become the listed `alice`.
        """
        address = email.casefold() if email else ""
        listed = self._by_account.get(slack_user) or self._by_email.get(address)
        if listed is not None or self._roster.unlisted == "unknown":
            return listed
        local, _, domain = address.rpartition("@")
        if not local:
            return Principal(slack_user)
        taken = local in self._roster.people
        return Principal(address if taken or domain not in self._domains else local)

    def accounts(self, principal: Principal) -> tuple[tuple[str, ...], str | None]:
        """The Slack accounts and the address that are listed for somebody; none for who is not listed."""
        human = self._roster.people.get(principal)
        return (human.slack, human.email) if human is not None else ((), None)

    def away(self, *, now: datetime) -> frozenset[Principal]:
        return frozenset(absent(self._roster, now))

    def members(self, group: Group) -> frozenset[Principal] | None:
        return self._roster.members(group)

    def groups(self, principal: Principal) -> frozenset[Group]:
        """The groups listed in the file that a person is in; Slack's own and schedules come on top."""
        return frozenset(
            group
            for group in self._roster.groups
            if principal in (self._roster.members(group) or frozenset())
        )

    def schedule(self, group: Group) -> Schedule | None:
        """What says who is on call, when the group is a schedule."""
        return self._roster.schedule(group)

    def schedules(self) -> dict[Group, Schedule]:
        found = {Group(group): self._roster.schedule(group) for group in self._roster.groups}
        return {group: schedule for group, schedule in found.items() if schedule is not None}

    def listed(self, name: str) -> Principal | None:
        """Who is listed by that name, or with that e-mail address."""
        said = name.strip().casefold()
        return Principal(said) if said in self._roster.people else self._by_email.get(said)

    def called(self, name: str) -> Principal | None:
        """Whom a schedule means: somebody's name here, or their e-mail address. Never a display name."""
        said = name.strip().casefold()
        if (listed := self.listed(said)) is not None:
            return listed
        return self.principal(slack_user="", email=said) if _ADDRESS.fullmatch(said) else None

    def seats(self, group: Group, members: Iterable[Principal], *, now: datetime) -> frozenset[Principal]:
        """The group with whoever sits for a member that is away, where the group allows it."""
        if not self._roster.delegable(group):
            return frozenset(members)
        return Seats.of(members, absent(self._roster, now))

    def sits_in(self, principal: Principal, *, now: datetime) -> frozenset[Group]:
        """The groups where a person may have the seat of somebody away; whether they do, `seats` says."""
        if principal not in absent(self._roster, now).values():
            return frozenset()
        return frozenset(Group(group) for group in self._roster.groups if self._roster.delegable(group))
