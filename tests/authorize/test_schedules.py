"""Who is on call: turns by the wall clock, also when clocks change, and the shifts of a feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assess.groups import Override, Rotation
from bot.authorize.people import Undetermined
from bot.authorize.schedules import Shift, on_call, turn
from bot.terms import Principal

BERLIN = ZoneInfo("Europe/Berlin")
ALICE, BOB, CAROL = Principal("alice"), Principal("bob"), Principal("carol")


def rotation(every: str = "7d", start: str = "2026-01-05T09:00", **more: object) -> Rotation:
    said = {"schedule": "file", "rotation": [ALICE, BOB, CAROL], "tz": "Europe/Berlin"}
    return Rotation.model_validate({**said, "start": start, "every": every, **more})


@pytest.mark.parametrize(
    ("wall", "who"),
    [
        ("2026-01-05T08:59", set()),
        ("2026-01-05T09:00", {ALICE}),
        ("2026-01-12T08:59", {ALICE}),
        ("2026-01-12T09:00", {BOB}),
        ("2026-01-19T09:00", {CAROL}),
        ("2026-01-26T09:00", {ALICE}),
    ],
    ids=[
        "before it begins",
        "the start is inside",
        "to the minute",
        "the next",
        "the third",
        "the first again",
    ],
)
def test_turns_follow_each_other(wall: str, who: set[Principal]) -> None:
    assert turn(rotation(), datetime.fromisoformat(wall).replace(tzinfo=BERLIN)) == who


@pytest.mark.parametrize("month", [3, 10], ids=["clocks go forward", "clocks go back"])
def test_nine_o_clock_stays_nine_o_clock_when_clocks_change(month: int) -> None:
    day = {3: 30, 10: 26}[month]  # the Monday after the last Sunday
    nine = datetime(2026, month, day, 9, tzinfo=BERLIN)
    before, after = turn(rotation(), nine - timedelta(minutes=1)), turn(rotation(), nine)
    assert before != after
    assert nine.utcoffset() != (nine - timedelta(days=7)).utcoffset()


def test_an_hour_that_comes_twice_hands_over_once() -> None:
    every = rotation(every="30m", start="2026-10-25T00:00")
    began = datetime(2026, 10, 24, 22, tzinfo=UTC)  # 00:00 in Berlin
    minutes = [turn(every, began + timedelta(minutes=passed)) for passed in range(5 * 60)]
    turns = [(who, len([*some])) for who, some in groupby(minutes)]
    assert [who for who, _ in turns] == [{(ALICE, BOB, CAROL)[n % 3]} for n in range(len(turns))]
    # the last turn before the clock is set back lasts as long as the hour that is repeated
    assert [long for _, long in turns] == [30, 30, 30, 30, 30, 90, 30, 30]


def test_an_hour_that_never_comes_leaves_nobody_out_of_the_order() -> None:
    every = rotation(every="1h", start="2026-03-29T00:00")
    began = datetime(2026, 3, 28, 23, tzinfo=UTC)  # 00:00 in Berlin; 02:00 to 03:00 does not happen
    assert [turn(every, began + timedelta(hours=passed)) for passed in range(4)] == [
        {ALICE},
        {BOB},
        {ALICE},
        {BOB},
    ]


@given(st.integers(min_value=0, max_value=366 * 24 * 12), st.sampled_from(["45m", "12h", "1d", "7d"]))
def test_a_turn_that_is_over_does_not_come_back_at_once(step: int, every: str) -> None:
    """Over any five minutes of a year, the turn stays or goes on to the next in order."""
    order = [ALICE, BOB, CAROL]
    now = datetime(2026, 1, 6, tzinfo=UTC) + timedelta(minutes=5 * step)
    (first,), (second,) = turn(rotation(every), now), turn(rotation(every), now + timedelta(minutes=5))
    went_on = (order.index(second) - order.index(first)) % 3
    assert went_on in (0, 1) or now.astimezone(BERLIN).month == 3  # forward, a turn may fall out


def test_an_override_is_whoever_it_names_while_it_lasts() -> None:
    one = Override.model_validate({"from": "2026-01-06T18:00", "to": "2026-01-07T08:00", "person": CAROL})
    kept = rotation(overrides=[one])
    six, eight, minute = (
        datetime(2026, 1, 6, 18, tzinfo=BERLIN),
        datetime(2026, 1, 7, 8, tzinfo=BERLIN),
        timedelta(minutes=1),
    )
    at = [six - minute, six, eight - minute, eight]
    assert [turn(kept, when) for when in at] == [{ALICE}, {CAROL}, {CAROL}, {ALICE}]


NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def known(name: str) -> Principal | None:
    return {"alice@acme.example": ALICE, "bob": BOB}.get(name)


def test_shifts_name_who_is_on_call_now_and_nobody_else() -> None:
    shifts = [
        Shift(NOON - HOUR, NOON, ("bob",)),
        Shift(NOON, NOON + HOUR, ("alice@acme.example", "a stranger")),
        Shift(NOON + HOUR, None, ("bob",)),
    ]
    assert on_call(shifts, NOON, who=known) == {ALICE}
    assert on_call(shifts, NOON - HOUR, who=known) == {BOB}
    assert on_call(shifts, NOON + HOUR, who=known) == {BOB}
    assert on_call(shifts, NOON - 2 * HOUR, who=known) == frozenset()


def test_somebody_whom_nobody_knows_on_call_is_not_nobody_on_call() -> None:
    with pytest.raises(Undetermined, match='says "Robert B'):
        on_call([Shift(None, None, ("Robert B.",))], NOON, who=known)
