"""A run that asks: an answer and a Stop, a worker or the end of its time in every order; a death anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.model.auditor import HOUR, NeverEver
from tests.model.crashing import Level
from tests.model.ground import ASKS
from tests.model.play import Bed, Operation, Play
from tests.model.test_every_moment import LEASE_OVER_S, deaths, orders, playing
from tests.model.weakened import weakened


@contextmanager
def granted(bed: Bed) -> Iterator[Play]:
    with playing(bed) as play:
        play.asks("alice", "production", ASKS)
        for person in ("erin", "carol"):
            play.answers(person, "approve")
        yield play


@contextmanager
def asking(bed: Bed) -> Iterator[Play]:
    with granted(bed) as play:
        play.does(play.looking())
        assert play.state() == "asking"
        yield play


def yes(play: Play) -> Operation:
    return play.pressing("bob", "answer")


def no(play: Play) -> Operation:
    return play.pressing("erin", "answer", choice=1)


def stop(play: Play) -> Operation:
    return play.pressing("alice", "stop")


def worker(play: Play) -> Operation:
    return play.looking()


def in_every_order(bed: Bed, *, late: bool = False) -> None:
    for other in (no, stop, worker, None):
        for choices in orders(4, 4):
            with asking(bed) as play:
                if late:
                    play.later(2 * HOUR)
                second = other(play) if other else lambda process: process.sweep()
                play.at_once([yes(play), second], choices)
                play.does(lambda process: process.sweep())
                play.does(play.looking())
                assert play.state() in ("done", "rolled_back"), (other, choices)


@pytest.mark.parametrize("late", [False, True], ids=["in time", "too late"])
def test_an_answer_and_something_else_in_every_order(bed: Bed, late: bool) -> None:
    in_every_order(bed, late=late)


def test_without_the_expiry_a_late_answer_counts(bed: Bed) -> None:
    with weakened("expiry"), pytest.raises(NeverEver, match="answered after"):
        in_every_order(bed, late=True)


@pytest.mark.parametrize(
    ("level", "line"),
    [("call", False), ("method", False), ("effect", False), ("call", True)],
    ids=["call", "method", "effect", "line"],
)
def test_whoever_breaks_on_the_way_to_the_question_it_is_put_once(bed: Bed, level: Level, line: bool) -> None:
    for death in deaths(level, line=line):
        with granted(bed) as play:
            _, died = play.does(play.looking(), death)
            play.later(LEASE_OVER_S)
            play.does(play.looking())
            assert play.state() == "asking"
            play.does(yes(play))
            play.does(play.looking())
            assert play.state() == "done"
        if not died and death.when == "after":
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize(("level", "line"), [("call", False), ("call", True)], ids=["call", "line"])
def test_whoever_breaks_on_the_way_of_an_answer_it_counts_once(bed: Bed, level: Level, line: bool) -> None:
    """And whoever breaks while the run goes on with it."""
    for death in deaths(level, line=line):
        with asking(bed) as play:
            press = yes(play)
            _, died = play.does(press, death)
            play.does(press)
            assert play.state() == "running"
            _, stumbled = play.does(play.looking(), death)
            play.later(LEASE_OVER_S)
            play.does(play.looking())
            assert play.state() == "done"
        if not (died or stumbled) and death.when == "after":
            return
    raise AssertionError("it never came to its end")


def test_what_is_edited_while_it_waits_is_taken_up_without_an_answer(bed: Bed) -> None:
    for choices in orders(4, 4):
        with asking(bed) as play:
            play.shelf.skill = 1
            play.at_once([yes(play), play.looking()], choices)
            play.does(play.looking())
            assert play.state() == "interrupted"
