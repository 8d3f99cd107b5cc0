"""The demo host through its API: what it does, what it declines, and that a decline changes nothing."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import HostProcess, alive, call, hosting, soon

UNKNOWN_COMMIT = "0" * 40


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with hosting(tmp_path_factory.mktemp("host")) as host:
        yield host
    assert host.errors() == ""


def history(host: HostProcess, environment: str, **only: str) -> list[Any]:
    query = "&".join(f"{name}={value}" for name, value in only.items())
    return list(host.ask("GET", f"/targets/{environment}/checkout/history?{query}")[1]["changes"])


def switch(host: HostProcess, environment: str, version: str, *, revision: str, key: str) -> tuple[int, Any]:
    body = {"commit": host.commit(version), "expected_revision": revision, "key": key}
    return host.do(environment, "switch", **body)


def test_everything_runs_at_the_first_start_each_from_a_real_process(host: HostProcess) -> None:
    targets = host.ask("GET", "/targets")[1]["targets"]
    assert {(one["service"], one["environment"], one["live"]["version"]) for one in targets} == {
        (service, environment, version)
        for service, version in (("checkout", "1.4.1"), ("payments", "2.1.0"))
        for environment in ("development", "staging", "production")
    }
    assert len({*host.pids()}) == 6
    for one in targets:
        expected = {"service": one["service"], "version": one["live"]["version"]}
        assert call(one["url"] + "/version") == (200, expected)


def test_the_switch_carries_bodies_statuses_and_headers_both_ways(host: HostProcess) -> None:
    url = host.target("staging", "payments")["url"]
    paid = {"amount": 1250, "card": "4111111111111111"}
    status, receipt = call(url + "/pay", "POST", paid)
    assert (status, receipt["fee"]) == (200, 42)
    assert call(url + "/pay", "POST", {**paid, "card": "4111111111111112"})[0] == 400
    assert call(url + "/nowhere?x=%2F")[1] == {"error": "no such page: /nowhere?x=%2F"}


def test_a_request_that_names_another_host_goes_nowhere(host: HostProcess) -> None:
    port = int(host.target("staging")["url"].rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("GET", "http://elsewhere.example/version", skip_host=True)
        connection.putheader("Host", "elsewhere.example")
        connection.endheaders()
        assert connection.getresponse().status == 400
    finally:
        connection.close()


def test_requests_errors_and_latency_are_counted_per_colour_and_version(host: HostProcess) -> None:
    state = host.put_live("production", "1.5.0", key="metrics")
    for customer in range(10):
        call(f"{state['url']}/cart?customer={customer}&items=tea:1")
    live = state["live"]["colour"]
    metrics = host.target("production")["colours"][live]["metrics"]
    assert (metrics["requests"], metrics["errors"], metrics["error_rate"]) == (10, 3, 0.3)
    assert 0 < metrics["latency_p50_ms"] <= metrics["latency_p95_ms"]
    labels = f'colour="{live}",environment="production",service="checkout",version="1.5.0"'
    text = host.ask("GET", "/metrics")[1]
    assert f'demo_switch_requests_total{{code="500",{labels}}} 3.0' in text
    assert f"demo_switch_request_seconds_count{{{labels}}} 10.0" in text
    assert f"demo_switch_live{{{labels}}} 1.0" in text


def test_a_colour_without_requests_has_no_error_rate(host: HostProcess) -> None:
    status, started = host.do("production", "start", commit=host.commit("1.5.1"), key="quiet")
    assert status == 200
    assert started["metrics"]["error_rate"] is None


def test_starting_a_commit_twice_runs_it_once(host: HostProcess) -> None:
    first = host.do("staging", "start", commit=host.commit("1.4.2"), key="once")[1]
    same_key = host.do("staging", "start", commit=host.commit("1.4.2"), key="once")[1]
    other_key = host.do("staging", "start", commit=host.commit("1.4.2"), key="another")[1]
    assert first["pid"] == same_key["pid"] == other_key["pid"]
    assert len(history(host, "staging", key="once")) == 1
    assert host.target("staging")["live"]["version"] == "1.4.1"


def test_a_switch_with_an_old_revision_is_declined_with_what_is_there_now(host: HostProcess) -> None:
    seen = host.target("staging")["revision"]
    host.put_live("staging", "1.4.0", key="stale")
    before = host.target("staging")
    status, declined = switch(host, "staging", "1.4.2", revision=seen, key="late")
    assert (status, declined["error"]) == (409, "target_moved")
    assert declined["now"]["live"] == before["live"]
    assert host.target("staging")["revision"] == before["revision"]
    assert history(host, "staging", key="late") == []


def test_a_revision_never_comes_back_with_the_same_version(host: HostProcess) -> None:
    seen = [
        host.put_live("staging", version, key=f"back/{i}") for i, version in enumerate(["1.4.2", "1.4.0"] * 2)
    ]
    assert len({state["revision"] for state in seen}) == 4


def test_a_commit_that_does_not_run_gets_no_traffic(host: HostProcess) -> None:
    state = host.put_live("development", "1.4.1", key="not running")
    status, declined = switch(host, "development", "1.5.1", revision=state["revision"], key="too early")
    assert (status, declined["error"]) == (409, "not_running")
    assert host.target("development")["live"] == state["live"]


def test_a_key_means_one_thing(host: HostProcess) -> None:
    host.do("development", "start", commit=host.commit("1.4.2"), key="mine")
    status, declined = host.do("development", "start", commit=host.commit("1.4.0"), key="mine")
    assert (status, declined["error"]) == (422, "key_used")
    revision = host.target("development")["revision"]
    assert switch(host, "development", "1.4.2", revision=revision, key="mine")[0] == 422


def test_the_live_colour_is_never_stopped(host: HostProcess) -> None:
    state = host.target("production")
    status, declined = host.do("production", "stop", commit=state["live"]["commit"], key="no")
    assert (status, declined["error"]) == (409, "is_live")
    assert call(state["url"] + "/health")[0] == 200


def test_stopping_what_does_not_run_is_fine(host: HostProcess) -> None:
    assert host.do("production", "stop", commit=host.commit("1.4.0"), key="gone") == (200, {"stopped": False})


def test_the_old_colour_is_retired_after_its_time(host: HostProcess) -> None:
    old = host.put_live("production", "1.4.1", key="retire/a")["live"]
    host.put_live("production", "1.4.2", key="retire/b")
    retired = host.do("production", "retire", commit=old["commit"], after=0.1, key="retire/1")[1]
    assert (retired["retires"], retired["version"]) == (old["colour"], "1.4.1")
    assert soon(lambda: host.target("production")["colours"][old["colour"]] is None)


def test_a_version_that_is_live_again_is_not_retired_any_more(host: HostProcess) -> None:
    first = host.put_live("production", "1.4.1", key="again/a")
    second = host.put_live("production", "1.4.2", key="again/b")
    host.do("production", "retire", commit=first["live"]["commit"], after=3600, key="again/retire")
    switch(host, "production", "1.4.1", revision=second["revision"], key="again/back")
    assert host.do("production", "keep", key="again/keep") == (200, {"kept": False})


def test_a_retirement_names_what_it_retires(host: HostProcess) -> None:
    staged = host.do("staging", "start", commit=host.commit("1.5.1"), key="fresh")[1]
    answer = host.do("staging", "retire", commit=host.commit("1.4.1"), after=0, key="not yours")[1]
    assert answer == {"retires": None}
    assert alive(staged["pid"])


def test_no_request_is_lost_while_traffic_is_switched(host: HostProcess) -> None:
    url = host.put_live("development", "1.4.1", key="load")["url"]
    statuses: list[int] = []
    stop = threading.Event()

    def customer() -> None:
        while not stop.is_set():
            statuses.append(call(url + "/cart?customer=1&items=tea:1")[0])

    threads = [threading.Thread(target=customer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number, version in enumerate(["1.4.2", "1.4.1", "1.4.2"]):
        host.put_live("development", version, key=f"load/{number}")
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}


def test_a_live_process_that_dies_is_started_again(host: HostProcess) -> None:
    state = host.target("development", "payments")
    colour = state["live"]["colour"]
    pid = state["colours"][colour]["pid"]
    os.kill(pid, signal.SIGKILL)
    assert soon(lambda: call(state["url"] + "/health")[0] == 200)
    slot = host.target("development", "payments")["colours"][colour]
    assert slot["pid"] != pid
    assert slot["restarts"] == 1


def test_a_pushed_tag_is_a_new_version_and_one_that_does_not_start_leaves_the_live_one_alone(
    host: HostProcess, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    who = ("-c", "user.name=Test", "-c", "user.email=test@shop.example")

    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    git("clone", str(host.home / "repos/checkout.git"), str(work))
    (work / "app.py").write_text("raise SystemExit('the price list is missing')\n", encoding="utf-8")
    git("-C", str(work), *who, "commit", "-am", "Break the start")
    git("-C", str(work), "tag", "v1.6.0")
    git("-C", str(work), "push", "origin", "v1.6.0")

    before = host.target("staging")
    status, declined = host.do("staging", "start", commit=host.commit("1.6.0"), key="broken")
    assert (status, declined["error"]) == (409, "did_not_start")
    assert "the price list is missing" in declined["message"]
    after = host.target("staging")
    assert after["live"] == before["live"]
    assert call(after["url"] + "/health")[0] == 200
    assert history(host, "staging", key="broken") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "said"),
    [
        pytest.param("GET", "/services/nope", None, {}, 404, "Known: checkout, payments.", id="service"),
        pytest.param("GET", "/targets/moon/checkout", None, {}, 404, "Known: development", id="environment"),
        pytest.param(
            "GET", "/services/checkout/commits?from=1.4.1&to=7", None, {}, 404, "no version 7", id="version"
        ),
        pytest.param("GET", "/nowhere", None, {}, 404, "Not Found", id="page"),
        pytest.param(
            "GET", "/targets/staging/checkout/health?colour=red", None, {}, 404, "blue, green", id="colour"
        ),
        pytest.param(
            "POST", "{start}", {"commit": "--all", "key": "k"}, {}, 400, "commit", id="not a commit"
        ),
        pytest.param(
            "POST", "{start}", {"commit": UNKNOWN_COMMIT, "key": "k"}, {}, 404, "has no commit", id="commit"
        ),
        pytest.param("POST", "{start}", {"commit": UNKNOWN_COMMIT}, {}, 400, "key", id="no key"),
        pytest.param(
            "POST", "{start}", {"commit": UNKNOWN_COMMIT, "key": "k", "x": 1}, {}, 400, "x", id="extra"
        ),
        pytest.param("POST", "{start}", b"{", {}, 400, "JSON", id="not json"),
        pytest.param(
            "POST", "{start}", {}, {"Content_Type": "text/plain"}, 415, "application/json", id="a web page"
        ),
        pytest.param(
            "GET", "/targets", None, {"Host": "evil.example"}, 403, "127.0.0.1", id="foreign host name"
        ),
    ],
)
def test_what_is_wrong_is_declined_in_words(
    host: HostProcess, method: str, path: str, body: Any, headers: dict[str, str], status: int, said: str
) -> None:
    before = host.target("staging")
    answered, content = host.ask(
        method, path.format(start="/targets/staging/checkout/start"), body, **headers
    )
    assert answered == status
    assert said in content["message"]
    assert host.target("staging") == before
