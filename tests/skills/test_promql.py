"""The module that skills ask Prometheus with, against a real one whose history was written for the test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType

import pytest
from hosting import call, run_script, skill_folder, soon

FOLDER = skill_folder("deploy-haproxy")
START = int(time.time()) - 1800
"""Half an hour ago: what is asked for is history, so no test waits for a scrape."""
STEP = 10
ODD = 'a"b\\c{d="e"}\nnew line, naïve 🚀 $x'


def samples() -> Iterator[str]:
    """OpenMetrics with times. Six moments each, ten seconds apart."""
    moments = [START + STEP * number for number in range(6)]
    yield from (f"good 0.001 {at}" for at in moments)
    yield from (f"spike {0.5 if number == 3 else 0} {at}" for number, at in enumerate(moments))
    yield from (f"nothing_counted NaN {at}" for at in moments)
    yield from (f"endless +Inf {at}" for at in moments)
    yield from (f'many{{pod="{pod}"}} 0 {at}' for pod in "ab" for at in moments)
    yield f"once 0 {moments[0]}"
    escaped = ODD.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    yield from (f'odd{{name="{escaped}"}} 7 {at}' for at in moments)
    yield from (f'up{{job="well"}} 1 {at}' for at in moments)
    yield from (f'up{{job="down"}} {0 if number > 3 else 1} {at}' for number, at in enumerate(moments))
    yield f'up{{job="silent"}} 1 {moments[0]}'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that scrapes nothing and knows what `samples` says."""
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
    home = tmp_path_factory.mktemp("prometheus")
    by_series = sorted(samples(), key=lambda line: line.split("{")[0].split(" ")[0])
    (home / "history").write_text("\n".join([*by_series, "# EOF", ""]))
    (home / "prometheus.yml").write_text("{}")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", home / "history", home / "tsdb"]
    subprocess.run(backfill, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={home}/prometheus.yml",
            f"--storage.tsdb.path={home}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        assert soon(lambda: serves(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def serves(port: int) -> bool:
    try:
        return call(f"http://127.0.0.1:{port}/-/ready")[0] == 200
    except OSError:
        return False


@pytest.fixture
def promql(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Imported from the skill's folder, as its scripts do it."""
    monkeypatch.syspath_prepend(str(FOLDER / "scripts"))
    import promql as module

    yield module
    for name in ("promql", "script"):
        del sys.modules[name]


def window(promql: ModuleType, *, moments: int = 6) -> object:
    return promql.Window(START, START + STEP * (moments - 1), STEP)


@pytest.mark.parametrize(
    ("expression", "observed"),
    [
        pytest.param("good", {"ratio": 0.001, "measured": 1.0}, id="good at every moment"),
        pytest.param("spike", {"ratio": 0.5, "measured": 1.0}, id="one bad moment is the worst"),
        pytest.param("spike > 0", {"ratio": 0.5}, id="a bad moment counts though others are missing"),
        pytest.param("good and spike == 0", {"ratio": 0.001}, id="a hole is not measured"),
        pytest.param("no_such_metric", {}, id="no series at all"),
        pytest.param("nothing_counted", {}, id="NaN is not a value"),
        pytest.param("0 * endless", {}, id="0 times infinity is not a value"),
        pytest.param("endless", {}, id="infinity is not a value"),
        pytest.param("good - good and spike / 0", {"ratio": 0.0, "measured": 1.0}, id="a zero is a value"),
        pytest.param("vector(0)", {"ratio": 0.0, "measured": 1.0}, id="a constant"),
    ],
)
def test_a_window_is_good_bad_or_unknown(
    promql: ModuleType, address: str, expression: str, observed: dict[str, float]
) -> None:
    seen = promql.Prometheus(address).over(window(promql), expression)
    assert promql.observed("ratio", seen) == observed


@pytest.mark.parametrize(
    ("alive", "counted"),
    [
        pytest.param('up{job="well"}', 6, id="scraped each time"),
        pytest.param('up{job="down"}', 4, id="down from the fifth moment on"),
        pytest.param('up{job="silent"}', 3, id="older than thirty seconds from the fourth moment on"),
        pytest.param('up{job="nobody"}', 0, id="no such target"),
        pytest.param("up", 3, id="the worst of them decides"),
    ],
)
def test_a_moment_counts_only_while_its_targets_were_scraped(
    promql: ModuleType, address: str, alive: str, counted: int
) -> None:
    """Without `alive` Prometheus would repeat an old sample for five minutes."""
    prometheus = promql.Prometheus(address)
    assert len(prometheus.over(window(promql), "max(once)").values) == 6
    seen = prometheus.over(window(promql), "good", alive=alive, stale=29)
    assert (len(seen.values), seen.missing) == (counted, 6 - counted)


def test_a_value_from_a_request_cannot_leave_its_quotes(promql: ModuleType, address: str) -> None:
    prometheus = promql.Prometheus(address)

    def found(value: str) -> int:
        return len(prometheus.over(window(promql), promql.query("odd{name=$name}", {"name": value})).values)

    assert found(ODD) == 6
    for attack in ('x"} or vector(1) or odd{name="', 'x", name!="', "x\\", "\x00\x1b", 'x"}#\n', "$name"):
        assert found(attack) == 0
    with pytest.raises(promql.Stopped, match="no label pod is given"):
        promql.query("odd{pod=$pod}", {"name": "x"})
    with pytest.raises(promql.Stopped, match="is no text"):
        promql.quoted("\ud800")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("many", "has 2 series", id="more than one series"),
        pytest.param("sum(", "parse error", id="not PromQL"),
        pytest.param('"text"', "declined|is no vector", id="no number"),
    ],
)
def test_a_query_that_cannot_be_one_number_is_said_to_be_wrong(
    promql: ModuleType, address: str, expression: str, said: str
) -> None:
    with pytest.raises(promql.Stopped, match=said):
        promql.Prometheus(address).over(window(promql), expression)


def test_a_partial_answer_is_none(promql: ModuleType) -> None:
    """A warning means that a store behind it was silent. What warns here is no Prometheus but three lines."""

    class Partial(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            data = {"resultType": "matrix", "result": [{"metric": {}, "values": [[START, "0"]]}]}
            self.wfile.write(
                json.dumps({"status": "success", "data": data, "warnings": ["a store"]}).encode()
            )

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Partial) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(promql.Silent, match="only part of an answer: a store"):
            promql.Prometheus(f"http://127.0.0.1:{server.server_port}").over(window(promql), "good")


def test_nobody_there_is_silence_and_no_address_is_said(promql: ModuleType) -> None:
    with pytest.raises(promql.Silent, match="does not answer"):
        promql.Prometheus("http://127.0.0.1:9").over(window(promql), "good")
    with pytest.raises(promql.Stopped, match="Prometheus is not set"):
        promql.Prometheus(None)


def test_a_manifest_can_measure_with_it_alone(address: str) -> None:
    watch = ["--window", "300ms", "--step", "100ms"]
    words = [
        "--observe",
        "ratio=vector(0)",
        "--label",
        "name=x",
        *watch,
    ]
    ran = run_script(
        "python3", "scripts/promql.py", *words, folder=FOLDER, variables={"PROMETHEUS_URL": address}
    )
    assert ran.result == {"ratio": 0.0, "measured": 1.0}
    assert ran.errors == ""
