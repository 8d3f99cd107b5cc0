"""The shape of a group that is more than a list, and of who is away: parts of `policies/people.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Discriminator, Field, NaiveDatetime, Tag, model_validator

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding, Path
from bot.assess import freeze
from bot.assess.scalars import Duration, Text
from bot.terms import Principal, Record

PAGERDUTY = "https://api.pagerduty.com"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class _Kept(Record):
    """`delegation`: whether the seat of somebody who is away may be taken by whom they named."""

    delegation: Literal["allowed", "refused"] = "refused"


class _Span(Record):
    """Times in the wall clock of some zone; the start is inside, the end is not."""

    model_config = ConfigDict(populate_by_name=True)

    start: NaiveDatetime = Field(alias="from")
    end: NaiveDatetime = Field(alias="to")

    @model_validator(mode="after")
    def _forwards(self) -> _Span:
        if self.end <= self.start:
            raise ValueError("to: must come after from:")
        return self


Members = Annotated[
    Annotated[Literal["slack"], Tag("slack")] | Annotated[tuple[Principal, ...], Tag("list")],
    Discriminator(lambda said: "slack" if isinstance(said, str) else "list"),
]


class Listed(_Kept):
    """Members listed here, or in the Slack user group of that handle."""

    members: Members


class Override(_Span):
    """For this while it is somebody else, whoever's turn it were."""

    person: Principal


class Rotation(_Kept):
    """Turns that hand over by the wall clock of `tz`: at nine stays at nine when the clocks change."""

    schedule: Literal["file"]
    rotation: tuple[Principal, ...] = Field(min_length=1)
    start: NaiveDatetime
    tz: Text
    every: Duration
    overrides: tuple[Override, ...] = ()


class Calendar(_Kept):
    """An iCalendar feed: whose event is going on now is on call.

    `path` is beside the policies. `tz` is only for events that name no zone of their own, such as whole days.
    """

    schedule: Literal["ical"]
    path: Text | None = None
    url: Text | None = None
    tz: Text = "UTC"

    @model_validator(mode="after")
    def _one_place(self) -> Calendar:
        if (self.path is None) == (self.url is None):
            raise ValueError("a calendar has path: (beside the policies) or url:, and not both")
        return self


class PagerDuty(_Kept):
    """A schedule of PagerDuty's. The token's variable begins with PAGERDUTY_: no other secret can be sent."""

    schedule: Literal["pagerduty"]
    id: Annotated[str, Field(pattern=r"\A[A-Z0-9]{3,32}\z")]
    token_env: Annotated[str, Field(pattern=r"\APAGERDUTY_[A-Z0-9_]+\z", max_length=80)]
    api: Text = PAGERDUTY


Feed = Calendar | PagerDuty
Schedule = Rotation | Calendar | PagerDuty
_SCHEDULES = {"file": "Rotation", "ical": "Calendar", "pagerduty": "PagerDuty"}


def _branch(said: Any) -> str | None:
    """Which shape is meant, so that a mistake is told once and of that one. Tags are the classes' names."""
    match said:
        case str():
            return "slack"
        case dict():
            return _SCHEDULES.get(str(said["schedule"])) if "schedule" in said else "Listed"
        case Listed() | Rotation() | Calendar() | PagerDuty():
            return type(said).__name__
    return "list"


Kept = Annotated[
    Annotated[Literal["slack"], Tag("slack")]
    | Annotated[tuple[Principal, ...], Tag("list")]
    | Annotated[Listed, Tag("Listed")]
    | Annotated[Rotation, Tag("Rotation")]
    | Annotated[Calendar, Tag("Calendar")]
    | Annotated[PagerDuty, Tag("PagerDuty")],
    Discriminator(
        _branch,
        custom_error_type="no_such_schedule",
        custom_error_message="a schedule is one of file, ical, pagerduty",
    ),
]


class Absence(_Span):
    """Away from `from` to `to`; `delegate` may take the seat, or else whom `delegates` names."""

    tz: Text = "UTC"
    delegate: Principal | None = None


def findings(group: Listed | Schedule, at: Path, people: Collection[str]) -> Iterator[Finding]:
    """What a group must keep beyond its shape."""
    match group:
        case Listed():
            if group.members != "slack":
                yield from members(group.members, (*at, "members"), people)
        case Rotation():
            yield from members(group.rotation, (*at, "rotation"), people)
            yield from zone(group.tz, (*at, "tz"))
            for position, one in enumerate(group.overrides):
                yield from known(one.person, (*at, "overrides", position, "person"), people)
            yield from apart(group.overrides, (*at, "overrides"))
        case Calendar():
            yield from zone(group.tz, (*at, "tz"))
            if group.path is not None and not _beside(group.path):
                hint = "Write a path beside the policies, such as oncall/sre.ics."
                yield Finding((*at, "path"), f"{group.path} leads out of the policies", hint)
            if group.url is not None:
                yield from _safe(group.url, (*at, "url"))
        case PagerDuty():
            yield from _safe(group.api, (*at, "api"))


def members(listed: tuple[Principal, ...], at: Path, people: Collection[str]) -> Iterator[Finding]:
    if not listed:
        yield Finding(at, "nobody is listed", "List somebody, or write slack.")
    for position, member in enumerate(listed):
        yield from known(member, (*at, position), people)


def known(person: str, at: Path, people: Collection[str]) -> Iterator[Finding]:
    if person not in people:
        hint = did_you_mean(person, list(people)).strip()
        yield Finding(at, f"{person} is not listed under people", hint or "Add them there.")


def zone(name: str, at: Path) -> Iterator[Finding]:
    try:
        freeze.zone(name)
    except freeze.NoSuchTime as error:
        yield Finding(at, str(error).rstrip("."))


def apart(spans: tuple[_Span, ...], at: Path) -> Iterator[Finding]:
    """Of two spans that overlap nobody could say which one counts."""
    placed = sorted(enumerate(spans), key=lambda one: one[1].start)
    for (_, before), (position, after) in pairwise(placed):
        if after.start < before.end:
            hint = f"The one before ends at {before.end:%Y-%m-%d %H:%M}."
            yield Finding((*at, position), "it begins before another has ended", hint)


def _beside(path: str) -> bool:
    whole = PurePosixPath(path)
    return not whole.is_absolute() and ".." not in whole.parts and "\\" not in path


def _safe(url: str, at: Path) -> Iterator[Finding]:
    """Whoever can answer in the feed's place can say who may approve: it must be the real one."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        yield Finding(at, "it is not an https:// address", "Without TLS anybody on the way could answer it.")
