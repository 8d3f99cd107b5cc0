"""Freeze windows keep the wall clock of their zone, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.assess.freeze import is_open
from bot.assess.runbook import FreezeWindow

from .writing import gates, policies

WEEKEND = "Fri 15:00 - Mon 07:00"


def window(tz: str = "Europe/Berlin", **times: str) -> FreezeWindow:
    return FreezeWindow.model_validate({"id": "w", "tz": tz, **times})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekly", "tz", "now", "expected"),
    [
        # Winter in Berlin is UTC+1: Friday 15:00 there is 14:00 here.
        (WEEKEND, "Europe/Berlin", "2026-01-09T13:59:59", False),
        (WEEKEND, "Europe/Berlin", "2026-01-09T14:00:00", True),
        (WEEKEND, "Europe/Berlin", "2026-01-12T05:59:59", True),
        (WEEKEND, "Europe/Berlin", "2026-01-12T06:00:00", False),
        # Summer is UTC+2.
        (WEEKEND, "Europe/Berlin", "2026-07-10T12:59:59", False),
        (WEEKEND, "Europe/Berlin", "2026-07-10T13:00:00", True),
        # Clocks go forward in the night to 29 March: it opens in winter time and closes in summer time.
        (WEEKEND, "Europe/Berlin", "2026-03-27T14:00:00", True),
        (WEEKEND, "Europe/Berlin", "2026-03-30T04:59:59", True),
        (WEEKEND, "Europe/Berlin", "2026-03-30T05:00:00", False),
        # Clocks go back in the night to 25 October.
        (WEEKEND, "Europe/Berlin", "2026-10-23T13:00:00", True),
        (WEEKEND, "Europe/Berlin", "2026-10-26T05:59:59", True),
        (WEEKEND, "Europe/Berlin", "2026-10-26T06:00:00", False),
        # 02:30 does not exist on 29 March: the earlier reading opens, the later one closes.
        ("Sun 02:30 - Sun 05:00", "Europe/Berlin", "2026-03-29T00:29:59", False),
        ("Sun 02:30 - Sun 05:00", "Europe/Berlin", "2026-03-29T00:30:00", True),
        ("Sat 22:00 - Sun 02:30", "Europe/Berlin", "2026-03-29T01:29:59", True),
        ("Sat 22:00 - Sun 02:30", "Europe/Berlin", "2026-03-29T01:30:00", False),
        # 02:30 is twice on 25 October: open from the first, until the second.
        ("Sun 02:30 - Sun 05:00", "Europe/Berlin", "2026-10-25T00:30:00", True),
        ("Sat 22:00 - Sun 02:30", "Europe/Berlin", "2026-10-25T01:29:59", True),
        ("Sat 22:00 - Sun 02:30", "Europe/Berlin", "2026-10-25T01:30:00", False),
        # The weekday is the zone's own: Sunday evening in New York is Monday in UTC.
        ("Sun 20:00 - Sun 23:00", "America/New_York", "2026-01-12T01:30:00", True),
        ("Sun 20:00 - Sun 23:00", "America/New_York", "2026-01-11T21:30:00", False),
        ("Mon 00:00 - Mon 00:00", "UTC", "2026-01-08T12:00:00", True),
        ("Mon 09:00 - Mon 08:00", "UTC", "2026-01-12T08:30:00", False),
        ("Mon 09:00 - Mon 08:00", "UTC", "2026-01-18T23:00:00", True),
    ],
)
def test_every_week(weekly: str, tz: str, now: str, expected: bool) -> None:
    assert is_open(window(tz, weekly=weekly), at(now)) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-17T22:59:59", False),
        ("2026-12-17T23:00:00", True),
        ("2027-01-04T05:59:59", True),
        ("2027-01-04T06:00:00", False),
    ],
)
def test_once(now: str, expected: bool) -> None:
    year_end = window(**{"from": "2026-12-18T00:00", "to": "2027-01-04T07:00"})
    assert is_open(year_end, at(now)) is expected


def test_once_over_a_change_of_clocks_is_as_long_as_any_reading_of_it() -> None:
    twice = window(**{"from": "2026-10-25T02:00", "to": "2026-10-25T02:30"})
    assert is_open(twice, at("2026-10-25T00:00:00"))
    assert is_open(twice, at("2026-10-25T01:29:59"))
    assert not is_open(twice, at("2026-10-25T01:30:00"))


def test_open_windows_are_facts_of_every_policy_that_applies() -> None:
    weekly = "freeze_windows:\n  - {{id: {name}, tz: UTC, weekly: Fri 15:00 - Mon 07:00}}\n"
    armed = policies(
        p=weekly.format(name="a") + gates("g | true | allow: true"),
        q=weekly.format(name="b") + gates("g | true | allow: true"),
    )
    assert armed.freezes("deploy", "1.0.0", at("2026-01-10T00:00:00")) == ("a", "b")
    assert armed.freezes("deploy", "1.0.0", at("2026-01-07T00:00:00")) == ()
    assert armed.freezes("other", "1.0.0", at("2026-01-10T00:00:00")) == ()
