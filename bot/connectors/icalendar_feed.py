"""An iCalendar document as shifts. Only reading one needs `icalendar` and `recurring-ical-events`."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from importlib import import_module
from typing import Any

from bot.assess.freeze import zone
from bot.authorize.schedules import Shift

_AROUND = timedelta(days=1)
"""Events without a zone may lie up to most of a day beside their moment in UTC."""
_TOO_OFTEN = re.compile(rb"FREQ=(SECONDLY|MINUTELY)", re.IGNORECASE)
"""Counting these up since their beginning could take minutes, and nobody hands over so often."""
_ADDRESS = re.compile(r"mailto:", re.IGNORECASE)


class NoCalendar(Exception):
    """It cannot be read; the message ends a sentence."""


def shifts(content: bytes, *, now: datetime, tz: str) -> tuple[Shift, ...]:
    """The events around `now`. Raises NoCalendar: what cannot be read whole is not read in part."""
    try:
        icalendar, recurring = import_module("icalendar"), import_module("recurring_ical_events")
    except ImportError as error:
        raise NoCalendar(f"the package {error.name} is not installed") from error
    if _TOO_OFTEN.search(content.replace(b"\r\n ", b"").replace(b"\n ", b"")):
        raise NoCalendar("an event in it repeats every minute or second")
    place = zone(tz)
    # What a stranger's document makes a parser trip over is not a closed list; each of these is "unreadable".
    try:
        calendar = icalendar.Calendar.from_ical(content)
        events = recurring.of(calendar).between(now - _AROUND, now + _AROUND)
        return tuple(_shift(event, place) for event in events if _counts(event))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise NoCalendar(f"it is not a calendar ({type(error).__name__})") from error


def _counts(event: Any) -> bool:
    return str(event.get("STATUS", "")).upper() != "CANCELLED"


def _shift(event: Any, place: tzinfo) -> Shift:
    """Whoever is invited and has not declined; where nobody is invited, what the event is called."""
    invited = event.get("ATTENDEE", [])
    addresses = [
        _ADDRESS.sub("", str(one), count=1)
        for one in (invited if isinstance(invited, list) else [invited])
        if str(one.params.get("PARTSTAT", "")).upper() != "DECLINED"
        and str(one.params.get("CUTYPE", "INDIVIDUAL")).upper() == "INDIVIDUAL"
    ]
    names = tuple(addresses) if invited else (str(event.get("SUMMARY", "")),)
    return Shift(_moment(event.start, place), _moment(event.end, place), names)


def _moment(when: date, place: tzinfo) -> datetime:
    """A day begins at its midnight; what names no zone is in the calendar's."""
    whole = when if isinstance(when, datetime) else datetime(when.year, when.month, when.day, tzinfo=place)
    return whole if whole.tzinfo is not None else whole.replace(tzinfo=place)
