"""Feeds of who is on call, asked of a small server that answers as PagerDuty and calendar hosts do."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.assess.groups import Calendar, PagerDuty
from bot.authorize.people import Undetermined
from bot.authorize.schedules import Shift
from bot.connectors import icalendar_feed
from bot.connectors.oncall import ASKED_EVERY_S, MOST_BYTES, MOST_PAGES, OnCallFeeds

NOW = datetime(2026, 3, 30, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "a-token-of-the-test"
LIBRARIES = "reading calendars needs icalendar and recurring-ical-events, which are not installed"


def entry(
    email: str | None, *, schedule: str | None = "PSRE", start: datetime = NOW - HOUR
) -> dict[str, object]:
    return {
        "user": {"id": "PUSER", "type": "user", "summary": "Bob B.", **({"email": email} if email else {})},
        "schedule": schedule and {"id": schedule, "type": "schedule_reference"},
        "escalation_level": 1,
        "start": start.isoformat().replace("+00:00", "Z"),
        "end": (start + 2 * HOUR).isoformat().replace("+00:00", "Z"),
    }


@dataclass
class Host:
    """`pages` are what `/oncalls` answers, page after page; `status` is what everything answers."""

    feeds: OnCallFeeds = field(init=False)
    url: str = ""
    pages: list[list[dict[str, object]]] = field(default_factory=lambda: [[]])
    calendar: bytes = b""
    status: int = 200
    asked: list[web.Request] = field(default_factory=list)
    clock: float = 0.0

    async def oncalls(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            return web.json_response({"error": {"message": "Unauthorized"}}, status=401)
        page = int(request.query["offset"]) // int(request.query["limit"])
        more = page + 1 < len(self.pages)
        return web.json_response({"oncalls": self.pages[page], "more": more}, status=self.status)

    async def secret(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        headers = {"Location": "/elsewhere"} if self.status == 302 else {}
        return web.Response(body=self.calendar, status=self.status, headers=headers)

    def pagerduty(self, **more: object) -> PagerDuty:
        said = {"schedule": "pagerduty", "id": "PSRE", "token_env": "PAGERDUTY_TOKEN", "api": self.url}
        return PagerDuty.model_validate({**said, **more})

    def feed(self, **more: object) -> Calendar:
        return Calendar.model_validate({"schedule": "ical", "url": f"{self.url}/secret.ics", **more})


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.add_routes([web.get("/oncalls", host.oncalls), web.get("/secret.ics", host.secret)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as session:
            host.feeds = OnCallFeeds(
                session, folder=tmp_path, environment={"PAGERDUTY_TOKEN": TOKEN}, clock=lambda: host.clock
            )
            yield host
    finally:
        await runner.cleanup()


async def test_pagerduty_is_asked_for_one_schedule_now_with_addresses(host: Host) -> None:
    host.pages = [[entry("bob@acme.example")]]
    found = await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert found == (Shift(NOW - HOUR, NOW + HOUR, ("bob@acme.example",)),)
    asked = host.asked[0].query
    assert (asked["schedule_ids[]"], asked["include[]"], asked["since"]) == ("PSRE", "users", NOW.isoformat())
    assert host.asked[0].headers["Accept"] == "application/vnd.pagerduty+json;version=2"


async def test_every_page_is_read_and_other_schedules_are_left_out(host: Host) -> None:
    host.pages = [
        [entry("bob@acme.example"), entry("eve@acme.example", schedule="POTHER")],
        [entry("mallory@acme.example", schedule=None), entry("alice@acme.example")],
    ]
    found = await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert [shift.names for shift in found] == [("bob@acme.example",), ("alice@acme.example",)]


async def test_without_an_address_nobody_is_taken_for_a_name(host: Host) -> None:
    host.pages = [[entry(None)]]
    (shift,) = await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert shift.names == ("Bob B. (without an e-mail address)",)


async def test_answers_without_an_end_are_not_believed(host: Host) -> None:
    host.pages = [[entry("bob@acme.example")]] * (MOST_PAGES + 1)
    with pytest.raises(Undetermined, match="more people on call"):
        await host.feeds.shifts(host.pagerduty(), now=NOW)


@pytest.mark.parametrize("status", [302, 429, 500, 503])
async def test_a_feed_that_does_not_answer_is_not_a_no(host: Host, status: int) -> None:
    host.status = status
    for feed in (host.pagerduty(), host.feed()):
        with pytest.raises(Undetermined, match=str(status)):
            await host.feeds.shifts(feed, now=NOW)
    assert not [request for request in host.asked if request.path == "/elsewhere"]


async def test_what_cannot_be_reached_read_or_held_is_not_a_no(host: Host) -> None:
    nobody = {"api": "http://127.0.0.1:1", "id": "PGONE"}
    with pytest.raises(Undetermined, match="does not answer"):
        await host.feeds.shifts(host.pagerduty(**nobody), now=NOW)
    host.pages = [[{"user": "bob"}]]
    with pytest.raises(Undetermined, match="cannot be read"):
        await host.feeds.shifts(host.pagerduty(), now=NOW)
    host.calendar = b"x" * (MOST_BYTES + 1)
    with pytest.raises(Undetermined, match="more than 2 MB"):
        await host.feeds.shifts(host.feed(), now=NOW)


async def test_a_token_that_is_not_set_or_not_right_is_said_and_not_shown(host: Host) -> None:
    with pytest.raises(Undetermined, match="PAGERDUTY_EU is not set"):
        await host.feeds.shifts(host.pagerduty(token_env="PAGERDUTY_EU"), now=NOW)
    assert not host.asked
    host.feeds._environment = {"PAGERDUTY_TOKEN": "another-token"}
    with pytest.raises(Undetermined, match="401") as refused:
        await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert "another-token" not in str(refused.value)


async def test_the_address_of_a_calendar_is_its_secret(host: Host) -> None:
    host.status = 404
    with pytest.raises(Undetermined) as refused:
        await host.feeds.shifts(host.feed(), now=NOW)
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_a_feed_is_asked_again_after_a_few_seconds_and_not_before(host: Host) -> None:
    host.pages = [[entry("bob@acme.example")]]
    for _ in range(3):
        await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert len(host.asked) == 1
    host.clock += ASKED_EVERY_S
    host.pages = [[entry("alice@acme.example")]]
    (shift,) = await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert shift.names == ("alice@acme.example",)


async def test_after_a_failure_no_older_answer_stands_in(host: Host) -> None:
    host.pages = [[entry("bob@acme.example")]]
    await host.feeds.shifts(host.pagerduty(), now=NOW)
    host.clock, host.status = host.clock + ASKED_EVERY_S, 503
    for _ in range(2):
        with pytest.raises(Undetermined):
            await host.feeds.shifts(host.pagerduty(), now=NOW)
    assert len(host.asked) == 2
    host.clock, host.status = host.clock + ASKED_EVERY_S, 200
    assert await host.feeds.shifts(host.pagerduty(), now=NOW)


async def test_a_calendar_beside_the_policies_that_is_missing_or_elsewhere_is_not_a_no(
    host: Host, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "link.ics").symlink_to(tmp_path_factory.mktemp("other") / "x.ics")
    for path in ("gone.ics", "link.ics"):
        with pytest.raises(Undetermined, match=path):
            await host.feeds.shifts(Calendar(schedule="ical", path=path), now=NOW)


CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VEVENT
UID:weekly
DTSTART;TZID=Europe/Berlin:20260105T090000
DTEND;TZID=Europe/Berlin:20260112T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
SUMMARY:Primary
ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@acme.example
ATTENDEE;PARTSTAT=DECLINED:mailto:eve@acme.example
ATTENDEE;CUTYPE=ROOM:mailto:room@acme.example
END:VEVENT
BEGIN:VEVENT
UID:days
DTSTART;VALUE=DATE:20260330
DTEND;VALUE=DATE:20260331
SUMMARY:carol
END:VEVENT
BEGIN:VEVENT
UID:cancelled
DTSTART:20260330T000000Z
DTEND:20260331T000000Z
STATUS:CANCELLED
SUMMARY:dave
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
def libraries() -> None:
    for name in ("icalendar", "recurring_ical_events"):
        pytest.importorskip(name, reason=LIBRARIES)


def on_call(content: bytes, now: datetime, tz: str = "Europe/Berlin") -> set[str]:
    found = icalendar_feed.shifts(content, now=now, tz=tz)
    return {name for shift in found if shift.covers(now) for name in shift.names}


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(
    ("now", "who"),
    [
        ("2026-03-30T06:59+00:00", {"carol"}),
        ("2026-03-30T07:00+00:00", {"carol", "bob@acme.example"}),
        ("2026-03-30T22:00+00:00", {"bob@acme.example"}),
        ("2026-03-29T21:59+00:00", set()),
        ("2026-04-06T07:00+00:00", set()),
    ],
    ids=[
        "a day begins at its midnight there",
        "nine o'clock after the clocks changed",
        "a day ends at its midnight there",
        "before it",
        "the end is outside",
    ],
)
def test_the_events_of_this_moment_say_who_is_on_call(now: str, who: set[str]) -> None:
    assert on_call(CALENDAR.encode(), datetime.fromisoformat(now)) == who


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Sign in</html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:zzz\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        CALENDAR.replace("FREQ=WEEKLY", "FREQ=SECONDLY").encode(),
        CALENDAR.replace("FREQ=WEEKLY", "FREQ=MINU\r\n TELY").encode(),
    ],
    ids=["nothing", "a page", "broken", "every second", "every minute, folded"],
)
def test_what_is_no_calendar_is_not_read_in_part(content: bytes) -> None:
    with pytest.raises(icalendar_feed.NoCalendar):
        icalendar_feed.shifts(content, now=NOW, tz="UTC")


@pytest.mark.usefixtures("libraries")
async def test_a_calendar_is_read_from_its_address_and_from_a_file(host: Host, tmp_path: Path) -> None:
    host.calendar = CALENDAR.encode()
    (tmp_path / "sre.ics").write_bytes(host.calendar)
    for feed in (host.feed(), Calendar(schedule="ical", path="sre.ics")):
        found = await host.feeds.shifts(feed, now=NOW)
        assert ("bob@acme.example",) in [shift.names for shift in found if shift.covers(NOW)]


async def test_without_the_libraries_a_calendar_is_undetermined(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    host.calendar = CALENDAR.encode()
    with pytest.raises(Undetermined, match="the package icalendar is not installed"):
        await host.feeds.shifts(host.feed(), now=NOW)
