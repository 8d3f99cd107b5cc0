"""Who is on call at a moment: by the turns of a file, or by the shifts that a feed tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from bot.assess.freeze import zone
from bot.assess.groups import Rotation
from bot.authorize.people import Undetermined
from bot.terms import Principal


@dataclass(frozen=True, slots=True)
class Shift:
    """One entry of a feed. `names` are e-mail addresses, or what the entry is called; an open end is None."""

    start: datetime | None
    end: datetime | None
    names: tuple[str, ...]

    def covers(self, now: datetime) -> bool:
        """Its start is inside, its end is not: at the handover it is the next one already."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)


def turn(rotation: Rotation, now: datetime) -> frozenset[Principal]:
    """Whose turn it is: one person, or nobody before the rotation begins."""
    place = zone(rotation.tz)
    for one in rotation.overrides:
        if _moment(one.start, place) <= now < _moment(one.end, place):
            return frozenset({one.person})
    seconds = rotation.every
    start = rotation.start.replace(tzinfo=UTC)
    wall = now.astimezone(place).replace(tzinfo=UTC)  # wall clocks are subtracted, as if there were no zones
    number = int((wall - start).total_seconds() // seconds)
    # In the hour that comes twice the clock is set back, and a handover that was made is not unmade.
    while _moment(_wall(rotation, number + 1), place) <= now:
        number += 1
    if number < 0:
        return frozenset()
    return frozenset({rotation.rotation[number % len(rotation.rotation)]})


def on_call(
    shifts: Iterable[Shift], now: datetime, *, who: Callable[[str], Principal | None]
) -> frozenset[Principal]:
    """Everybody whom the shifts of this moment name. Names that nobody has are left out.

    Raises Undetermined when somebody is on call and not one of the names is known: that is not "nobody".
    """
    names = [name for shift in shifts if shift.covers(now) for name in shift.names]
    people = frozenset(person for name in names if (person := who(name)) is not None)
    if names and not people:
        raise Undetermined(f'The schedule says "{names[0][:80]}", whom policies/people.yaml does not know.')
    return people


def _wall(rotation: Rotation, number: int) -> datetime:
    """The wall clock at the beginning of a turn."""
    return rotation.start + timedelta(seconds=number * rotation.every)


def _moment(wall: datetime, place: tzinfo) -> datetime:
    """Of a wall time that is twice that day, the first."""
    return wall.replace(tzinfo=place, fold=0).astimezone(UTC)
