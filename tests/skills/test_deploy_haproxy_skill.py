"""deploy-haproxy: every command of its manifest against a real HAProxy, supervisor and Prometheus."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import Ran, SkillRun, call, soon
from target_process import target

from bot.ask.manifest import Check
from bot.settle.outcome import judge

FIRST, NEXT, SICK, DEAD = "1.0.0", "1.1.0", "1.3.0", "1.4.0"


class Host:
    """What the tests look at past the skill: HAProxy's socket, the map's file, what customers get."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.folder = Path(variables["HAPROXY_TARGET"])
        self.about = tomllib.loads((self.folder / "target.toml").read_text(encoding="utf-8"))
        self.map = self.folder / "state" / "checkout_production.map"

    def haproxy(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.folder / "haproxy.sock"))
            line.sendall(command.encode() + b"\n")
            said = b""
            while more := line.recv(1 << 16):
                said += more
        return said.decode()

    def entries(self) -> dict[str, str]:
        lines = self.haproxy(f"show map {self.map}").splitlines()
        return dict(line.split()[1:] for line in lines if line.strip())

    def written(self) -> dict[str, str]:
        return dict(line.split() for line in self.map.read_text(encoding="utf-8").splitlines())

    def answers(self) -> str:
        """The version that a customer is answered by."""
        url = self.about["services"]["checkout"]["production"]["url"]
        with urllib.request.urlopen(f"{url}/version", timeout=5) as answer:
            return str(answer.read().decode())

    def supervisor(self, *words: str) -> str:
        configuration = self.folder / "supervisord.conf"
        command = ["supervisorctl", "-c", str(configuration), *words]
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
        assert said, f"supervisorctl {words} said nothing"
        return said

    def put_live(self, version: str, name: str) -> None:
        """Arrange a test: what somebody else's deployment would have left."""
        if self.entries().get("version") != version:
            go_live(planned(self, version, f"{name}/before"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with target("deploy-haproxy", tmp_path_factory.mktemp("haproxy"), "quick") as variables:
        yield Host(variables)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def deployment(host: Host, version: str, name: str, service: str = "checkout") -> SkillRun:
    return SkillRun(
        "deploy-haproxy",
        variables=host.variables,
        request=name,
        environment="production",
        service=service,
        version=version,
    )


def switched(host: Host, version: str, name: str) -> SkillRun:
    """Live by this run, FIRST before it."""
    host.put_live(FIRST, name)
    go_live(run := planned(host, version, name))
    return run


def go_live(run: SkillRun) -> None:
    """As soon as HAProxy finds it up."""
    assert (ran := run.step("stage")).code == 0, ran
    assert soon(lambda: run.step("switch").code == 0)


def seen_otherwise(host: Host, tmp_path: Path, **instead: object) -> dict[str, str]:
    """A folder that leads to the same host, with something else said of it, or a socket left out."""
    about = (host.folder / "target.toml").read_text(encoding="utf-8")
    for name in ("releases", "state", "programs", "haproxy.sock", "supervisor.sock"):
        if name not in instead.values():
            (tmp_path / name).symlink_to(host.folder / name)
    for key, value in instead.items():
        about = re.sub(rf"^{key} = .*$", f"{key} = {json.dumps(value)}", about, flags=re.MULTILINE)
    (tmp_path / "target.toml").write_text(about, encoding="utf-8")
    return {"HAPROXY_TARGET": str(tmp_path)}


def planned(host: Host, version: str, name: str) -> SkillRun:
    run = deployment(host, version, name)
    assert (ran := run.plan()).code == 0, ran
    return run


def refusal(ran: Ran) -> str:
    assert ran.code == 3, ran
    return str(ran.result["refused"])


def test_the_plan_names_the_bytes_the_colours_and_haproxys_own_revision(host: Host, name: str) -> None:
    host.put_live(FIRST, name)
    plan = deployment(host, NEXT, name).plan().result
    assert plan["summary"] == "checkout 1.0.0 → 1.1.0 in production"
    assert plan["target"]["identity"] == "test-host/production/checkout"
    assert plan["target"]["revision"].endswith(host.entries()["digest"][:12])
    assert plan["resolved"]["previous_digest"] == host.entries()["digest"]
    assert f"sha256 {plan['resolved']['digest'][:12]}" in plan["details"]
    assert deployment(host, NEXT, name).plan().result == plan


def test_what_cannot_be_deployed_is_refused_with_what_can(host: Host, name: str) -> None:
    assert "There is no service basket. Known: checkout." in refusal(
        deployment(host, FIRST, name, service="basket").plan()
    )
    run = deployment(host, FIRST, name)
    run.variables = {}
    assert "HAPROXY_TARGET is not set" in refusal(run.plan())


def test_a_version_that_is_live_already_is_nothing_to_do(host: Host, name: str) -> None:
    host.put_live(FIRST, name)
    assert deployment(host, FIRST, name).plan().result["nothing_to_do"] is True


def test_a_switch_reaches_customers_and_survives_a_haproxy_that_was_killed(host: Host, name: str) -> None:
    run = switched(host, NEXT, name)
    assert '"1.1.0"' in host.answers()
    before = host.entries()
    assert host.written() == before
    pid = host.haproxy("show info").split("Pid: ")[1].split()[0]
    os.kill(int(pid), signal.SIGKILL)
    assert soon(lambda: answered(host))
    assert host.haproxy("show info").split("Pid: ")[1].split()[0] != pid
    assert host.entries() == before
    assert '"1.1.0"' in host.answers()
    assert run.step("switch", "probe").code == 0


def answered(host: Host) -> bool:
    try:
        return bool(host.answers())
    except OSError:
        return False


def test_a_switch_that_haproxy_took_and_no_file_has_is_run_again_and_written(host: Host, name: str) -> None:
    before = switched_back_file(host, name)
    run = planned(host, NEXT, name)
    assert run.step("stage").code == 0
    assert run.step("switch").code == 0
    host.map.write_text(before)  # as if the worker had died between the two
    probe = run.step("switch", "probe")
    assert (probe.code, "map's file has not" in probe.text) == (1, True)
    assert "HAProxy's map is not what its file says" in deployment(host, FIRST, name).plan().result["details"]
    assert "It was switched already" in run.step("switch").text
    assert host.written() == host.entries()
    assert run.step("switch", "probe").code == 0


def switched_back_file(host: Host, name: str) -> str:
    host.put_live(FIRST, name)
    return host.map.read_text(encoding="utf-8")


def test_a_target_that_moved_since_the_plan_stops_the_switch(host: Host, name: str) -> None:
    host.put_live(FIRST, name)
    run = planned(host, NEXT, name)
    host.put_live(NEXT, f"{name}/somebody-else")
    host.put_live(FIRST, f"{name}/and-back")
    before = host.entries()
    assert run.step("stage").code == 0
    ran = run.step("switch")
    assert ran.code == 1
    assert "The target moved: 1.0.0 is live" in ran.text
    assert host.entries() == before
    assert run.step("switch", "probe").code == 1
    assert run.step("switch", "undo").code == 0  # there was nothing of ours to take back
    assert host.entries() == before


def test_a_map_changed_by_hand_is_a_target_that_moved(host: Host, name: str) -> None:
    host.put_live(FIRST, name)
    run = planned(host, NEXT, name)
    live = host.entries()["live"]
    idle = "green" if live == "blue" else "blue"
    host.haproxy(f"set map {host.map} live {idle}")
    try:
        ran = run.step("switch")
    finally:
        host.haproxy(f"set map {host.map} live {live}")
    assert ran.code == 1
    assert "The target moved" in ran.text


def test_bytes_that_were_written_over_since_the_plan_are_not_started(host: Host, name: str) -> None:
    host.put_live(FIRST, name)
    release = host.folder / "releases/checkout/9.9.9"
    release.write_bytes((release.parent / NEXT).read_bytes() + b"# reviewed\n")
    release.chmod(0o755)
    run = planned(host, "9.9.9", name)
    release.write_bytes(b"#!/bin/sh\nexec evil\n")
    ran = run.step("stage")
    assert ran.code == 1
    assert "checkout 9.9.9 is not the file it was when this was planned" in ran.text
    assert host.answers() == '{"version": "1.0.0"}'


@pytest.mark.parametrize(
    ("version", "step", "said"),
    [
        pytest.param(DEAD, "stage", "cannot open its database", id="it does not start"),
        pytest.param(SICK, "check", "is not healthy: 0 of 5", id="it never gets healthy"),
    ],
)
def test_what_is_not_fit_is_never_switched_to_and_is_taken_away(
    host: Host, name: str, tmp_path: Path, version: str, step: str, said: str
) -> None:
    host.put_live(FIRST, name)
    before = host.entries()
    run = planned(host, version, name)
    run.variables = seen_otherwise(host, tmp_path, start_seconds=0.5)
    if step == "check":
        assert run.step("stage").code == 0
    ran = run.step(step)
    if step == "stage" and ran.code == 0:
        # On a busy machine it takes longer to die than supervisor waits: then the check is the one to see it.
        ran, said = run.step("check"), "is not healthy"
    assert ran.code == 1
    assert said in ran.text
    assert run.step("switch").code == 1
    assert [undone.code for undone in run.undo()] == [0, 0]
    assert host.entries() == before
    assert run.planned is not None
    assert str(run.planned.resolved["digest"])[:12] not in host.supervisor("status")


def test_undo_goes_back_once_also_when_the_old_version_is_gone(host: Host, name: str) -> None:
    run = switched(host, NEXT, name)
    assert run.planned is not None
    old = f"checkout_production_{run.planned.resolved['previous_colour']}"
    (host.folder / "programs" / f"{old}.conf").unlink()
    host.supervisor("update")
    assert old not in host.supervisor("status")

    assert [ran.code for ran in run.undo()] == [0, 0]
    assert host.answers() == '{"version": "1.0.0"}'
    once = host.entries()
    assert [ran.code for ran in run.undo()] == [0, 0]
    assert host.entries() == once
    assert host.written() == once


def test_undo_leaves_a_later_change_by_somebody_else_alone_and_says_so(host: Host, name: str) -> None:
    run = switched(host, NEXT, name)
    host.put_live(FIRST, f"{name}/somebody-else")
    before = host.entries()
    ran = run.step("switch", "undo")
    assert ran.code == 1
    assert "1.0.0 is live by a later change" in ran.text
    assert host.entries() == before


def test_the_probe_says_that_nobody_can_tell_when_haproxy_does_not_answer(
    host: Host, name: str, tmp_path: Path
) -> None:
    host.put_live(FIRST, name)
    run = planned(host, NEXT, name)
    run.variables = seen_otherwise(host, tmp_path, without="haproxy.sock")
    ran = run.step("switch", "probe")
    assert (ran.code, "HAProxy does not answer" in ran.text) == (2, True)


def test_without_prometheus_its_part_of_the_measure_is_missing_not_good(
    host: Host, name: str, tmp_path: Path
) -> None:
    host.put_live(FIRST, name)
    run = planned(host, NEXT, name)
    run.variables = seen_otherwise(host, tmp_path, prometheus="http://127.0.0.1:9", window_seconds=0.1)
    observed: dict[str, Any] = run.measure().result
    assert observed["error_rate"] == 0
    assert {"error_ratio", "measured"}.isdisjoint(observed)
    assert run.manifest.done_when.no_data == "fail"


def test_a_good_version_is_done_by_our_count_haproxys_and_prometheus(host: Host, name: str) -> None:
    """Last in this file: by now Prometheus has found HAProxy, which takes it five seconds."""
    host.put_live(FIRST, name)
    run = planned(host, NEXT, name)
    assert [ran.code for ran in run.steps()] == [0] * 4
    assert soon(lambda: scraped(host))
    observed = run.measure().result
    assert observed["requests"] == 320
    wanted = [check.model_copy(update={"equals": NEXT}) if check.equals else check for check in checks(run)]
    assert {check.name: check.met for check in judge(wanted, observed)} == {one.name: True for one in wanted}
    live = host.entries()["live"]
    assert f"checkout_production_{'green' if live == 'blue' else 'blue'}" in host.supervisor("status")


def checks(run: SkillRun) -> tuple[Check, ...]:
    return run.manifest.done_when.checks


def scraped(host: Host) -> bool:
    answer = call(f"{host.about['prometheus']}/api/v1/query?query=up")[1]
    return any(one["value"][1] == "1" for one in answer["data"]["result"])
