"""One step as a real process: what goes in, what comes out."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.connectors.processes import GuardedProcesses
from bot.execute.sandbox import Sandbox, step_environment
from bot.terms import Refused
from tests.connectors.conftest import Bench, comes_true

ECHO = "import json, sys; print(json.dumps({'argv': sys.argv[2:]}))"


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        pytest.param("pass", 0, id="fine"),
        pytest.param("raise SystemExit(3)", 3, id="its own code"),
        pytest.param("import os; os.kill(os.getpid(), 9)", -9, id="killed"),
        pytest.param("import os; os.kill(os.getpid(), 15)", -15, id="terminated"),
        pytest.param("import os; os.abort()", -6, id="aborted"),
        pytest.param(
            "import os, signal; signal.signal(13, signal.SIG_DFL); os.kill(os.getpid(), 13)", -13, id="pipe"
        ),
    ],
)
async def test_how_it_ended(bench: Bench, code: str, ended: int) -> None:
    finished = await bench.run(code)
    assert (finished.exit_code, finished.timed_out, finished.stopped) == (ended, False, False)


async def test_arguments_arrive_as_they_are_and_nothing_reads_them(bench: Bench) -> None:
    nasty = (
        "two words",
        "two\nlines",
        "çédille ✓ 🚀",
        "$(touch made)",
        "`touch made`",
        "; touch made",
        "",
        "*",
        "'\"\\",
    )
    finished = await bench.run(ECHO, *nasty)

    assert finished.result == {"argv": list(nasty)}
    assert list(bench.folder.iterdir()) == []


async def test_stdin_is_at_its_end_and_no_descriptor_leaks(bench: Bench) -> None:
    code = """
import json, os, sys
print(json.dumps({"in": sys.stdin.read(), "open": os.listdir("/proc/self/fd")}))
"""
    finished = await bench.run(code)

    assert finished.result is not None
    assert finished.result["in"] == ""
    assert finished.result["open"] == ["0", "1", "2", "3"]  # 3 reads the folder itself


async def test_it_runs_in_its_folder_with_its_environment_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSENT_PLANTED", "planted")
    monkeypatch.setenv("ASSENT_DECLARED", "declared")
    env = step_environment(os.environ, names=["ASSENT_DECLARED", "ASSENT_ABSENT"], home=str(bench.folder))
    code = "import json, os; print(json.dumps({'cwd': os.getcwd(), 'env': dict(os.environ)}))"
    finished = await bench.run(code, env=env)

    assert finished.result == {
        "cwd": str(bench.folder),
        "env": {
            "ASSENT_DECLARED": "declared",
            "HOME": str(bench.folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(bench.folder),
        },
    }


async def test_a_declared_name_cannot_replace_the_private_home(bench: Bench) -> None:
    env = step_environment({"HOME": "/root", "PATH": "/bin"}, names=["HOME"], home="/private")
    assert env["HOME"] == "/private"


async def test_lines_are_heard_while_it_runs(bench: Bench) -> None:
    code = """
import os, time
print("first", flush=True)
while not os.path.exists("go"): time.sleep(0.02)
print("last")
"""
    running = asyncio.create_task(bench.run(code))
    await comes_true(lambda: bool(bench.lines))
    assert bench.lines == ["first"]
    (bench.folder / "go").touch()
    await running

    assert bench.lines == ["first", "last"]


async def test_a_flood_is_drained_counted_and_lets_others_run(bench: Bench) -> None:
    size = 50_000_000
    code = f"""
import os
os.write(1, b"the beginning\\n")
left = {size}
while left:
    left -= os.write(1, b"y" * min(left, 1 << 20))
os.write(1, b'\\nthe end\\n{{"whole": true}}\\n')
"""
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(somebody_else())
    finished = await bench.run(code, output_limit=10_000)
    other.cancel()

    assert finished.exit_code == 0
    assert finished.result == {"whole": True}
    assert finished.stdout.startswith("the beginning\nyyy")
    assert finished.stdout.endswith('yyy\nthe end\n{"whole": true}\n')
    written = len("the beginning\n") + size + len('\nthe end\n{"whole": true}\n')
    assert finished.dropped == written - 10_000
    assert len(finished.stdout) < 10_100
    assert bench.lines[0] == "the beginning"
    assert len(bench.lines[1]) == 500
    assert turns > size / (1 << 18)


async def test_a_flood_on_both_streams_does_not_lock_it_up(bench: Bench) -> None:
    code = "import os\nfor _ in range(200): os.write(2, b'e' * 65536); os.write(1, b'o' * 65536)"
    finished = await bench.run(code, output_limit=1000)

    assert finished.exit_code == 0
    assert finished.dropped == 2 * (200 * 65536 - 1000)


async def test_secrets_leave_neither_by_line_nor_by_record_nor_by_result(bench: Bench) -> None:
    secret = "s3cret/with+odd chars"
    code = """
import base64, json, os, sys, time
secret = sys.argv[2]
print("plain", secret, flush=True)
print("error", secret, file=sys.stderr, flush=True)
for half in (secret[:7], secret[7:]):
    os.write(1, half.encode()); time.sleep(0.2)
print()
print("encoded", base64.b64encode(b"user:" + secret.encode()).decode(), flush=True)
print(json.dumps({"says": [secret], secret: 1}))
"""
    finished = await bench.run(code, secret, secrets=(secret,))

    shown = "\n".join([finished.stdout, finished.stderr, *bench.lines, json.dumps(finished.result)])
    assert secret not in shown
    assert "with+odd" not in shown
    assert "czNjcmV0" not in shown
    assert finished.result is not None
    says = finished.result["says"]
    assert isinstance(says, list)
    mark = says[0]
    assert mark.startswith("[redacted:")
    assert bench.lines[0] == f"plain {mark}"
    assert bench.lines[1] == mark


async def test_a_secret_nobody_declared_is_known_by_its_name(bench: Bench) -> None:
    code = "import os; print(os.environ['DEPLOY_TOKEN'], os.environ['DATABASE'])"
    env = {"DEPLOY_TOKEN": "abcdefgh12345678", "DATABASE": "postgres://app:hunter22@db/app"}
    finished = await bench.run(code, env=env)

    assert "abcdefgh12345678" not in finished.stdout
    assert "hunter22" not in finished.stdout
    assert "@db/app" in finished.stdout


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"argv": ("/nowhere/program",)}, "No such file", id="no program"),
        pytest.param({"argv": ("/etc/passwd",)}, "Permission denied", id="not executable"),
        pytest.param({"cwd": "/nowhere"}, "No such file", id="no folder"),
        pytest.param(
            {"argv": (sys.executable, "x" * (1 << 22))}, "too long", id="more than a program can take"
        ),
        pytest.param({"env": {"a=b": "c"}}, "illegal", id="an environment that cannot be"),
    ],
)
async def test_what_could_not_start_is_refused(bench: Bench, change: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=f"could not be started in .*{why}"):
        await bench.run("pass", **change)


async def test_many_run_side_by_side(bench: Bench) -> None:
    sandbox = GuardedProcesses()
    codes = [f"print('{{\"number\": {number}}}')" for number in range(8)]
    finished = await asyncio.gather(*(bench.run(code, sandbox=sandbox) for code in codes))

    assert [one.result for one in finished] == [{"number": number} for number in range(8)]


def _descriptors() -> list[str]:
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


async def test_no_descriptor_is_left_open_here(bench: Bench) -> None:
    await bench.run("pass")
    before = _descriptors()
    for _ in range(3):
        await bench.run("pass")
    assert _descriptors() == before


def test_it_is_a_sandbox_and_tells_the_audit_that_nothing_is_walled_in() -> None:
    sandbox: Sandbox = GuardedProcesses()
    assert sandbox.tier == "processes"
