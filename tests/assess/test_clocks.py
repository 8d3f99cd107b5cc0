"""Windows and turns on the days when clocks change, held against a reading of them minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.assess.freeze import is_open
from bot.assess.groups import Rotation
from bot.assess.runbook import FreezeWindow
from bot.authorize.schedules import turn

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("America/St_Johns", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # by half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Kathmandu", date(2026, 3, 29)),  # never, and it is 5:45 ahead
    ("America/Santiago", date(2026, 9, 6)),  # at midnight: the day begins at one
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
]
changes = st.sampled_from(CHANGES)
times = st.one_of(
    st.builds(time, st.integers(0, 3), st.sampled_from((0, 1, 15, 29, 30, 31, 45, 59))),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


def wall(moment: datetime, tz: str) -> datetime:
    """What a clock on the wall there shows."""
    return moment.astimezone(ZoneInfo(tz)).replace(tzinfo=None)


@cache
def offsets(tz: str, day: date) -> frozenset[timedelta]:
    """By how much clocks there were ahead in the days around, asked for every quarter of an hour."""
    around = datetime.combine(day, time(), tzinfo=UTC)
    moments = (around + n * timedelta(minutes=15) for n in range(-36 * 4, 60 * 4))
    return frozenset(wall(one, tz) - one.replace(tzinfo=None) for one in moments)


def readings(shown: datetime, tz: str) -> list[datetime]:
    """Every moment at which a clock shows it; where none ever does, every moment it could mean."""
    could = [(shown - ahead).replace(tzinfo=UTC) for ahead in offsets(tz, shown.date())]
    return [one for one in could if wall(one, tz) == shown] or could


def spans(first: str, start: time, last: str, end: time, around: date) -> list[tuple[datetime, datetime]]:
    """Each week's span by wall clocks, from its start to the next time that it is the end."""
    found = []
    for began in (datetime.combine(around + n * DAY, start) for n in range(-16, 17)):
        if DAYS[began.weekday()] != first:
            continue
        ends = (datetime.combine(began.date() + n * DAY, end) for n in range(9))
        found.append((began, next(e for e in ends if e > began and DAYS[e.weekday()] == last)))
    return found


def moments(day: date, *edges: datetime) -> list[datetime]:
    """Every half hour of two days before and after, and the minutes around what opens or closes."""
    start = datetime.combine(day - 2 * DAY, time(), tzinfo=UTC)
    halves = [start + n * timedelta(minutes=30) for n in range(5 * 24 * 2)]
    near = [edge for edge in edges if halves[0] <= edge <= halves[-1]]
    return halves + [edge + n * MINUTE for edge in near for n in (-61, -31, -1, 0, 1, 29, 59)]


@given(changes, st.integers(-1, 1), st.integers(0, 6), times, times)
@example(("America/Santiago", date(2026, 9, 6)), 0, 1, time(), time())
@settings(max_examples=120, deadline=None)
def test_a_weekly_window_is_open_from_its_earliest_start_to_its_latest_end(
    change: tuple[str, date], shift: int, length: int, start: time, end: time
) -> None:
    tz, day = change
    first = (day + shift * DAY).weekday()
    names = DAYS[first], DAYS[(first + length) % 7]
    written = f"{names[0]} {start:%H:%M} - {names[1]} {end:%H:%M}"
    window = FreezeWindow.model_validate({"id": "w", "tz": tz, "weekly": written})
    open_ = [
        (min(readings(began, tz)), max(readings(ended, tz)))
        for began, ended in spans(names[0], start, names[1], end, day)
    ]
    for now in moments(day, *(edge for span in open_ for edge in span)):
        assert is_open(window, now) == any(a <= now < b for a, b in open_), now


@given(changes, times, times, st.integers(-1, 1), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_a_window_of_one_time_is_too(
    change: tuple[str, date], start: time, end: time, shift: int, length: int
) -> None:
    tz, day = change
    began = datetime.combine(day + shift * DAY, start)
    ended = datetime.combine(began.date() + length * DAY, end)
    if ended <= began:
        ended = began + MINUTE
    window = FreezeWindow.model_validate({"id": "w", "tz": tz, "from": began, "to": ended})
    opens, closes = min(readings(began, tz)), max(readings(ended, tz))
    for now in moments(day, opens, closes):
        assert is_open(window, now) == (opens <= now < closes), now


@given(changes, times, st.sampled_from(("10m", "30m", "1h", "90m", "8h", "12h", "1d", "7d")))
@settings(max_examples=30, deadline=None)
def test_turns_go_on_when_a_clock_first_shows_the_hour_and_never_back(
    change: tuple[str, date], start: time, every: str
) -> None:
    tz, day = change
    people = ("alice", "bob", "carol", "dave", "erin")
    rotation = Rotation.model_validate(
        {
            "schedule": "file",
            "rotation": people,
            "tz": tz,
            "every": every,
            "start": datetime.combine(day - 3 * DAY, start),
        }
    )
    first = datetime.combine(day - 3 * DAY, start)
    furthest, shown = -1, set[int]()
    begin = datetime.combine(day - 4 * DAY, time(), tzinfo=UTC)
    for minute in range(7 * 24 * 60):
        now = begin + minute * MINUTE
        furthest = max(furthest, int((wall(now, tz) - first) // timedelta(seconds=rotation.every)))
        if minute % 5 == 0 or furthest not in shown:
            shown.add(furthest)
            expected = {people[furthest % 5]} if furthest >= 0 else set()
            assert turn(rotation, now) == expected, (now, furthest)


@pytest.mark.parametrize("change", CHANGES[:8], ids=str)
@pytest.mark.parametrize("hour", ["0200", "0215", "0230", "0300", "0800"])
def test_a_feed_of_two_shifts_a_day_leaves_nobody_without_a_shift(
    change: tuple[str, date], hour: str
) -> None:
    """Whatever a calendar takes an hour for that is twice or never: somebody is on call every minute."""
    pytest.importorskip("recurring_ical_events")
    from bot.connectors.icalendar_feed import shifts

    tz, day = change
    began = datetime.combine(day - 9 * DAY, time(int(hour[:2]), int(hour[2:])))
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//acme//on call//EN"]
    for number, name in enumerate(("alice", "bob")):
        start, end = (began + (number + n) * timedelta(hours=12) for n in (0, 1))
        text += ["BEGIN:VEVENT", f"UID:{name}", f"SUMMARY:{name}", "RRULE:FREQ=DAILY"]
        text += [
            f"DTSTART;TZID={tz}:{start:%Y%m%dT%H%M%S}",
            f"DTEND;TZID={tz}:{end:%Y%m%dT%H%M%S}",
            "END:VEVENT",
        ]
    content = "\r\n".join([*text, "END:VCALENDAR", ""]).encode()
    around = datetime.combine(day, time(12), tzinfo=UTC)
    found = [one for n in (-1, 0, 1) for one in shifts(content, now=around + n * DAY, tz=tz)]
    for minute in range(-24 * 60, 24 * 60, 5):
        now = around + minute * MINUTE
        assert {name for one in found if one.covers(now) for name in one.names}, now
