"""What a record of verified runs is worth: by risk band, by bytes, and how long a failure is remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.assess.evidence import NEVER_FAILED_DAYS, Evidence, Lots, evidence
from bot.terms import Digest

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OURS, OTHER = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)


def run(
    outcome: str = "done", *, risk: int | None = 20, digest: str = OURS, days: float = 1
) -> dict[str, Any]:
    at = int((NOW - timedelta(days=days)).timestamp() * 1000)
    return {"outcome": outcome, "risk": risk, "digest": digest, "at": at}


def seen(*lines: dict[str, Any], risk: int = 20) -> Evidence:
    return evidence(lines, risk=risk, digest=OURS, now=NOW)


def test_only_verified_runs_are_successes_and_cancelled_ones_are_no_evidence() -> None:
    ends = ("done", "done", "rolled_back", "unknown", "not_done", "failed", "cancelled", "nothing_to_do")
    found = seen(*map(run, ends))
    assert (found.runs, found.verified) == (6, 2)


def test_runs_at_another_risk_say_nothing() -> None:
    assert seen(run(risk=39), run(risk=40), run(risk=70), risk=5).runs == 1
    assert seen(run(risk=39), run(risk=40), run(risk=69), risk=41).runs == 2


def test_of_a_run_whose_risk_is_not_known_only_the_failure_counts() -> None:
    found = seen(run("done", risk=None), run("failed", risk=None))
    assert (found.runs, found.verified, found.failures_30d) == (1, 0, 1)


def test_bytes_that_never_ran_have_no_verified_runs_of_their_own() -> None:
    assert seen(run(digest=OTHER), run(digest=OTHER)).digest_runs == 0
    assert seen(run(digest=OTHER), run(), run("failed")).digest_runs == 1


@pytest.mark.parametrize(("days", "recent", "since"), [(0, 1, 0), (29.9, 1, 29), (30, 0, 30), (400, 0, 400)])
def test_a_failure_is_recent_for_thirty_days(days: float, recent: int, since: int) -> None:
    found = seen(run("rolled_back", days=days), run())
    assert (found.failures_30d, found.days_since_failure) == (recent, since)


def test_no_number_of_runs_that_went_well_makes_a_failure_forgotten() -> None:
    """Only the last runs are looked at for the rate; the failures before them are kept apart."""
    well, old = [run() for _ in range(200)], {**run("rolled_back", days=5), "request": "r-7"}
    found = evidence(well, [old], risk=20, digest=OURS, now=NOW)
    assert (found.runs, found.verified, found.failures_30d, found.days_since_failure) == (200, 200, 1, 5)
    assert evidence([*well, old], [old], risk=20, digest=OURS, now=NOW).failures_30d == 1
    assert evidence(well, [{**old, "risk": 80}], risk=20, digest=OURS, now=NOW).failures_30d == 0


def test_who_never_failed_failed_as_long_ago_as_can_be() -> None:
    assert seen(run()).days_since_failure == NEVER_FAILED_DAYS


def test_a_failure_without_its_time_has_just_been() -> None:
    found = seen({"outcome": "failed", "risk": 20})
    assert (found.failures_30d, found.days_since_failure) == (1, 0)


@pytest.mark.parametrize(
    ("runs", "verified", "bound"),
    [(0, 0, 0.0), (1, 1, 0.2065), (41, 41, 0.9143), (10, 5, 0.2366), (7, 0, 0.0)],
)
def test_the_bound_is_wilsons(runs: int, verified: int, bound: float) -> None:
    assert Evidence(runs, verified).success_lb == pytest.approx(bound, abs=5e-4)


def test_each_band_has_a_window_of_its_own() -> None:
    """However many harmless runs there are, those as risky as this are the record."""
    risky, harmless = [run("failed", risk=80)] * 3 + [run(risk=80)] * 250, [run(risk=5)] * 1000
    found = seen(*risky, *harmless, risk=80)
    assert (found.runs, found.verified, found.failures_30d) == (200, 200, 0)
    assert seen(*risky, *harmless, risk=5).runs == 200


def lots(account: str = "deploy@1:staging", secret: bytes = b"s", **last: str) -> Lots:
    return Lots(secret, account, last)  # type: ignore[arg-type]


def test_a_lot_is_the_same_until_a_run_uses_it_up() -> None:
    drawn = lots(low="r-1", high="r-2").drawn(20, "checkout")
    assert lots(low="r-1", high="r-9").drawn(39, "checkout") == drawn
    others = {
        lots(low="r-3").drawn(20, "checkout"),
        lots().drawn(20, "checkout"),
        lots(low="r-1").drawn(20, "payments"),
        lots(low="r-1", medium="r-1").drawn(40, "checkout"),
        lots("deploy@2:staging", low="r-1").drawn(20, "checkout"),
        lots(low="r-1", secret=b"t").drawn(20, "checkout"),
    }
    assert len(others) == 6
    assert drawn not in others
    assert "b's'" not in repr(lots())


def test_draws_are_spread_evenly() -> None:
    drawn = [lots(low=f"r-{number}").drawn(20, "checkout") for number in range(2000)]
    assert all(0 <= one < 1 for one in drawn)
    assert 150 < sum(one < 0.1 for one in drawn) < 250
