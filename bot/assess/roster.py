"""The shape of `policies/people.yaml`: who somebody is, and which groups there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from bot.ask.reading import Finding
from bot.assess import groups as shapes
from bot.assess.groups import Absence, Calendar, Kept, Listed, PagerDuty, Rotation, Schedule
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
    """`groups` are a Slack user group of the same handle, members listed here, or whoever is on call.

    `out_of_office` is who is away and who may take their seat, in groups that allow it; `delegates` is whom
    somebody names when an absence of theirs names nobody.

    `unlisted`: whether a full member of the workspace who is not listed may ask at all (`known`, by their
    e-mail address) or not (`unknown`). It makes nobody an approver: only a group or a name in a policy does.
    """

    people: dict[Name, Human] = Field(default_factory=dict)
    groups: dict[Handle, Kept] = Field(default_factory=dict)
    out_of_office: dict[Name, tuple[Absence, ...]] = Field(default_factory=dict)
    delegates: dict[Name, Principal] = Field(default_factory=dict)
    unlisted: Literal["known", "unknown"] = "known"

    def members(self, group: str) -> frozenset[Principal] | None:
        """Who is listed for a group; None when somebody else has to be asked: Slack, or a schedule."""
        match self.groups.get(Group(group), "slack"):
            case tuple(listed) | Listed(members=tuple(listed)):
                return frozenset(listed)
        return None

    def schedule(self, group: str) -> Schedule | None:
        """The schedule that says who is in the group."""
        match self.groups.get(Group(group)):
            case (Rotation() | Calendar() | PagerDuty()) as schedule:
                return schedule
        return None

    def delegable(self, group: str) -> bool:
        """Whether a seat of the group may be taken for somebody who is away."""
        kept = self.groups.get(Group(group), "slack")
        return not isinstance(kept, str | tuple) and kept.delegation == "allowed"


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
    for group, kept in roster.groups.items():
        path = ("groups", group)
        match kept:
            case "slack":
                continue
            case ():
                yield Finding(path, f"{group} has no members", "List somebody, or write slack.")
            case tuple():
                yield from shapes.members(kept, path, roster.people)
            case _:
                yield from shapes.findings(kept, path, roster.people)
    yield from _absences(roster)


def _absences(roster: Roster) -> Iterator[Finding]:
    for person, delegate in roster.delegates.items():
        yield from shapes.known(person, ("delegates", person), roster.people)
        yield from _delegate(delegate, person, ("delegates", person), roster)
    for person, absences in roster.out_of_office.items():
        yield from shapes.known(person, ("out_of_office", person), roster.people)
        for position, one in enumerate(absences):
            path = ("out_of_office", person, position)
            yield from shapes.zone(one.tz, (*path, "tz"))
            if one.delegate is not None:
                yield from _delegate(one.delegate, person, (*path, "delegate"), roster)
            elif person not in roster.delegates:
                hint = f"Add delegate: here, or {person}: under delegates."
                yield Finding(path, f"nobody may take the seat of {person} meanwhile", hint)
        yield from shapes.apart(absences, ("out_of_office", person))


def _delegate(delegate: str, person: str, path: tuple[str | int, ...], roster: Roster) -> Iterator[Finding]:
    yield from shapes.known(delegate, path, roster.people)
    if delegate == person:
        yield Finding(path, f"{person} cannot stand in for themselves", "Name somebody else.")


def _owned(owners: dict[str, str], account: str, name: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    first = owners.setdefault(account, name)
    if first != name:
        yield Finding(path, f"{account} already belongs to {first}", "One account is one human.")
