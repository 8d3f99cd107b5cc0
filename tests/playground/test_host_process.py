"""The demo host as a process: one per folder, nothing left behind, nothing forgotten."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from pathlib import Path

from hosting import HostProcess, alive, call, hosting, soon

from bot.playground.host.repository import Repository


def test_a_second_start_answers_with_the_first_ones_address_and_ends(tmp_path: Path) -> None:
    with hosting(tmp_path) as first:
        second = HostProcess(tmp_path)
        assert second.process.wait() == 0
        second.end()
        assert second.address == first.address
        assert json.loads((tmp_path / "host.json").read_text(encoding="utf-8")) == first.address
    assert not (tmp_path / "host.json").exists()


def test_many_starters_at_once_get_one_host(tmp_path: Path) -> None:
    hosts: list[HostProcess] = []
    starters = [threading.Thread(target=lambda: hosts.append(HostProcess(tmp_path))) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    try:
        assert len({host.url for host in hosts}) == 1
        own = {host.address["pid"] for host in hosts}
        assert own <= {host.process.pid for host in hosts}
    finally:
        for host in hosts:
            host.end()


def test_term_ends_the_host_and_every_process_it_started(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.do("staging", "start", commit=host.commit("1.4.2"), key="seventh")
        pids = host.pids()
        assert len(pids) == 7
        host.end()
        assert host.process.returncode == 0
        assert not [pid for pid in pids if alive(pid)]
        assert host.errors() == ""


def test_a_killed_host_leaves_no_process_behind(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        pids = host.pids()
        host.kill()
        assert soon(lambda: not any(alive(pid) for pid in pids))


def test_a_host_tied_to_its_parent_ends_with_the_pipe(tmp_path: Path) -> None:
    with hosting(tmp_path, "--with-stdin") as host:
        pids = host.pids()
        assert host.process.stdin is not None
        host.process.stdin.close()
        assert host.process.wait() == 0
        assert not [pid for pid in pids if alive(pid)]


def test_a_killed_host_remembers_what_was_live_its_addresses_and_every_key(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        before = host.put_live("production", "1.4.2", key="deploy")
        _, history = host.ask("GET", "/targets/production/checkout/history")
        host.kill()
    with hosting(tmp_path) as host:
        after = host.target("production")
        for same in ("revision", "live", "url"):
            assert after[same] == before[same]
        assert host.ask("GET", "/targets/production/checkout/history")[1] == history
        assert call(after["url"] + "/version")[1]["version"] == "1.4.2"
        body = {"commit": before["live"]["commit"], "expected_revision": "long gone", "key": "deploy/switch"}
        status, repeated = host.do("production", "switch", **body)
        assert (status, repeated["repeated"]) == (200, True)
        assert host.target("production")["revision"] == before["revision"]


async def test_every_machine_gets_the_same_commits(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "here", "checkout")
    await repository.create()
    releases = {release.version: release.commit for release in await repository.releases()}
    assert releases == {
        "1.4.0": "30ed061cefb2df51b6f2e72069b30e621a020974",
        "1.4.1": "94a54c0f8532a17e28e6f83b91dc78795bda7734",
        "1.4.2": "2b42c908d691c228713675c4a47894d3df2d62a8",
        "1.5.0": "5cbec1a7234e7a42a76015aa7d235c3aa9f44d87",
        "1.5.1": "0d91641b7f8171a2ee44fd427039262e24ba81be",
    }


async def test_a_checkout_holds_the_files_of_exactly_its_commit(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "payments")
    await repository.create()
    for release in await repository.releases():
        folder = await repository.checkout(release.commit)
        assert (folder / "VERSION").read_text(encoding="utf-8") == f"{release.version}\n"
        listed = await asyncio.to_thread(files_of, tmp_path / "repos/payments.git", release.commit)
        assert sorted(path.name for path in folder.iterdir()) == listed


def files_of(repository: Path, commit: str) -> list[str]:
    words = ["git", "--git-dir", str(repository), "ls-tree", "--name-only", commit]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
