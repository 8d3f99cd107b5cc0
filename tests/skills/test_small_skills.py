"""restart-service and scale-service: small, and with everything that a larger skill has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hosting import HostProcess, SkillRun, alive, call, hosting

from bot.settle.outcome import judge

PLACE = "development"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def run_of(skill: str, host: HostProcess, name: str, **inputs: str) -> SkillRun:
    return SkillRun(skill, url=host.url, request=name, environment=PLACE, service="payments", **inputs)


def planned(skill: str, host: HostProcess, name: str, **inputs: str) -> SkillRun:
    run = run_of(skill, host, name, **inputs)
    assert (ran := run.plan()).code == 0, ran
    return run


def scaled(host: HostProcess, replicas: int, name: str) -> None:
    """Arrange a test: so many, whoever wanted that."""
    if (now := host.target(PLACE, "payments")["replicas"]) != replicas:
        body = {"replicas": replicas, "expected_replicas": now, "key": f"{name}/before"}
        assert host.do(PLACE, "scale", service="payments", **body)[0] == 200


def processes(host: HostProcess) -> list[dict[str, Any]]:
    state = host.target(PLACE, "payments")
    return list(state["colours"][state["live"]["colour"]]["replicas"])


def pids(host: HostProcess) -> list[int]:
    return [one["pid"] for one in processes(host)]


def met(run: SkillRun, observed: dict[str, Any], **equal: str) -> bool:
    wanted = [
        check.model_copy(update={"equals": equal.get(check.observed, check.equals)})
        for check in run.manifest.done_when.checks
    ]
    return all(check.met for check in judge(wanted, observed))


@contextmanager
def customers(url: str) -> Iterator[list[int]]:
    """Who ask all the time; every status they get."""
    statuses: list[int] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            statuses.append(call(f"{url}/health")[0])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def test_a_restart_replaces_every_process_and_loses_no_request(host: HostProcess, name: str) -> None:
    scaled(host, 2, name)
    before = pids(host)
    run = planned("restart-service", host, name)
    with customers(host.target(PLACE, "payments")["url"]) as statuses:
        assert [ran.code for ran in run.steps()] == [0]
    assert set(statuses) == {200}
    assert len(statuses) > 10
    after = pids(host)
    assert len(after) == 2
    assert not set(after) & set(before)
    assert not any(alive(pid) for pid in before)
    observed = run.measure().result
    assert met(run, observed, version=str(observed["version"])), observed


def test_the_same_restart_happens_once_and_the_probe_knows(host: HostProcess, name: str) -> None:
    run = planned("restart-service", host, name)
    assert run.step("restart", "probe").code == 1
    assert run.step("restart").code == 0
    once = pids(host)
    assert "it was already" in run.step("restart").text
    assert pids(host) == once
    assert run.step("restart", "probe").code == 0
    run.url = "http://127.0.0.1:9"
    assert run.step("restart", "probe").code == 2


def test_what_was_deployed_since_the_plan_is_not_restarted(host: HostProcess, name: str) -> None:
    host.put_live(PLACE, "2.1.0", key=f"{name}/before", service="payments")
    run = planned("restart-service", host, name)
    host.put_live(PLACE, "2.1.1", key=f"{name}/somebody else", service="payments")
    before = pids(host)
    ran = run.step("restart")
    assert (ran.code, "The target moved: 2.1.1 is live" in ran.text) == (1, True)
    assert pids(host) == before
    assert run.measure().result["restarted"] is False


def test_a_service_is_scaled_and_what_is_deployed_next_has_as_many(host: HostProcess, name: str) -> None:
    scaled(host, 1, name)
    run = planned("scale-service", host, name, replicas="3")
    assert run.step("scale").code == 0
    assert len(set(pids(host))) == 3
    observed = run.measure().result
    assert met(run, observed, running="3"), observed
    assert "it was already" in run.step("scale").text
    other = "2.1.0" if host.target(PLACE, "payments")["live"]["version"] == "2.1.1" else "2.1.1"
    host.put_live(PLACE, other, key=name, service="payments")
    assert len(set(pids(host))) == 3
    again = planned("scale-service", host, f"{name}/again", replicas="3").plan().result
    assert again["nothing_to_do"] is True


def test_undo_of_scaling_goes_back_once_and_leaves_later_changes_alone(host: HostProcess, name: str) -> None:
    scaled(host, 1, name)
    run = planned("scale-service", host, name, replicas="2")
    assert [ran.code for ran in run.undo()] == [0]  # nothing had happened
    assert run.step("scale").code == 0
    surplus = pids(host)[1]
    assert [ran.code for ran in run.undo()] == [0]
    assert (len(pids(host)), alive(surplus)) == (1, False)
    assert "taken back already" in run.step("scale", "undo").text

    later = planned("scale-service", host, f"{name}/later", replicas="2")
    assert later.step("scale").code == 0
    scaled(host, 3, f"{name}/somebody else")
    ran = later.step("scale", "undo")
    assert (ran.code, "There are 3 by a later change" in ran.text) == (1, True)
    assert len(pids(host)) == 3


def test_a_number_that_changed_since_the_plan_stops_the_scaling(host: HostProcess, name: str) -> None:
    scaled(host, 1, name)
    run = planned("scale-service", host, name, replicas="2")
    scaled(host, 3, f"{name}/somebody else")
    before = pids(host)
    ran = run.step("scale")
    assert (ran.code, "it has 3 replicas, not the 1" in ran.text) == (1, True)
    assert pids(host) == before


@pytest.mark.parametrize("replicas", [0, 5, "2"])
def test_the_host_itself_declines_what_it_cannot_carry(host: HostProcess, replicas: object) -> None:
    before = pids(host)
    body = {"replicas": replicas, "expected_replicas": len(before), "key": "too much"}
    assert host.do(PLACE, "scale", service="payments", **body)[0] == 400
    assert pids(host) == before


@pytest.fixture(scope="module")
def reborn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host of these tests' own, started again after it was killed with two replicas."""
    home = tmp_path_factory.mktemp("reborn")
    with hosting(home) as host:
        scaled(host, 2, "before")
        host.kill()
    with hosting(home) as host:
        yield host


def test_the_number_outlives_a_host_that_was_killed(reborn: HostProcess) -> None:
    assert reborn.target(PLACE, "payments")["replicas"] == 2
    assert len(set(pids(reborn))) == 2


def test_a_new_process_that_does_not_start_costs_no_old_one(reborn: HostProcess, name: str) -> None:
    before = pids(reborn)
    for app in reborn.home.rglob("app.py"):
        app.chmod(0o644)
        app.write_text("raise SystemExit('the disk is full')\n")
    run = planned("restart-service", reborn, name)
    ran = run.step("restart")
    assert (ran.code, "the disk is full" in ran.text) == (1, True)
    assert pids(reborn) == before
    assert call(f"{reborn.target(PLACE, 'payments')['url']}/health")[0] == 200
    assert run.step("restart", "probe").code == 1
