"""Whose account it is, and who is in a group, as `policies/people.yaml` says."""

from __future__ import annotations

from bot.assess.roster import Roster
from bot.terms import Group, Principal


class Directory:
    """Lookups over a roster. Groups that Slack keeps are not answered here: None means "ask Slack"."""

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

    def members(self, group: Group) -> frozenset[Principal] | None:
        return self._roster.members(group)

    def groups(self, principal: Principal) -> frozenset[Group]:
        """The groups listed in the file that a person is in; Slack's own come on top."""
        return frozenset(
            group
            for group, members in self._roster.groups.items()
            if members != "slack" and principal in members
        )
