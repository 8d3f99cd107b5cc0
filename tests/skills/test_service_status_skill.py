"""The read-only skill: it looks, changes nothing, and does not call unknown fine."""

from __future__ import annotations

from typing import Any

from hosting import HostProcess, SkillRun


def status(host: HostProcess, service: str, environment: str = "development") -> SkillRun:
    inputs = {"service": service}
    run = SkillRun("service-status", url=host.url, request="look", environment=environment, **inputs)
    assert run.plan().code == 0
    return run


def standing(host: HostProcess) -> list[Any]:
    """All that a change would change; request counters are not part of it."""
    targets = host.ask("GET", "/targets")[1]["targets"]
    for target in targets:
        for slot in target["colours"].values():
            if slot:
                del slot["metrics"]
        target["history"] = host.ask("GET", f"/targets/{target['environment']}/{target['service']}/history")
    return list(targets)


def test_it_shows_version_health_errors_latency_and_changes(host: HostProcess) -> None:
    host.put_live("development", "1.4.2", key="status/good")
    ran = status(host, "checkout").step("look")
    assert ran.code == 0
    assert "checkout in development: 1.4.2 (commit 2b42c90) is live on" in ran.text
    assert "10 of 10 checks passed, 1.4.2 answers" in ran.text
    assert "60 requests just now: 0.0% errors" in ran.text
    assert "1.4.2 went live instead of 1.4.1" in ran.text
    assert ran.result["services"][0]["error_rate"] == 0


def test_all_services_are_shown_when_none_is_named(host: HostProcess) -> None:
    run = status(host, "all")
    assert [one["service"] for one in run.step("look").result["services"]] == ["checkout", "payments"]
    assert run.measure().result == {"measured_ratio": 1.0}


def test_looking_changes_nothing(host: HostProcess) -> None:
    before = standing(host)
    run = status(host, "all")
    run.steps()
    run.measure()
    assert standing(host) == before


def test_a_sick_service_is_measured_and_shown_as_sick(host: HostProcess) -> None:
    host.put_live("development", "1.5.0", key="status/bad")
    run = status(host, "checkout")
    assert "30.0% errors" in run.step("look").text
    assert run.measure().result == {"measured_ratio": 1.0}


def test_what_cannot_be_measured_is_no_data_which_is_unknown(host: HostProcess) -> None:
    run = status(host, "checkout")
    run.url = "http://127.0.0.1:9"
    measured = run.measure()
    assert measured.code == 1
    assert "measured_ratio" not in measured.text
    assert run.manifest.done_when.no_data == "unknown"


def test_there_is_no_revision_that_could_move_under_a_look(host: HostProcess) -> None:
    host.put_live("development", "1.4.1", key="status/one")
    first = status(host, "checkout").plan().text
    host.put_live("development", "1.4.0", key="status/other")
    assert status(host, "checkout").plan().text == first
