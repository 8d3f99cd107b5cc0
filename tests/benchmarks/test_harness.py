"""The benchmarks run, and say what they found in a form that can be read. Nothing here is timed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import loading, shelving, table, walling
from benchmarks.findings import LITTLE, Finding, by_turns
from bot.artifacts import Artifacts
from bot.connectors.walls.probing import tried

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "SLACK_"))}


def finding(**changed: object) -> Finding:
    said: dict[str, object] = {
        "name": "ack-latency",
        "what": "a command",
        "against": "a bare app",
        "target": "< 2 × baseline",
        "unit": "ms",
        "measured": 3.0,
        "baseline": 2.0,
        "limit": 4.0,
    }
    return Finding(**(said | changed))  # type: ignore[arg-type]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "benchmarks", *words)
    return subprocess.run(command, cwd=ROOT, env=CLEAN, capture_output=True, text=True, timeout=120)


def test_it_runs_end_to_end_and_says_each_target_against_a_named_baseline() -> None:
    chosen = ("acknowledging", "judging", "peers", "committing")
    ran = run("--quick", "--json", *(word for name in chosen for word in ("--only", name)))
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)["findings"]
    names = [each["name"] for each in found if not each["name"].startswith("ahead-of-")]
    assert names == ["ack-throughput", "ack-latency", "decide", "decide-unfolded", "decide-40", "transition"]
    for each in found:
        assert min(each["measured"], each["baseline"], each["limit"], each["ratio"]) > 0
        assert each["against"]
        assert each["target"]
        assert isinstance(each["met"], bool)


async def test_the_cost_of_walls_is_said_for_each_tier_that_is_there() -> None:
    found = await walling.measure(None, LITTLE)  # type: ignore[arg-type]
    there = [f"start-{tier}" for tier in walling.LIMITS_MS if (await tried(tier)).wall]
    assert [each.name for each in found] == there
    assert all(each.baseline > 0 for each in found)


def test_the_skills_that_are_loaded_may_all_be_asked_for(tmp_path: Path) -> None:
    shelving.written(tmp_path / "skills", 6)
    artifacts = Artifacts(tmp_path / "skills", ROOT / "policies")
    assert [skill.unarmed for skill in artifacts.skills().values()] == [""] * 6


def test_the_policy_files_that_are_loaded_are_fifty_that_judge(tmp_path: Path) -> None:
    loading.written(tmp_path / "policies", loading.FILES)
    policies = Artifacts(ROOT / "skills", tmp_path / "policies").policies()
    assert not policies.problems
    assert list(policies.armed) == [f"policy-{number:02}" for number in range(50)]


def test_an_unknown_name_is_told_the_known_ones() -> None:
    ran = run("--only", "everything")
    assert ran.returncode == 2
    assert "judging" in ran.stderr


@pytest.mark.parametrize(
    ("changed", "met", "short_by"),
    [
        pytest.param({}, True, 0.0, id="less than the limit"),
        pytest.param({"measured": 4.0}, True, 0.0, id="just the limit"),
        pytest.param({"measured": 6.0}, False, 0.5, id="half as much again"),
        pytest.param({"better": "more", "measured": 3.0}, False, 0.25, id="too few"),
        pytest.param({"better": "more", "measured": 5.0}, True, 0.0, id="more than wanted"),
    ],
)
def test_a_target_is_met_or_short(changed: dict[str, object], met: bool, short_by: float) -> None:
    found = finding(**changed)
    assert (found.met, found.short_by) == (met, short_by)


def test_the_table_fits_a_terminal_and_says_met_or_short() -> None:
    out = io.StringIO()
    long = finding(name="ack-throughput", unit="/s", measured=21_543.0, baseline=24_180.0, better="more")
    table.shown([finding(), long, finding(measured=9.0)], Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    row = next(line for line in lines if "ack-throughput" in line)
    assert "21,543 /s" in row
    assert "24,180 /s" in row
    assert "0.89" in row
    assert "short by 125%" in out.getvalue()
    assert "Baseline: a bare app." in out.getvalue()


def test_subject_and_baseline_are_called_in_turns_and_equally_often() -> None:
    calls: list[str] = []
    subject, baseline = by_turns(lambda: calls.append("s"), lambda: calls.append("b"), LITTLE)
    assert (calls.count("s"), calls.count("b")) == (1 + LITTLE.calls, 1 + LITTLE.calls)
    assert subject > 0
    assert baseline > 0
