"""On-call schedules that somebody else keeps: iCalendar feeds and PagerDuty."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from pydantic import AwareDatetime, BaseModel, ValidationError

from bot.assess.groups import Calendar, Feed, PagerDuty
from bot.authorize.people import Undetermined
from bot.authorize.schedules import Shift
from bot.connectors import icalendar_feed

ASKED_EVERY_S = 10.0
"""A feed is asked at most so often, whether it answered or not. A shift that ends meanwhile has ended."""
AHEAD = timedelta(minutes=1)
"""How far beyond this moment is asked for: more than an answer is kept."""
WAIT_S = 2.5
"""A dialog can be opened for three seconds after a press, and some look up first who pressed."""
MOST_BYTES = 2 * 1024 * 1024
MOST_PAGES = 10


@dataclass(slots=True)
class _Last:
    """What a feed said last, or how it did not; one question at a time."""

    at: float = float("-inf")
    said: tuple[Shift, ...] | str = ()
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class OnCallFeeds:
    """Asked and not answered is Undetermined: no older answer stands in for it.

    `folder` is where the policies are; `environment` has the tokens.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        folder: Path,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._folder, self._environment, self._clock = session, folder, environment, clock
        self._last: dict[Feed, _Last] = {}

    async def shifts(self, feed: Feed, *, now: datetime) -> tuple[Shift, ...]:
        """The shifts around `now`, with some that are not going on; raises Undetermined."""
        last = self._last.setdefault(feed, _Last())
        async with last.asking:
            if self._clock() - last.at >= ASKED_EVERY_S:
                try:
                    last.said = await self._asked(feed, now)
                except Undetermined as silent:
                    last.said = str(silent)
                last.at = self._clock()
        if isinstance(last.said, str):
            raise Undetermined(last.said)
        return last.said

    async def _asked(self, feed: Feed, now: datetime) -> tuple[Shift, ...]:
        if isinstance(feed, PagerDuty):
            return await self._pagerduty(feed, now)
        content = await self._calendar(feed)
        try:
            return await asyncio.to_thread(icalendar_feed.shifts, content, now=now, tz=feed.tz)
        except icalendar_feed.NoCalendar as error:
            raise Undetermined(f"The on-call calendar {_named(feed)} cannot be read: {error}.") from error

    async def _calendar(self, feed: Calendar) -> bytes:
        if feed.url is not None:
            return await self._get(feed.url, of=_named(feed))
        path = self._folder / str(feed.path)
        try:
            return await asyncio.to_thread(_inside, path, self._folder)
        except OSError as error:
            raise Undetermined(
                f"The on-call calendar {feed.path} cannot be read: {error.strerror}."
            ) from error

    async def _pagerduty(self, feed: PagerDuty, now: datetime) -> tuple[Shift, ...]:
        token = self._environment.get(feed.token_env)
        if not token:
            raise Undetermined(f"{feed.token_env} is not set, so PagerDuty cannot be asked who is on call.")
        headers = {
            "Authorization": f"Token token={token}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }
        asked = {
            "schedule_ids[]": feed.id,
            "include[]": "users",
            "since": now.isoformat(),
            "until": (now + AHEAD).isoformat(),
            "limit": "100",
        }
        url, found = f"{feed.api.rstrip('/')}/oncalls", list[Shift]()
        for page in range(MOST_PAGES):
            asked["offset"] = str(page * 100)
            said = await self._get(url, of="PagerDuty", headers=headers, asked=asked)
            try:
                read = _Page.model_validate_json(said)
            except ValidationError as error:
                raise Undetermined("PagerDuty's answer about who is on call cannot be read.") from error
            found += [one.shift() for one in read.oncalls if one.schedule and one.schedule.id == feed.id]
            if not read.more:
                return tuple(found)
        raise Undetermined("PagerDuty tells of more people on call than can be read.")

    async def _get(
        self,
        url: str,
        *,
        of: str,
        headers: Mapping[str, str] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> bytes:
        """One answer as it is: whoever redirects is somebody else, and has no say in who may approve."""
        try:
            async with self._session.get(
                url,
                headers=headers,
                params=asked,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=WAIT_S),
            ) as answer:
                if answer.status != 200:
                    raise Undetermined(f"{of} answers {answer.status} when asked who is on call.")
                content = bytearray()
                async for chunk in answer.content.iter_chunked(64 * 1024):
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise Undetermined(f"{of} answers with more than {MOST_BYTES >> 20} MB.")
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Undetermined(f"{of} does not answer who is on call ({type(error).__name__}).") from error


class _User(BaseModel):
    email: str | None = None
    summary: str | None = None


class _Schedule(BaseModel):
    id: str


class _OnCall(BaseModel):
    """An entry of `GET /oncalls`. Without an address its person is called by name, which nobody here has."""

    user: _User
    schedule: _Schedule | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None

    def shift(self) -> Shift:
        name = self.user.email or f"{self.user.summary or 'somebody'} (without an e-mail address)"
        return Shift(self.start, self.end, (name,))


class _Page(BaseModel):
    oncalls: list[_OnCall]
    more: bool = False


def _named(feed: Calendar) -> str:
    """The host alone: the rest of a feed's address is often its secret."""
    return str(feed.path) if feed.url is None else f"at {urlsplit(feed.url).hostname}"


def _inside(path: Path, folder: Path) -> bytes:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise PermissionError(1, "it leads out of the policies")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(27, f"it is larger than {MOST_BYTES >> 20} MB")
    return content
