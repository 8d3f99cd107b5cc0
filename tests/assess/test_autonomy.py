"""What earned records would have let through, put together again from the past in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.assess.autonomy import Past, Rehearsal, rehearse
from bot.assess.evidence import draw
from bot.lifecycle import State
from bot.terms import Digest

from .writing import facts, gates, policies

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
OURS, NEW = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
GATE = """\
look | !request.destructive | require: {{all_of: [{{group: owners, count: 2}}]}}
    earned: {{runs: 5, success_lb: 0.5, sample: 0.1{}}}"""


def past(
    day: float, state: State = State.DONE, *, number: int | None = None, digest: Digest = OURS,
    account: str = "deploy@1:staging", **changed: object,
) -> Past:  # fmt: skip
    """Asked on a day and ended an hour later; its number says whether it is picked for review."""
    asked = START + timedelta(days=day)
    name = f"r-{number if number is not None else _unpicked(asked)}"
    return Past(
        request=name, sentence="/assent deploy", asked_at=asked, ended_at=asked + timedelta(hours=1),
        state=state, account=account, digest=digest, facts=facts(**changed), effect="require",
    )  # fmt: skip


def _unpicked(asked: datetime, *, picked: bool = False) -> int:
    return next(
        n for n in range(1000) if (draw(f"r-{n}", asked.isoformat(), secret=b"rehearsed") < 0.1) is picked
    )


def over(*pasts: Past, more: str = "", other: str = "") -> Rehearsal:
    lines = [GATE.format(more), *([other] if other else [])]
    [found] = rehearse(policies(p=gates(*lines)), pasts)
    return found


def days(found: Rehearsal) -> list[int]:
    return [(one.past.asked_at - START).days for one in found.relaxed]


FIVE = tuple(past(day) for day in range(5))
TWELVE = tuple(past(day) for day in range(12))
"""So many that the bound bears one failure."""


def test_a_record_is_enough_once_it_is_there() -> None:
    found = over(*FIVE, past(5), past(6))
    assert (found.rule, found.about, days(found)) == ("p/look", 7, [5, 6])
    assert found.relaxed[0].record == "5 of 5 verified, lower bound 0.57"
    assert found.relaxed[0].effect == "allow"
    assert found.short == {"runs": 5, "success_lb": 4, "probation": 3}


def test_the_order_in_which_they_are_given_does_not_matter() -> None:
    assert days(over(*reversed((*FIVE, past(5), past(6))))) == [5, 6]


def test_a_run_that_has_not_ended_yet_is_no_record() -> None:
    """The sixth is asked while the fifth still runs."""
    assert days(over(*FIVE, past(4.01))) == []


def test_what_ended_badly_is_told_and_takes_away_what_was_earned() -> None:
    broke = past(12, State.ROLLED_BACK)
    found = over(*TWELVE, broke, past(13), past(50))
    assert [one.past for one in found.relaxed if one.ended_badly] == [broke]
    [demotion] = found.demotions
    assert demotion.past == broke
    assert demotion.until is not None
    assert (demotion.until - START).days == 42
    assert days(found)[-2:] == [12, 50]


def test_where_a_failure_may_be_only_the_cool_down_counts() -> None:
    found = over(*TWELVE, past(12, State.FAILED), past(20), past(27), more=", failures_30d: 1")
    assert days(found)[-2:] == [12, 27]
    assert found.demotions[0].until == START + timedelta(days=26, hours=1)


def test_a_failure_before_anything_was_earned_demotes_nobody() -> None:
    assert over(past(0, State.FAILED), *FIVE[1:]).demotions == []


def test_a_failure_elsewhere_or_at_another_risk_takes_nothing_away() -> None:
    elsewhere = past(5.1, State.FAILED, account="deploy@1:production")
    riskier = past(5.2, State.FAILED, request__risk=80)
    found = over(*FIVE, elsewhere, riskier, past(6))
    assert (days(found), found.demotions) == ([6], [])


def test_new_files_start_on_probation() -> None:
    fresh = tuple(past(day, digest=NEW) for day in range(5, 10))
    found = over(*FIVE, *fresh)
    assert days(found) == [8, 9]
    assert found.short["probation"] == 3 + 3


def test_what_is_picked_for_review_is_not_let_through() -> None:
    asked = START + timedelta(days=5)
    picked = past(5, number=_unpicked(asked, picked=True))
    found = over(*FIVE, picked, past(6))
    assert (found.picked, days(found), found.sampled) == ([picked], [6], 0.5)


def test_what_destroys_is_not_what_the_gate_is_about() -> None:
    found = over(*FIVE, past(5, request__destructive=True))
    assert (found.about, days(found)) == (5, [])


def test_another_gate_may_still_ask() -> None:
    other = "two | true | require: {stage: late, all_of: [{group: sre}]}"
    assert [one.effect for one in over(*FIVE, past(5), other=other).relaxed] == ["require"]


def test_people_who_said_no_to_it_are_told() -> None:
    [one] = over(*FIVE, past(5, State.DENIED)).relaxed
    assert (one.people_said_no, one.ended_badly) == (True, False)


def test_what_was_denied_or_is_still_waiting_is_no_record() -> None:
    ends = (State.DENIED, State.EXPIRED, State.WAITING, State.CANCELLED, State.REFUSED)
    assert days(over(*(past(day, state) for day, state in enumerate(ends)), past(9))) == []


def test_a_gate_without_a_record_is_not_rehearsed() -> None:
    assert rehearse(policies(p=gates("ok | true | allow: true")), FIVE) == ()
