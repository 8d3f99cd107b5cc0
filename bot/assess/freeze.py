"""When a freeze window is open. The wall clock of its own time zone counts, also when clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.ask.catalog import did_you_mean
from bot.assess.runbook import FreezeWindow

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKLY = re.compile(rf"({'|'.join(_DAYS)}) (\d\d):(\d\d) - ({'|'.join(_DAYS)}) (\d\d):(\d\d)")
_WEEK = timedelta(days=7)


class NoSuchTime(Exception):
    """A time zone or a weekly span that cannot be read; the message says what would be right."""


def zone(name: str) -> tzinfo:
    """The IANA zone; UTC needs no time zone data. Raises NoSuchTime."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        guess = did_you_mean(name, sorted(available_timezones()) or ["UTC"])
        raise NoSuchTime(
            f"there is no time zone {name}. {guess}Write a name such as Europe/Berlin, or UTC."
        ) from None


def weekly(text: str) -> tuple[int, time, int, time]:
    """Weekday (Monday is 0) and time of the start and of the end; raises NoSuchTime."""
    if found := _WEEKLY.fullmatch(text):
        day, hour, minute, last_day, last_hour, last_minute = found.groups()
        if max(int(hour), int(last_hour)) < 24 and max(int(minute), int(last_minute)) < 60:
            start, end = time(int(hour), int(minute)), time(int(last_hour), int(last_minute))
            return _DAYS.index(day), start, _DAYS.index(last_day), end
    raise NoSuchTime(f"{text} is no span of a week. Write it like Fri 15:00 - Mon 07:00.")


def is_open(window: FreezeWindow, now: datetime) -> bool:
    """Whether the window is open at `now`: its start is inside, its end is not."""
    place = zone(window.tz)
    if window.start is not None and window.end is not None:
        return _earliest(window.start, place) <= now < _latest(window.end, place)
    day, start, last_day, end = weekly(window.weekly or "")
    today = now.astimezone(place).date()
    began = today - timedelta(days=(today.weekday() - day) % 7)
    length = timedelta(days=(last_day - day) % 7)
    if length == timedelta(0) and end <= start:
        length = _WEEK
    return any(
        _earliest(datetime.combine(first, start), place)
        <= now
        < _latest(datetime.combine(first + length, end), place)
        for first in (began + _WEEK, began, began - _WEEK)  # it may open while yesterday is still shown
    )


def _earliest(wall: datetime, place: tzinfo) -> datetime:
    """A wall time that is twice or never that day opens at the earlier of its two readings."""
    return min(_readings(wall, place))


def _latest(wall: datetime, place: tzinfo) -> datetime:
    return max(_readings(wall, place))


def _readings(wall: datetime, place: tzinfo) -> tuple[datetime, datetime]:
    first, second = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second
