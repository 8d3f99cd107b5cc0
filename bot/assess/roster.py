"""The shape of `policies/people.yaml`: who somebody is, and which groups there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding
from bot.terms import Group, Principal, Record

SlackId = Annotated[str, Field(pattern=r"\A[UW][A-Z0-9]{2,}\z")]
Email = Annotated[str, Field(pattern=r"\A[^@\s]+@[^@\s]+\z", max_length=254)]
Handle = Annotated[Group, Field(pattern=r"\A[a-z0-9][a-z0-9._-]*\z", max_length=80)]
Name = Annotated[Principal, Field(pattern=r"\A[a-z0-9][a-z0-9._+@-]*\z", max_length=254)]


class Human(Record):
    """One human with every account they have: they count once, whichever of them they use."""

    slack: tuple[SlackId, ...] = ()
    email: Email | None = None


class Roster(Record):
    """`groups` are a Slack user group of the same handle, or members listed here.

    `unlisted`: whether a full member of the workspace who is not listed may ask at all (`known`, by their
    e-mail address) or not (`unknown`). It makes nobody an approver: only a group or a name in a policy does.
    """

    people: dict[Name, Human] = Field(default_factory=dict)
    groups: dict[Handle, Literal["slack"] | tuple[Principal, ...]] = Field(default_factory=dict)
    unlisted: Literal["known", "unknown"] = "known"

    def members(self, group: str) -> frozenset[Principal] | None:
        """Who is listed for a group; None when Slack has to be asked."""
        found = self.groups.get(Group(group), "slack")
        return None if found == "slack" else frozenset(found)


def findings(roster: Roster) -> Iterator[Finding]:
    """What a roster must keep beyond its shape: an account or an address belongs to one human."""
    owners: dict[str, str] = {}
    for name, human in roster.people.items():
        if not human.slack and human.email is None:
            yield Finding(("people", name), f"{name} has no account", "Add slack: [U…] or email:.")
        for position, account in enumerate(human.slack):
            yield from _owned(owners, account, name, ("people", name, "slack", position))
        if human.email is not None:
            yield from _owned(owners, human.email.casefold(), name, ("people", name, "email"))
    for group, members in roster.groups.items():
        if members == "slack":
            continue
        if not members:
            yield Finding(("groups", group), f"{group} has no members", "List somebody, or write slack.")
        for position, member in enumerate(members):
            if member not in roster.people:
                hint = did_you_mean(member, list(roster.people)).strip()
                path = ("groups", group, position)
                yield Finding(path, f"{member} is not listed under people", hint or "Add them there.")


def _owned(owners: dict[str, str], account: str, name: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    first = owners.setdefault(account, name)
    if first != name:
        yield Finding(path, f"{account} already belongs to {first}", "One account is one human.")
