"""The deploy skill, every command of its manifest as a real process against a real host."""

from __future__ import annotations

from pathlib import Path

import pytest
from hosting import ROOT, HostProcess, Ran, SkillRun, hosting, run_script

OLD, NEW, BAD = "1.4.1", "1.4.2", "1.5.0"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def deployment(host: HostProcess, name: str, version: str, environment: str = "staging") -> SkillRun:
    return SkillRun(
        "deploy", url=host.url, request=name, environment=environment, service="checkout", version=version
    )


def from_old(host: HostProcess, name: str, version: str, environment: str = "staging") -> SkillRun:
    """A planned deployment of `version` while OLD is live."""
    host.put_live(environment, OLD, key=f"{name}/before")
    run = deployment(host, name, version, environment)
    assert run.plan().code == 0
    return run


def met(run: SkillRun, measured: Ran) -> dict[str, bool]:
    """The definition of done by observation, read from the manifest."""
    answers = {}
    for check in run.manifest.done_when.checks:
        value = measured.result.get(check.observed)
        answers[check.observed] = value is not None and (
            value == run.inputs["version"]
            if check.equals is not None
            else (check.at_least is None or value >= check.at_least)
            and (check.at_most is None or value <= check.at_most)
        )
    return answers


def live(host: HostProcess, environment: str = "staging") -> str:
    return str(host.target(environment)["live"]["version"])


def test_the_plan_names_the_commits_the_processes_and_the_revision_it_is_for(
    host: HostProcess, name: str
) -> None:
    before = host.put_live("staging", OLD, key=name)
    plan = deployment(host, name, NEW).plan().result
    assert plan["summary"] == "checkout 1.4.1 → 1.4.2 in staging, 3 commits"
    assert plan["changes"] == [{"what": "checkout", "from": OLD, "to": NEW}]
    assert plan["target"] == {"identity": "demo-host/staging/checkout", "revision": before["revision"]}
    assert plan["resolved"] == {
        "version": NEW,
        "commit": host.commit(NEW),
        "previous": OLD,
        "previous_commit": host.commit(OLD),
    }
    assert "Ship free from 50 euros, 4.90 below (Jonas Weber, 2026-03-03)" in plan["details"]
    assert "back to 1.4.1" in plan["undo"]
    assert plan["nothing_to_do"] is False


def test_going_back_the_plan_names_the_commits_that_go_away(host: HostProcess, name: str) -> None:
    host.put_live("staging", NEW, key=name)
    plan = deployment(host, name, OLD).plan().result
    assert plan["summary"] == "checkout 1.4.2 → 1.4.1 in staging, 3 commits taken back"
    assert "Commits that go away" in plan["details"]


def test_the_same_state_gives_the_same_plan_byte_for_byte(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    first = run.plan().text
    assert run.step("stage").code == 0  # nothing that is live changed
    assert run.plan().text == first


@pytest.mark.parametrize(
    ("version", "said"),
    [
        pytest.param(
            "1.4.3", "Did you mean 1.4.2? Known: 1.4.0, 1.4.1, 1.4.2, 1.5.0, 1.5.1.", id="near miss"
        ),
        pytest.param("9.9.9", "checkout has no version 9.9.9. Known:", id="far away"),
    ],
)
def test_an_unknown_version_is_refused_with_the_known_ones(
    host: HostProcess, name: str, version: str, said: str
) -> None:
    ran = deployment(host, name, version).plan()
    assert ran.code == 3
    assert said in ran.result["refused"]


def test_an_unknown_service_is_refused_with_the_known_ones(host: HostProcess) -> None:
    words = ("--service", "chekout", "--environment", "staging", "--version", NEW)
    ran = run_script("python3", "scripts/plan.py", *words, folder=ROOT / "skills/deploy", url=host.url)
    assert ran.code == 3
    assert ran.result == {"refused": "There is no service chekout. Known: checkout, payments."}


def test_a_version_that_is_live_already_is_nothing_to_do(host: HostProcess, name: str) -> None:
    host.put_live("staging", NEW, key=name)
    plan = deployment(host, name, NEW).plan()
    assert plan.code == 0
    assert plan.result["nothing_to_do"] is True
    assert plan.result["changes"] == []


def test_a_good_version_goes_live_and_is_measured_to_be_done(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    for ran in run.steps():
        assert ran.code == 0, ran
        assert ran.errors == ""
    measured = run.measure()
    assert measured.result["requests"] == 240
    assert measured.result["error_rate"] == 0
    assert all(met(run, measured).values())
    state = host.target("staging")
    assert state["live"]["version"] == NEW
    standing_by = state["colours"]["blue" if state["live"]["colour"] == "green" else "green"]
    assert (standing_by["version"], standing_by["running"]) == (OLD, True)


def test_the_other_service_deploys_the_same_way(host: HostProcess, name: str) -> None:
    host.put_live("staging", "2.1.0", key=name, service="payments")
    inputs = {"service": "payments", "version": "2.1.1"}
    run = SkillRun("deploy", url=host.url, request=name, environment="staging", **inputs)
    assert run.plan().result["summary"] == "payments 2.1.0 → 2.1.1 in staging, 2 commits"
    assert [ran.code for ran in run.steps()] == [0] * 5
    assert all(met(run, run.measure()).values())


def test_the_bad_version_passes_its_health_checks_is_caught_by_errors_and_goes_back(
    host: HostProcess, name: str
) -> None:
    run = from_old(host, name, BAD)
    assert [ran.code for ran in run.steps()] == [0] * 5
    measured = run.measure()
    assert measured.result["error_rate"] == pytest.approx(0.3)
    answers = met(run, measured)
    assert answers["health_ok_ratio"]
    assert not answers["error_rate"]

    assert [ran.code for ran in run.undo()] == [0] * 3
    state = host.target("staging")
    assert state["live"]["version"] == OLD
    assert [slot["version"] for slot in state["colours"].values() if slot] == [OLD]
    assert deployment(host, f"{name}/after", OLD).measure().result["error_rate"] == 0


def test_a_target_that_moved_since_the_plan_stops_the_switch(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    moved = host.put_live("staging", "1.4.0", key=f"{name}/somebody else")
    assert run.step("stage").code == 0
    ran = run.step("switch")
    assert ran.code == 1
    assert "The target moved: 1.4.0 is live" in ran.text
    assert "Plan again." in ran.text
    assert run.step("switch", "probe").code == 1
    assert [undone.code for undone in run.undo()] == [0] * 3  # there was nothing of ours to take back
    assert host.target("staging")["revision"] == moved["revision"]


def test_undo_where_nothing_happened_changes_nothing(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    before = host.target("staging")["revision"]
    assert [ran.code for ran in run.undo()] == [0] * 3
    assert host.target("staging")["revision"] == before


def test_undo_twice_goes_back_once(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    run.steps()
    assert [ran.code for ran in run.undo()] == [0] * 3
    once = host.target("staging")
    assert [ran.code for ran in run.undo()] == [0] * 3
    assert host.target("staging")["revision"] == once["revision"]
    assert once["live"]["version"] == OLD


def test_undo_leaves_a_later_change_by_somebody_else_alone_and_says_so(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    run.steps()
    host.put_live("staging", "1.4.0", key=f"{name}/somebody else")
    ran = run.step("switch", "undo")
    assert ran.code == 1
    assert "1.4.0 is live by a later change" in ran.text
    assert live(host) == "1.4.0"


def test_the_same_step_twice_happens_once(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    first, second = run.step("stage"), run.step("stage")
    assert first.result == second.result
    once, twice = run.step("switch"), run.step("switch")
    assert once.result == twice.result
    kinds = [change["kind"] for change in changes_of(host, name)]
    assert kinds == ["switched", "started"]


def changes_of(host: HostProcess, request: str) -> list[dict[str, str]]:
    found = host.ask("GET", f"/targets/staging/checkout/history?request={request}")[1]["changes"]
    return list(found)


def test_the_probe_knows_yes_no_and_nobody_can_tell(host: HostProcess, name: str) -> None:
    run = from_old(host, name, NEW)
    run.step("stage")
    assert run.step("switch", "probe").code == 1
    run.step("switch")
    assert run.step("switch", "probe").code == 0
    run.url = "http://127.0.0.1:9"
    assert run.step("switch", "probe").code == 2


def test_check_declines_a_version_that_nobody_runs(host: HostProcess, name: str) -> None:
    ran = from_old(host, name, "1.5.1").step("check")
    assert ran.code == 1
    assert "No colour runs 1.5.1" in ran.text


def test_without_an_address_a_script_says_what_to_set(host: HostProcess) -> None:
    words = ("--service", "checkout", "--environment", "staging")
    ran = run_script("python3", "scripts/measure.py", *words, folder=ROOT / "skills/deploy", url=None)
    assert ran.code == 1
    assert "ASSENT_TARGET is not set" in ran.text


def test_after_a_host_was_killed_the_probe_still_knows_and_undo_starts_the_old_version_again(
    tmp_path: Path, name: str
) -> None:
    with hosting(tmp_path) as host:
        run = from_old(host, name, NEW)
        run.steps()
        host.kill()
    with hosting(tmp_path) as host:
        assert live(host) == NEW
        run.url = host.url
        assert run.step("switch", "probe").code == 0
        assert [ran.code for ran in run.undo()] == [0] * 3
        assert live(host) == OLD
