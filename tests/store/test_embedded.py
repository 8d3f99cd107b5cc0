"""One real server for all who use one data folder, and it ends with the last of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from bot.store import binary
from bot.store.check import check
from bot.store.connection import connect
from bot.store.embedded import CannotStart, EmbeddedRedis
from bot.terms import Refused

HOLD = """
import sys
from pathlib import Path
from bot.store.embedded import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]))
with server as url:
    print(url, server.pid, flush=True)
    sys.stdin.readline()
"""


def hold(data: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until it is told to leave."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(user: subprocess.Popen[str]) -> tuple[str, int]:
    assert user.stdout is not None
    url, pid = user.stdout.readline().split()
    return url, int(pid)


def leave(user: subprocess.Popen[str]) -> None:
    with user:
        user.communicate("\n")
    assert user.returncode == 0


def eventually(claim: Callable[[], bool]) -> bool:
    for _ in range(1000):
        if claim():
            return True
        time.sleep(0.01)
    return False


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_is_a_server_that_passes_our_own_check(tmp_path: Path) -> None:
    async def findings() -> list[object]:
        async with EmbeddedRedis(tmp_path) as url, connect(url) as client:
            return list(await check(client))

    assert asyncio.run(findings()) == []


def test_six_who_start_at_once_share_one_server(tmp_path: Path) -> None:
    users = [hold(tmp_path) for _ in range(6)]
    answers = {said(user) for user in users}
    for user in users:
        leave(user)
    assert len(answers) == 1
    assert all(eventually(lambda pid=pid: gone(pid)) for _, pid in answers)


def test_it_stays_while_somebody_else_uses_it(tmp_path: Path) -> None:
    first, second = hold(tmp_path), hold(tmp_path)
    url, _ = said(first)
    said(second)
    leave(first)
    with Redis.from_url(url) as client:
        assert client.ping()
    leave(second)


def test_it_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    user = hold(tmp_path)
    _, pid = said(user)
    with user:
        user.kill()
    assert eventually(lambda: gone(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a child end with its parent")
def test_it_ends_when_its_guard_is_killed(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    with server:
        pid = server.pid
        guard = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guard, signal.SIGKILL)
        assert eventually(lambda: gone(pid))


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    with server as url:
        with Redis.from_url(url) as client:
            for number in range(200):
                client.rpush("acknowledged", number)
        server.kill9()
        server.restart()
        with Redis.from_url(url) as client:
            assert client.llen("acknowledged") == 200


def test_data_is_kept_between_runs_until_somebody_asks_to_forget(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as url, Redis.from_url(url) as client:
        client.set("kept", "yes")
    with EmbeddedRedis(tmp_path) as url, Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"
    with EmbeddedRedis(tmp_path, fresh=True) as url, Redis.from_url(url) as client:
        assert client.get("kept") is None


def test_data_that_somebody_uses_is_not_forgotten(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as url, Redis.from_url(url) as client:
        client.set("kept", "yes")
        with pytest.raises(Refused, match="Something else is using"), EmbeddedRedis(tmp_path, fresh=True):
            pass
        assert client.get("kept") == b"yes"


def test_a_long_path_gets_its_socket_in_a_private_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("a-very-long-name-of-a-folder" * 4)
    with EmbeddedRedis(deep) as url, Redis.from_url(url) as client:
        room = Path(url.removeprefix("unix://")).parent
        assert client.ping()
        assert room != deep
        assert room.stat().st_mode & 0o777 == 0o700
        with EmbeddedRedis(deep) as again:
            assert again == url
    assert not room.exists()


def test_it_can_be_asked_to_stay(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path, keep=True)
    with server as url:
        pid = server.pid
    with Redis.from_url(url) as client:
        assert client.ping()
    with EmbeddedRedis(tmp_path) as again:
        assert again == url
        assert server.pid == pid
    assert eventually(lambda: gone(pid))


def test_a_paused_server_is_never_joined_by_a_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedRedis(tmp_path)
    with server:
        monkeypatch.setattr("bot.store.embedded.PATIENCE_S", 0.1)
        monkeypatch.setattr("bot.store.embedded.ANSWER_S", 0.1)
        pid = server.pid
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(CannotStart, match=f"silent: end process {pid}"), EmbeddedRedis(tmp_path):
            pass
    assert eventually(lambda: gone(pid))


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path), Redis.from_url(f"unix://{tmp_path}/redis.sock") as client:
        client.set("a", "b")
    manifest = tmp_path / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("not a manifest\n")
    with pytest.raises(CannotStart, match=r"did not start(.|\n)*(manifest|AOF)(.|\n)*--fresh"):
        EmbeddedRedis(tmp_path).__enter__()


def test_the_packaged_server_is_the_one_that_was_tested() -> None:
    program = binary.packaged()
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert "alkey" in version


def test_a_changed_binary_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "PINNED", dict.fromkeys(binary.PINNED, "0" * 64))
    with pytest.raises(binary.NoServer, match="not the file that was tested"):
        binary.packaged()


def program(folder: Path, version: str) -> Path:
    folder.mkdir()
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 bits=64'\n")
    path.chmod(0o755)
    return path


def test_a_server_on_the_path_comes_first_unless_it_is_too_old(tmp_path: Path) -> None:
    new, old = program(tmp_path / "new", "7.0.15"), program(tmp_path / "old", "6.0.16")
    assert binary.find(str(new.parent)) == new
    assert binary.find(str(old.parent)) == binary.packaged()


@pytest.fixture
def _packaged_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


@pytest.mark.usefixtures("_packaged_only")
def test_the_packaged_server_keeps_the_same_promises(tmp_path: Path) -> None:
    test_it_is_a_server_that_passes_our_own_check(tmp_path / "checked")
    test_what_was_acknowledged_survives_kill_9(tmp_path / "killed")
