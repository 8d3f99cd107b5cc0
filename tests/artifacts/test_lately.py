"""What people type is read against the files of a moment ago, and no longer ago."""

from __future__ import annotations

from pathlib import Path

from bot.artifacts import Artifacts, Lately
from bot.artifacts.lately import LONGEST_S, LOOKING, MOMENT_S
from bot.ask.catalog import Catalog
from bot.assess.policy import Policies


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Looked(Artifacts):
    looks = 0

    def skills(self) -> Catalog:
        self.looks += 1
        return super().skills()

    def policies(self) -> Policies:
        self.looks += 1
        return super().policies()


def test_one_look_a_moment_each(tmp_path: Path) -> None:
    clock, looked = Clock(), Looked(tmp_path, tmp_path)
    lately = Lately(looked, clock)
    for _ in range(10):
        lately.skills()
        lately.policies()
    assert looked.looks == 2
    clock.now += 2 * MOMENT_S
    lately.skills()
    assert looked.looks == 3


def test_looks_that_take_long_are_further_apart_and_never_too_far(tmp_path: Path) -> None:
    clock = Clock()

    class Long(Looked):
        took = 0.02

        def skills(self) -> Catalog:
            clock.now += self.took
            return super().skills()

    looked = Long(tmp_path, tmp_path)
    lately = Lately(looked, clock)
    lately.skills()
    clock.now += LOOKING * 0.02 - 0.01
    lately.skills()
    assert looked.looks == 1
    looked.took = 9.0
    clock.now += 0.02
    lately.skills()
    clock.now += LONGEST_S + 0.01
    lately.skills()
    assert looked.looks == 3


def test_a_change_shows_a_moment_later(tmp_path: Path) -> None:
    clock = Clock()
    lately = Lately(Artifacts(tmp_path, tmp_path), clock)
    assert "broken" not in lately.skills().broken
    (tmp_path / "broken").mkdir()
    clock.now += 2 * MOMENT_S
    assert "broken" in lately.skills().broken
