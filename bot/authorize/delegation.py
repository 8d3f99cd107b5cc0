"""Who sits for somebody who is away: one hop, one seat, one human, and never where it is the requester's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from bot.assess.freeze import zone
from bot.assess.groups import Absence
from bot.assess.roster import Roster
from bot.terms import Principal

Absent = Mapping[Principal, Principal]
"""Who is away now, and who may take their seat."""


class Seats(frozenset[Principal]):
    """The people of a group now, and those who sit for a member who is away.

    `sits_for` has only people who are no members themselves: whoever is one sits for themselves and counts
    once. Somebody who is away still has their seat; it is taken for them only until they answer.
    """

    sits_for: Mapping[Principal, frozenset[Principal]]

    @classmethod
    def of(cls, members: Iterable[Principal], absent: Absent) -> Seats:
        """One hop: a delegate who is away takes no seat, and hands none on."""
        own = frozenset(members)
        sits_for: dict[Principal, frozenset[Principal]] = {}
        for person in own & absent.keys():
            delegate = absent[person]
            if delegate not in own and delegate not in absent:
                sits_for[delegate] = sits_for.get(delegate, frozenset()) | {person}
        seats = cls(own | sits_for.keys())
        seats.sits_for = sits_for
        return seats

    def at(self, requester: Principal, *, answered: Iterable[Principal] = ()) -> frozenset[Principal]:
        """Who may answer this requester. Nobody sits for them, they sit for nobody, and nobody for whom
        `answered` has an answer: two people never count on one seat.
        """
        gone = {requester, *answered}
        idle = {one for one, whom in self.sits_for.items() if one == requester or whom <= gone}
        return self - idle


def absent(roster: Roster, now: datetime) -> dict[Principal, Principal]:
    """Who is away at `now`, and whom they named: for this absence, or else for all of them."""
    found: dict[Principal, Principal] = {}
    for person, absences in roster.out_of_office.items():
        for one in absences:
            delegate = one.delegate or roster.delegates.get(person)
            if delegate is not None and _covers(one, now):
                found[person] = delegate
    return found


def in_words(person: Principal, sits_for: Iterable[Principal]) -> str:
    """`bob`, or `bob, for carol`."""
    whom = " and ".join(sorted(sits_for))
    return f"{person}, for {whom}" if whom else str(person)


def _covers(one: Absence, now: datetime) -> bool:
    start, end = (wall.replace(tzinfo=zone(one.tz)).astimezone(UTC) for wall in (one.start, one.end))
    return start <= now < end
