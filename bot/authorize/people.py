"""Who somebody is, as far as the directory can say right now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.terms import Group, Principal, Refused


class Standing(StrEnum):
    """What Slack says an account is. Only a member may ask or answer."""

    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    DELETED = "deleted"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account and the human behind it; `principal` is None when the directory does not know them.

    `unanswered` are schedules that could not be asked: whether the person is in those groups is not known, so
    whoever decides by `groups` must not read a missing one of them as a no. `sits_in` are groups where the
    person has the seat of somebody away; they may answer there, and are not in the group for anything else.
    """

    slack_user: str
    standing: Standing
    principal: Principal | None
    groups: frozenset[Group] = frozenset()
    unanswered: frozenset[Group] = frozenset()
    sits_in: frozenset[Group] = frozenset()


class Undetermined(Refused):
    """The directory could not be asked. Never the same as "no", and never a reason to look elsewhere."""
