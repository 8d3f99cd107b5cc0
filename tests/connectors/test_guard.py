"""Nothing of a command outlives its right to run."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.connectors.processes import GuardedProcesses, Limits
from bot.execute.sandbox import clock
from tests.connectors.conftest import DAEMONISE, PATIENCE_S, Bench, comes_true, is_running

FOR_EVER = "import time; time.sleep(600)"

WORKER = """
import asyncio, os, sys
from bot.connectors.processes import GuardedProcesses
from bot.execute.sandbox import Command

async def main():
    command = Command(argv=(sys.executable, "-c", os.environ["CODE"], os.environ["TOKEN"]), cwd="/", env={},
                      timeout_s=600, output_limit=1000)
    sandbox = GuardedProcesses(alive_for_s=float(os.environ["ALIVE_FOR_S"]), grace_s=0.3)
    finished = await sandbox.run(command, on_line=lambda line: print(line, flush=True), stop=asyncio.Event())
    print(finished.exit_code, finished.stopped, finished.timed_out, flush=True)

asyncio.run(main())
"""


class Worker:
    """A process of its own that runs a command, to be treated badly."""

    def __init__(self, bench: Bench, *, alive_for_s: float) -> None:
        code = f"{DAEMONISE}\nprint('guard', os.getppid(), flush=True)\n{FOR_EVER}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"CODE": code, "TOKEN": bench.token, "ALIVE_FOR_S": str(alive_for_s)},
        )

    async def said(self) -> str:
        assert self.process.stdout
        return (await asyncio.to_thread(self.process.stdout.readline)).strip()

    async def guard(self) -> int:
        """Its guard's pid, once the command and its daemon are up."""
        first_two = sorted([await self.said(), await self.said()])
        assert first_two[0] == "daemon up"
        return int(first_two[1].split()[1])


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


async def test_a_timeout_ends_a_daemonised_grandchild(bench: Bench) -> None:
    finished = await bench.run(DAEMONISE + FOR_EVER, timeout_s=2)

    assert bench.left() == []
    assert finished.timed_out
    assert finished.exit_code is None
    assert not finished.stopped
    assert finished.wall_ms >= 2000


async def test_what_a_command_leaves_behind_is_ended_with_it(bench: Bench) -> None:
    code = f"""
import os, sys
r, w = os.pipe()
{DAEMONISE.replace("time.sleep", "os.write(w, b'.'); time.sleep")}
os.read(r, 1)
print('{{"left": true}}')
sys.exit(4)
"""
    finished = await bench.run(code)

    assert "daemon up" in bench.lines
    assert bench.left() == []
    assert finished.exit_code == 4
    assert not finished.timed_out
    assert finished.result == {"left": True}


async def test_stop_ends_the_tree(bench: Bench) -> None:
    running = asyncio.create_task(bench.run(DAEMONISE + FOR_EVER))
    await comes_true(lambda: "daemon up" in bench.lines)
    bench.stop.set()
    finished = await running

    assert bench.left() == []
    assert finished.stopped
    assert finished.exit_code is None
    assert not finished.timed_out


async def test_a_command_that_ends_well_on_stop_is_stopped_and_not_fine(bench: Bench) -> None:
    code = """
import signal, sys, time
signal.signal(15, lambda *_: sys.exit(0))
print("up", flush=True)
time.sleep(600)
"""
    running = asyncio.create_task(bench.run(code))
    await comes_true(lambda: "up" in bench.lines)
    bench.stop.set()
    finished = await running

    assert finished.stopped
    assert finished.exit_code is None


async def test_nothing_is_started_when_stop_came_first(bench: Bench) -> None:
    bench.stop.set()
    finished = await bench.run("open('started', 'w')")

    assert finished.stopped
    assert not (bench.folder / "started").exists()


async def test_a_worker_killed_with_9_takes_the_tree_with_it(bench: Bench, workers: list[Worker]) -> None:
    workers.append(worker := Worker(bench, alive_for_s=600))
    guard = await worker.guard()
    assert len(bench.left()) == 2
    worker.process.kill()

    await comes_true(lambda: bench.left() == [])
    await comes_true(lambda: not is_running(guard))


async def test_a_worker_stopped_past_its_lease_loses_the_tree(bench: Bench, workers: list[Worker]) -> None:
    workers.append(worker := Worker(bench, alive_for_s=2))
    guard = await worker.guard()
    worker.process.send_signal(signal.SIGSTOP)
    await comes_true(lambda: bench.left() == [])
    await comes_true(lambda: not is_running(guard))
    worker.process.send_signal(signal.SIGCONT)

    assert await worker.said() == "None True False"
    assert bench.left() == []


async def test_a_worker_that_breathes_keeps_its_command(bench: Bench) -> None:
    sandbox = GuardedProcesses(alive_for_s=2.0, grace_s=0.3)
    finished = await bench.run("import time; time.sleep(5); print('through')", sandbox=sandbox)

    assert finished.exit_code == 0
    assert bench.lines == ["through"]


async def test_a_command_ends_when_nobody_vouches_for_it_any_more(bench: Bench) -> None:
    """The worker breathes, but its lease is not renewed."""
    until = clock() + 2
    sandbox = GuardedProcesses(alive_for_s=PATIENCE_S, grace_s=0.3)
    command = bench.command(DAEMONISE + FOR_EVER)
    finished = await sandbox.run(command, on_line=bench.lines.append, stop=bench.stop, until=lambda: until)

    assert bench.left() == []
    assert (finished.exit_code, finished.cut, finished.stopped) == (None, True, True)


async def test_a_command_lives_as_long_as_it_is_vouched_for(bench: Bench) -> None:
    sandbox = GuardedProcesses(alive_for_s=2.0, grace_s=0.3)
    command = bench.command("import time; time.sleep(4); print('through')")
    finished = await sandbox.run(
        command, on_line=bench.lines.append, stop=bench.stop, until=lambda: clock() + 2
    )

    assert (finished.exit_code, finished.cut) == (0, False)


async def test_nothing_is_started_past_its_time(bench: Bench) -> None:
    past = clock() - 1
    sandbox = GuardedProcesses(alive_for_s=PATIENCE_S, grace_s=0.3)
    command = bench.command("open('started', 'w')")
    finished = await sandbox.run(command, on_line=bench.lines.append, stop=bench.stop, until=lambda: past)

    assert (finished.exit_code, finished.cut) == (None, True)
    assert "not started" in finished.stderr
    assert not (bench.folder / "started").exists()


async def test_being_cancelled_leaves_nothing(bench: Bench) -> None:
    running = asyncio.create_task(bench.run(DAEMONISE + FOR_EVER))
    await comes_true(lambda: "daemon up" in bench.lines)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert bench.left() == []


async def test_a_listener_that_fails_ends_the_command_and_is_heard(bench: Bench) -> None:
    def listen(line: str) -> None:
        raise ZeroDivisionError(line)

    with pytest.raises(ZeroDivisionError, match="daemon up"):
        await GuardedProcesses(grace_s=0.3).run(
            bench.command(DAEMONISE + FOR_EVER), on_line=listen, stop=bench.stop
        )
    assert bench.left() == []


async def test_a_guard_asked_to_end_ends_the_tree_first(bench: Bench) -> None:
    code = f"{DAEMONISE}\nos.waitpid(-1, 0)\nos.kill(os.getppid(), 15)\n{FOR_EVER}"
    finished = await bench.run(code)

    assert finished.stopped
    assert bench.left() == []


async def test_a_killed_guard_takes_the_command_with_it_and_the_end_is_unknown(bench: Bench) -> None:
    finished = await bench.run(f"import os; os.kill(os.getppid(), 9)\n{FOR_EVER}")

    await comes_true(lambda: bench.left() == [])
    assert (finished.exit_code, finished.stopped, finished.timed_out) == (None, False, False)
    assert finished.cut
    assert "its guard was killed" in finished.stderr


async def test_too_many_processes_are_ended(bench: Bench) -> None:
    code = f"import os\nfor _ in range(12):\n    if os.fork() == 0: break\n{FOR_EVER}"
    sandbox = GuardedProcesses(alive_for_s=PATIENCE_S, grace_s=0.3, limits=Limits(processes=8))
    finished = await bench.run(code, sandbox=sandbox)

    assert finished.exit_code == -9
    assert "more than 8 processes" in finished.stderr
    assert bench.left() == []


async def test_limits_hold_in_the_command(bench: Bench) -> None:
    code = """
import json, resource as r
print(json.dumps({n: r.getrlimit(getattr(r, n)) for n in ("RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_CORE")}))
"""
    sandbox = GuardedProcesses(limits=Limits(memory_bytes=1 << 30, open_files=64))
    finished = await bench.run(code, sandbox=sandbox)

    assert finished.result == {
        "RLIMIT_AS": [1 << 30, 1 << 30],
        "RLIMIT_NOFILE": [64, 64],
        "RLIMIT_CORE": [0, 0],
    }


async def test_neither_guard_nor_command_sees_the_workers_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSENT_PLANTED", "planted-value")
    code = """
import os
print(*(open(f"/proc/{pid}/environ").read() for pid in (os.getppid(), "self")), sep="|")
"""
    finished = await bench.run(code, env={"ONLY": "this"})

    assert "planted-value" not in finished.stdout
    assert finished.stdout.startswith("|ONLY=this")
