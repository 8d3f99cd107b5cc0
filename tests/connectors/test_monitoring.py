"""Prometheus and Alertmanager, the real ones, asked as steps ask them."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.terms import Refused
from tests.connectors.asking import KEY, ask, found

ODD = 'a"b\\c{d="e"} naïve 🚀 $x'
PASSWORD = "of-a/test+only"
LOCKED = """basic_auth_users:
  assent: $2b$04$0wGBoD/tuE.LzavbcxrOf.x54SLIn0UsmYMu4jtwAx0nIV9h36h9O
"""
"""Of `PASSWORD`, as bcrypt has it."""
OTHER = "f" * 32


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextmanager
def serving(program: str, *arguments: str, port: int, prefix: str = "") -> Iterator[str]:
    """Started for the test and ended with it; it answers, if only that it wants a password."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}{prefix}"
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except urllib.error.HTTPError as answer:
                if answer.code == 401:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            raise AssertionError(f"{program} does not serve")
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its own address is below a path, as behind a proxy; what it knows was written for the test."""
    home, port = tmp_path_factory.mktemp("prometheus"), free_port()
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed here")
    escaped = ODD.replace("\\", "\\\\").replace('"', '\\"')
    now = int(time.time())
    lines = [f'odd{{name="{escaped}"}} 7 {now - 60}', f'odd{{name="{escaped}"}} 8 {now - 30}']
    lines += [f'up{{job="{job}"}} {value} {now - 30}' for job, value in (("well", 1), ("down", 0))]
    lines += [f"nothing NaN {now - 30}"]
    (home / "history").write_text("\n".join([*lines, "# EOF", ""]))
    (home / "prometheus.yml").write_text("{}")
    (home / "web.yml").write_text(LOCKED)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", home / "history", home / "tsdb"],
        check=True,
        capture_output=True,
    )
    with serving(
        "prometheus",
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/tsdb",
        f"--web.config.file={home}/web.yml",
        "--web.external-url=http://127.0.0.1/deep/down",
        f"--web.listen-address=127.0.0.1:{port}",
        port=port,
        prefix="/deep/down",
    ) as url:
        yield url


@pytest.fixture
def settings(prometheus: str, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "password").write_text(f"assent:{PASSWORD}\n")
    credential = {"from": f"file:{tmp_path}/password", "as": "basic"}
    return {"kind": "prometheus", "url": prometheus, "credential": credential}


async def test_a_query_finds_numbers_with_their_labels(settings: dict[str, Any]) -> None:
    said = await found(settings, "query", query="up{job=$job}", values={"job": "well"})
    [one] = said["series"]
    assert (said["type"], said["count"], said["warnings"]) == ("vector", 1, [])
    assert (one["labels"], one["value"]) == ({"__name__": "up", "job": "well"}, 1.0)
    assert (await found(settings, "query", query="3 * 4"))["series"][0]["value"] == 12.0
    assert (await found(settings, "query", query="nothing"))["series"][0]["value"] == "NaN"


async def test_a_value_is_found_word_for_word_and_never_as_a_pattern(settings: dict[str, Any]) -> None:
    for operator in ("=", "=~"):
        said = await found(settings, "query", query=f"odd{{name{operator}$name}}", values={"name": ODD})
        assert said["count"] == 1
    for value in (".*", 'x"} or up{job="well', "well|down", 'x"} or up #'):
        for operator in ("=", "=~"):
            said = await found(settings, "query", query=f"up{{job{operator}$job}}", values={"job": value})
            assert said["count"] == 0, value


async def test_a_range_has_points(settings: dict[str, Any]) -> None:
    said = await found(settings, "range:query", query="odd", since="5m", step="10s")
    values = [value for _, value in said["series"][0]["points"]]
    assert (said["type"], set(values)) == ("matrix", {7.0, 8.0})
    finished = await ask(settings, "range:query", {"query": "odd", "since": "1d", "step": "1s"})
    assert finished.exit_code == 2
    assert "more than 1000" in finished.stdout


@pytest.mark.parametrize(
    ("query", "code"), [("up{job='well'} == 1", 0), ("up{job='down'} == 1", 1), ("up{", 2), ("'text'", 2)]
)
async def test_as_a_question_it_is_a_no_when_there_is_none(
    settings: dict[str, Any], query: str, code: int
) -> None:
    assert (await ask(settings, "query", {"query": query}, asks=True)).exit_code == code


async def test_the_wrong_password_says_which_reference_and_no_value(
    settings: dict[str, Any], prometheus: str
) -> None:
    wrong = {"from": "env:PROM_LOGIN", "as": "basic"}
    environment = {"PROM_LOGIN": "assent:not-the-one"}
    finished = await ask(
        {**settings, "credential": wrong}, "query", {"query": "up"}, environment=environment, asks=True
    )
    assert finished.exit_code == 2, "it cannot tell"
    assert "env:PROM_LOGIN (policies/connectors.yaml)" in finished.stdout
    assert "not-the-one" not in finished.stdout
    nobody = {"kind": "prometheus", "url": prometheus}
    assert "wants a credential" in (await ask(nobody, "query", {"query": "up"})).stdout
    with pytest.raises(Refused, match=r"is not name:password"):
        await ask(
            {**settings, "credential": wrong}, "query", {"query": "up"}, environment={"PROM_LOGIN": "x"}
        )


async def test_where_nobody_listens_nothing_was_asked(settings: dict[str, Any]) -> None:
    nowhere = {"kind": "alertmanager", "url": f"http://127.0.0.1:{free_port()}"}
    finished = await ask(
        nowhere, "silences:create", {"labels": {"a": "b"}, "for": "1m", "comment": "x"}, asks=True
    )
    assert (finished.exit_code, finished.cut) == (2, False)
    assert "it was not reached, so nothing was asked" in finished.stdout


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    home, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    (home / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with serving(
        "prometheus-alertmanager",
        f"--config.file={home}/am.yml",
        f"--storage.path={home}/data",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
        port=port,
    ) as url:
        yield {"kind": "alertmanager", "url": url}


async def test_silences_are_made_once_listed_and_ended(alertmanager: dict[str, Any]) -> None:
    wanted = {"labels": {"service": ODD}, "for": "10m", "comment": "While it is deployed"}
    before = (await found(alertmanager, "silences:list"))["count"]
    made = await found(alertmanager, "silences:create", **wanted)
    again = await found(alertmanager, "silences:create", **wanted)
    assert (made["made_before"], again) == (False, {"id": made["id"], "made_before": True})
    listed = await found(alertmanager, "silences:list", operation=KEY)
    assert [one["id"] for one in listed["silences"]] == [made["id"]]
    assert listed["silences"][0]["matchers"][0]["value"] == ODD
    assert (await found(alertmanager, "silences:list", labels={"service": ODD}))["count"] == 1
    assert (await found(alertmanager, "silences:list", operation=OTHER))["count"] == 0
    other = await ask(alertmanager, "silences:create", wanted, key=OTHER)
    assert other.result is not None
    assert other.result["id"] != made["id"]
    ended = await found(alertmanager, "silences:delete", operation=KEY)
    assert ended == {"ended": [made["id"]], "count": 1}
    assert (await found(alertmanager, "silences:delete", operation=KEY))["count"] == 0
    assert (await found(alertmanager, "silences:delete", id=other.result["id"]))["count"] == 1
    assert (await found(alertmanager, "silences:list"))["count"] == before


async def test_neither_an_id_nor_an_operation_ends_nothing(alertmanager: dict[str, Any]) -> None:
    await found(alertmanager, "silences:create", labels={"a": "b"}, comment="x", **{"for": "1m"})
    finished = await ask(alertmanager, "silences:delete", {})
    assert finished.exit_code == 2
    assert "takes id or operation" in finished.stdout
    with pytest.raises(Refused, match="id"):
        await ask(alertmanager, "silences:delete", {"id": "../alerts"})
    assert (await found(alertmanager, "silences:delete", operation=KEY))["count"] == 1


async def test_alerts_are_listed_by_their_labels(alertmanager: dict[str, Any]) -> None:
    body = b'[{"labels": {"alertname": "Slow", "service": "checkout"}, "annotations": {"summary": "p99"}}]'
    post = urllib.request.Request(
        f"{alertmanager['url']}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    (await asyncio.to_thread(urllib.request.urlopen, post, timeout=5)).close()
    said: dict[str, Any] = {}
    for _ in range(100):
        said = await found(alertmanager, "alerts:list", labels={"service": "checkout"})
        if said["count"]:
            break
        await asyncio.sleep(0.05)
    [one] = said["alerts"]
    assert (one["labels"]["alertname"], one["annotations"]) == ("Slow", {"summary": "p99"})
    hostile = await found(alertmanager, "alerts:list", labels={"service": 'x",alertname="Slow'})
    assert hostile["count"] == 0
