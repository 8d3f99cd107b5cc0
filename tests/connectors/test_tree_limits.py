"""What a step may use at most, attacked from inside in every tier that the machine has."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.connectors.guard import THREADS
from bot.connectors.processes import GuardedProcesses, Limits
from bot.connectors.walls.probing import Tried, tried
from bot.execute.sandbox import Finished
from bot.execute.sandbox.walls import TIERS, Tier
from tests.connectors.conftest import PATIENCE_S, Bench

MB = 1 << 20
MOST = 128
_FOUND: dict[Tier, Tried] = {}

GROW = f"""
import sys, time
held = []
for _ in range(400):
    held.append(b"x" * {MB})
    time.sleep(0.002)
print("through")
"""
# Each process forks two, at most eight deep: 511 of them, if nothing ends it.
BOMB = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        {apart}
        continue
    if os.fork() == 0:
        {apart}
        continue
    break
print("bombed", flush=True)
time.sleep(600)
"""
HEAVY_DAEMON = f"""
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    held = b"x" * (300 * {MB})
    time.sleep(600)
time.sleep(600)
"""


@pytest.fixture(params=TIERS)
async def held(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench in one tier, also in the one without walls."""
    if sys.platform != "linux":
        pytest.skip("trees are measured on Linux")
    tier: Tier = request.param
    if tier not in _FOUND:
        _FOUND[tier] = await tried(tier)
    if _FOUND[tier].why:
        pytest.skip(f"{tier}: {_FOUND[tier].why}")
    yield (bench := Bench(tmp_path, _FOUND[tier].wall))
    for pid in bench.left():  # only when the test failed
        os.kill(pid, signal.SIGKILL)


def ended(finished: Finished, why: str) -> bool:
    """For this reason, by us, and never as if it had been stopped or had taken too long."""
    assert not any((finished.timed_out, finished.stopped, finished.cut))
    assert (finished.beyond, finished.exit_code) == (why, -9), finished.stderr
    return f"[ended: it {why}]" in finished.stderr


async def test_a_process_that_grows_is_ended(held: Bench) -> None:
    finished = await held.run(GROW, memory_bytes=MOST * MB)

    assert ended(finished, "used more than 128 MB of memory")
    assert held.lines == []
    assert held.left() == []


async def test_what_keeps_below_its_limit_is_left_alone(held: Bench) -> None:
    finished = await held.run(GROW, memory_bytes=600 * MB, processes=1)

    assert (finished.exit_code, finished.beyond, held.lines) == (0, "", ["through"]), finished.stderr


async def test_children_count_with_their_parent(held: Bench) -> None:
    """Each of four has its own 50 MB, which none of them has too much with."""
    code = f"""
import os, time
for _ in range(4):
    if os.fork() == 0: break
held = b"x" * (50 * {MB})
time.sleep(600)
"""
    finished = await held.run(code, memory_bytes=MOST * MB)

    assert ended(finished, "used more than 128 MB of memory")
    assert held.left() == []


async def test_what_children_share_with_their_parent_counts_once(held: Bench) -> None:
    code = f"""
import os, signal, time
shared = b"x" * (80 * {MB})
children = []
for _ in range(4):
    if (pid := os.fork()) == 0:
        signal.pause()
    children.append(pid)
time.sleep(0.5)
for pid in children: os.kill(pid, 9)
print("shared")
"""
    finished = await held.run(code, memory_bytes=MOST * MB)

    assert (finished.exit_code, held.lines) == (0, ["shared"]), finished.stderr


async def test_a_daemon_does_not_leave_its_limits_behind(held: Bench) -> None:
    finished = await held.run(HEAVY_DAEMON, memory_bytes=MOST * MB)

    assert ended(finished, "used more than 128 MB of memory")
    assert held.left() == []


async def test_one_allocation_far_beyond_is_refused_by_the_kernel(held: Bench) -> None:
    """Faster than anybody can count, so the process itself hears that there is no more."""
    finished = await held.run("held = bytearray(8 << 30)", memory_bytes=MOST * MB)

    assert finished.exit_code == 1
    assert "MemoryError" in finished.stderr


async def test_files_in_memory_count(held: Bench) -> None:
    """In namespaces of its own a step has a /tmp and a /dev/shm that are nothing but memory."""
    if held.wall is None or held.wall.tier != "bubblewrap":
        pytest.skip("here they are the machine's, and not the step's to write or not memory of its own")
    code = f"""
import time
for place in ("/tmp/a", "/dev/shm/a"):
    with open(place, "wb") as out:
        for _ in range(80): out.write(b"x" * {MB})
time.sleep(600)
"""
    assert ended(await held.run(code, memory_bytes=MOST * MB), "used more than 128 MB of memory")


async def test_memory_is_nowhere_to_be_had_without_bound(held: Bench) -> None:
    if held.wall is None:
        pytest.skip("no walls")
    code = f"""
import os
able = []
for place in ("/dev/a", "/dev/shm/a", "/a", "/run/a"):
    try:
        with open(place, "wb") as out:
            for _ in range(300): out.write(b"x" * {MB})
    except OSError:
        continue
    able.append(place)
print(able)
"""
    assert (await held.run(code)).stdout.strip() == "[]"


@pytest.mark.parametrize("apart", ["pass", "os.setsid()"])
async def test_a_fork_bomb_is_ended(held: Bench, apart: str) -> None:
    """Also when each of its processes leaves the group of the others."""
    began = time.monotonic()
    finished = await held.run(BOMB.format(apart=apart), processes=12)

    assert held.left() == []
    assert time.monotonic() - began < PATIENCE_S / 2
    if os.getuid() == 0 or finished.beyond:  # where the kernel itself counts, a fork fails before we see it
        assert ended(finished, "had more than 12 processes at once")


async def test_as_many_as_allowed_may_live_at_once(held: Bench) -> None:
    code = """
import os, signal, time
children = []
for _ in range(5):
    if (pid := os.fork()) == 0:
        signal.pause()
    children.append(pid)
time.sleep(0.5)
for pid in children: os.kill(pid, 9)
print("all lived")
"""
    finished = await held.run(code, processes=6)

    assert (finished.exit_code, held.lines) == (0, ["all lived"]), finished.stderr


async def test_threads_without_end_are_ended(held: Bench) -> None:
    code = f"""
import threading, time
threading.stack_size(65536)
for _ in range({THREADS + 40}):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
time.sleep(600)
"""
    finished = await held.run(code, processes=1)

    assert held.left() == []
    if os.getuid() == 0 or finished.beyond:
        assert ended(finished, f"had more than {THREADS} threads at once")


async def test_a_skill_gets_no_more_than_the_worker_gives(held: Bench) -> None:
    sandbox = GuardedProcesses(
        alive_for_s=PATIENCE_S, grace_s=0.3, limits=Limits(processes=4), wall=held.wall
    )
    code = "import os, time\nfor _ in range(8):\n    if os.fork() == 0: break\ntime.sleep(600)"
    finished = await held.run(code, sandbox=sandbox, processes=4096)

    assert held.left() == []
    if os.getuid() == 0 or finished.beyond:
        assert ended(finished, "had more than 4 processes at once")
