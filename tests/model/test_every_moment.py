"""Not some moments but every one: a crash, a broken line or somebody else's turn at each call to Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

import pytest

from bot.authorize.click import Action
from tests.model.auditor import NeverEver
from tests.model.crashing import Death, Level
from tests.model.play import Bed, Play
from tests.model.weakened import weakened

LEASE_OVER_S = 20.0
MOST_CALLS = 80
Press = tuple[str, Action]
PAIRS: dict[str, tuple[Press, Press]] = {
    "a yes is withdrawn while the last one comes": (("erin", "withdraw"), ("carol", "approve")),
    "a yes becomes a no while the last one comes": (("erin", "deny"), ("carol", "approve")),
    "it is cancelled while the last yes comes": (("alice", "cancel"), ("carol", "approve")),
    "two last yeses come at once": (("bob", "approve"), ("carol", "approve")),
}


@contextmanager
def playing(bed: Bed) -> Iterator[Play]:
    """In the end everything must hold."""
    play = Play(bed)
    try:
        yield play
        play.holds()
    finally:
        play.close()


@contextmanager
def begun(bed: Bed, *yes: str) -> Iterator[Play]:
    """A request to production that alice made, with these yeses."""
    with playing(bed) as play:
        play.asks("alice", "production", "hello")
        for person in yes:
            play.answers(person, "approve")
        yield play


def orders(first: int, second: int) -> Iterator[list[int]]:
    """Every order in which one takes so many turns and the other so many."""
    turns = first + second
    for mine in combinations(range(turns), first):
        yield [0 if turn in mine else 1 for turn in range(turns)]


def in_every_order(bed: Bed, pair: tuple[Press, Press]) -> None:
    for choices in orders(4, 4):
        with begun(bed, "erin") as play:
            play.at_once([play.pressing(person, action) for person, action in pair], choices)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_answers_in_every_order(bed: Bed, pair: tuple[Press, Press]) -> None:
    in_every_order(bed, pair)


def test_without_the_revision_some_order_grants_what_was_taken_back(bed: Bed) -> None:
    with weakened("revision"), pytest.raises(NeverEver, match=r"granted with \{'carol': 'approve'\}"):
        in_every_order(bed, PAIRS["a yes is withdrawn while the last one comes"])


def asleep_at_each_call(bed: Bed, successor: int) -> None:
    """A worker sleeps before a call, for each of its calls, until another has taken over and come so far."""
    for call in range(MOST_CALLS):
        with begun(bed, "erin", "carol") as play:
            order = [0] * call + [1] * successor + [0] * MOST_CALLS
            calls, _ = play.at_once(
                [play.looking()] * 2, order, at=call, meanwhile=lambda play=play: play.pass_by(LEASE_OVER_S)
            )
            play.holds()
            play.later(LEASE_OVER_S)
            play.does(play.looking())
            assert play.state() == "done"
        if calls <= call:
            return
    raise AssertionError(f"it made more than {MOST_CALLS} calls")


@pytest.mark.parametrize("successor", [20, MOST_CALLS], ids=["in the middle", "at its end"])
def test_a_worker_that_slept_at_any_call_does_nothing_twice(bed: Bed, successor: int) -> None:
    asleep_at_each_call(bed, successor)


def test_without_the_fence_it_writes_over_its_successor(bed: Bed) -> None:
    with weakened("fence"), pytest.raises(AssertionError):
        asleep_at_each_call(bed, 20)


def deaths(level: Level, *, line: bool = False) -> Iterator[Death]:
    """Before and after each call and each effect. Between two methods nothing happens, so of them after is
    enough; and what was never sent is simply sent again, so of lines only answers are lost."""
    for number in range(1, MOST_CALLS):
        if level != "method" and not line:
            yield Death(level, number, "before", line)
        yield Death(level, number, "after", line)


@pytest.mark.parametrize(
    ("level", "line"), [("call", False), ("method", False), ("call", True)], ids=["call", "method", "line"]
)
def test_who_asks_or_answers_is_heard_once_wherever_it_broke(bed: Bed, level: Level, line: bool) -> None:
    """What was under way is delivered again, as queues do."""
    for death in deaths(level, line=line):
        with playing(bed) as play:
            died = play.asks("alice", "production", "hello", death)
            play.later(LEASE_OVER_S)  # whoever planned it may be gone
            play.does(play.looking())
            play.answers("erin", "approve")
            died |= play.answers("carol", "approve", death=death)
            assert play.case().answers == {"erin": "approve", "carol": "approve"}
            assert play.state() == "approved"
        if not died and death.when == "after":
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize(
    ("level", "line"),
    [("call", False), ("method", False), ("effect", False), ("call", True)],
    ids=["call", "method", "effect", "line"],
)
def test_a_run_that_broke_anywhere_is_carried_to_its_end(bed: Bed, level: Level, line: bool) -> None:
    for death in deaths(level, line=line):
        with begun(bed, "erin", "carol") as play:
            _, died = play.does(play.looking(), death)
            play.holds()
            play.later(LEASE_OVER_S)
            play.does(play.looking())
            assert play.state() == "done"
        if not died and death.when == "after":
            return
    raise AssertionError("it never came to its end")
