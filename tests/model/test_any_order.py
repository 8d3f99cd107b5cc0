"""Thousands of operations in any order, alone and at once, with crashes: what must never be, never is."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.auditor import NeverEver
from tests.model.machine import Lifecycle, only
from tests.model.play import Bed
from tests.model.weakened import weakened

PLAYS = int(os.environ.get("ASSENT_PLAYS", "60"))
"""Of thirty events each. More, for a night: `ASSENT_PLAYS=2000 pytest tests/model`."""
SAME = settings(
    max_examples=PLAYS,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Always the same examples. To make one that fails smaller, add `Phase.shrink` here: it may take minutes."""


@pytest.fixture(autouse=True)
def on_the_bed(bed: Bed) -> None:
    Lifecycle.bed = bed


def test_no_order_of_events_breaks_the_design() -> None:
    run_state_machine_as_test(Lifecycle, settings=SAME)


@pytest.mark.parametrize(
    ("missing", "attack", "found"),
    [
        ("expiry", "the_last_yes_comes_too_late", "an answer after it expired"),
        ("exclusion", "whoever_asked_answers", "alice may not approve"),
        ("second look", "something_changes_between_the_last_yes_and_the_run", "begun although"),
    ],
)
def test_it_is_found_when_a_rule_is_missing(missing: str, attack: str, found: str) -> None:
    with weakened(missing), pytest.raises(NeverEver, match=found):
        run_state_machine_as_test(only(attack), settings=SAME)
