"""The demo host that workers borrow: it outlives any one of them, and nobody has to end it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hosting import alive, call, soon

from bot.playground.host.lending import answers, lent, start
from bot.terms import Refused

USER = """
import asyncio, sys
from pathlib import Path
from bot.playground.host.lending import lent

async def main():
    async with lent(Path(sys.argv[1]), linger_s=0.4) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class User:
    """A process that borrows the host, as a worker does."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


def pid_of(url: str) -> int:
    return int(call(url + "/healthz")[1]["pid"])


def test_it_survives_a_killed_user_while_another_uses_it_and_ends_after_the_last(tmp_path: Path) -> None:
    users = [User(tmp_path), User(tmp_path)]
    try:
        first, second = users
        assert first.url == second.url
        host = pid_of(first.url)
        assert os.getsid(host) == host  # no Ctrl-C of a user's terminal reaches it
        first.kill()
        users.append(third := User(tmp_path))
        assert third.url == first.url
        third.kill()
        assert pid_of(second.url) == host
        targets = call(second.url + "/targets")[1]["targets"]
        services = [slot["pid"] for one in targets for slot in one["colours"].values() if slot]
        second.kill()
        assert soon(lambda: not alive(host))
        assert soon(lambda: not any(alive(pid) for pid in services))
        assert not (tmp_path / "host.json").exists()
    finally:
        for user in users:
            user.kill()


async def test_who_comes_while_it_ends_gets_a_new_one(tmp_path: Path) -> None:
    async with lent(tmp_path, linger_s=0.2) as url:
        first = await asyncio.to_thread(pid_of, url)
    for _ in range(3):
        await asyncio.sleep(0.3)
        async with lent(tmp_path, linger_s=0.2) as url:
            assert await asyncio.to_thread(answers, url)
            last = await asyncio.to_thread(pid_of, url)
    assert await asyncio.to_thread(soon, lambda: not alive(first) and not alive(last))


async def test_a_host_that_died_can_be_started_again(tmp_path: Path) -> None:
    async with lent(tmp_path, linger_s=0.2) as url:
        host = await asyncio.to_thread(pid_of, url)
        os.kill(host, signal.SIGKILL)
        assert await asyncio.to_thread(soon, lambda: not answers(url))
        again = await asyncio.to_thread(lambda: start(tmp_path, linger_s=0.2))
        second = await asyncio.to_thread(pid_of, again)
        assert second != host
    assert await asyncio.to_thread(soon, lambda: not alive(second))


async def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "repos").write_text("a file where a folder should be")
    with pytest.raises(Refused, match=r"The demo host did not start\. Its words: .*repos"):
        async with lent(tmp_path):
            raise AssertionError("there is no host")


def test_a_host_that_somebody_else_runs_is_used_and_left_alone(tmp_path: Path) -> None:
    own = subprocess.Popen(
        [sys.executable, "-m", "bot.playground.host", "--home", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert own.stdout is not None
        address = json.loads(own.stdout.readline())
        user = User(tmp_path)
        user.kill()
        assert user.url == address["url"]
        assert pid_of(user.url) == own.pid
    finally:
        own.terminate()
        own.communicate()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(user.url + "/healthz", timeout=2)
