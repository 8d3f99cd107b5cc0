"""Attacks from inside a step, on every tier that this machine has; whether they hit is seen from outside."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.connectors.processes import GuardedProcesses, Limits
from bot.execute.sandbox import step_environment
from bot.execute.sandbox.walls import Host
from bot.terms import Refused
from tests.connectors.conftest import DAEMONISE, PATIENCE_S, Bench, comes_true

SECRET = "the-secret-of-somebody-else"

# Says which of its attacks were refused, and by what.
TRY = """
import ctypes, json, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
got = {}
def attack(name, way):
    try:
        got[name] = ["through", str(way())]
    except OSError as error:
        got[name] = ["refused", type(error).__name__]
def done():
    print(json.dumps(got))
"""


@pytest.fixture
def planted(walled: Bench) -> Path:
    """A file beside the step's own folder, readable by everybody as far as its mode goes."""
    other = walled.folder.parent / "another-run"
    other.mkdir()
    (other / "secret").write_text(SECRET)
    (other / "secret").chmod(0o666)
    return other / "secret"


@pytest.fixture
def victim(walled: Bench) -> Iterator[subprocess.Popen[bytes]]:
    """A process outside, of the same user."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PLANTED": SECRET}
    )
    assert process.stdout
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


class Listener:
    """A server outside, and whether anybody came."""

    def __init__(self, family: int, kind: int, address: object) -> None:
        self.socket = socket.socket(family, kind)
        self.socket.bind(address)  # type: ignore[arg-type]
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1] if family == socket.AF_INET else 0

    def visited(self) -> bool:
        """Looks once, and closes."""
        with self.socket:
            try:
                if self.socket.type == socket.SOCK_STREAM:
                    self.socket.accept()[0].close()
                else:
                    self.socket.recv(64)
            except BlockingIOError:
                return False
        return True


def unharmed(planted: Path) -> bool:
    return planted.read_text() == SECRET


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def attempts(bench: Bench, code: str, *arguments: str, **changes: object) -> dict[str, list[str]]:
    finished = await bench.run(TRY + code + "\ndone()", *arguments, **changes)
    assert finished.result is not None, (finished.exit_code, finished.stderr)
    got = dict(finished.result)
    assert all(isinstance(one, list) for one in got.values())
    return got  # type: ignore[return-value]


def through(got: dict[str, list[str]]) -> list[str]:
    return [name for name, (how, *_) in got.items() if how == "through"]


async def test_files_of_others_cannot_be_read_by_any_way_to_them(walled: Bench, planted: Path) -> None:
    (walled.folder / "link").symlink_to(planted)
    code = """
path = sys.argv[2]
attack("plainly", lambda: open(path).read())
attack("by a link in my folder", lambda: open("link").read())
attack("by a link I make", lambda: (os.symlink(path, "mine"), open("mine").read()))
attack("by a hard link", lambda: (os.link(path, "hard"), open("hard").read()))
attack("by moving it here", lambda: (os.rename(path, "moved"), open("moved").read()))
attack("by my root", lambda: open("/proc/self/root" + path).read())
attack("by a parent's root", lambda: open(f"/proc/{os.getppid()}/root" + path).read())
attack("by listing its folder", lambda: os.listdir(os.path.dirname(path)))
attack("accounts", lambda: open("/etc/shadow").read())
attack("the disk", lambda: [open("/dev/" + name, "rb").read(1) for name in ("vda", "sda", "nvme0n1", "mem")])
"""
    got = await attempts(walled, code, str(planted))

    assert through(got) == []
    assert unharmed(planted)


async def test_nothing_outside_can_be_changed(walled: Bench, planted: Path) -> None:
    skill = walled.folder.parent / "skill"
    skill.mkdir()
    (skill / "step.py").write_text("print(1)")
    code = """
path, skill = sys.argv[2:4]
attack("append", lambda: open(path, "a").write("x"))
attack("truncate", lambda: os.truncate(path, 0))
attack("remove", lambda: os.unlink(path))
attack("replace", lambda: os.rename(__file__ if "__file__" in globals() else "own", path))
attack("its skill", lambda: open(skill + "/step.py", "w").write("x"))
attack("beside its skill", lambda: open(skill + "/more.py", "w").write("x"))
attack("the system", lambda: open("/usr/share/planted", "w").write("x"))
open("own", "w").write("x")
"""
    walls = walled.walls(read=(str(skill),))
    got = await attempts(walled, code, str(planted), str(skill), walls=walls)

    # In a /tmp of its own a step may make whatever it likes: nobody else ever sees it.
    assert set(through(got)) <= {"append"}
    assert unharmed(planted)
    assert [path.name for path in skill.iterdir()] == ["step.py"]
    assert (skill / "step.py").read_text() == "print(1)"
    assert (walled.folder / "own").read_text() == "x"


async def test_places_that_are_granted_can_be_read_or_written_as_granted(
    walled: Bench, planted: Path
) -> None:
    shared = walled.folder.parent / "shared"
    shared.mkdir()
    code = """
path, shared = sys.argv[2:4]
attack("read", lambda: open(path).read())
attack("write", lambda: open(path, "a").write("x"))
attack("make", lambda: open(shared + "/made", "w").write("x"))
"""
    walls = walled.walls(read=(str(planted),), write=(str(walled.folder), str(shared)))
    got = await attempts(walled, code, str(planted), str(shared), walls=walls)

    assert got["read"] == ["through", SECRET]
    assert got["write"][0] == "refused"
    assert (shared / "made").read_text() == "x"
    assert unharmed(planted)


async def test_no_socket_leads_out(walled: Bench) -> None:
    tcp = Listener(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    udp = Listener(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
    path = walled.folder.parent / "server.sock"
    unix = Listener(socket.AF_UNIX, socket.SOCK_STREAM, str(path))
    name = f"assent-test-{secrets.token_hex(4)}"
    abstract = Listener(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}")
    code = """
tcp, udp, path, name = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
attack("tcp", lambda: socket.create_connection(("127.0.0.1", tcp), 5))
attack("tcp that begins with data", lambda: socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", tcp)))
attack("multipath tcp", lambda: socket.socket(2, 1, 262).connect(("127.0.0.1", tcp)))
attack("a datagram, as to a name server", lambda: socket.socket(2, 2).sendto(b"x", ("127.0.0.1", udp)))
attack("unix", lambda: socket.socket(1, 1).connect(path))
attack("abstract unix", lambda: socket.socket(1, 1).connect(chr(0) + name))
attack("packets", lambda: socket.socket(17, 3))
attack("the hypervisor", lambda: socket.socket(40, 1))
attack("the kernel's ciphers", lambda: socket.socket(38, 5))
"""
    got = await attempts(walled, code, str(tcp.port), str(udp.port), str(path), name)

    assert set(through(got)) <= {"a datagram, as to a name server"}  # into a network where nobody is
    assert [listener.visited() for listener in (tcp, udp, unix, abstract)] == [False] * 4


async def test_what_is_granted_is_reached_and_nothing_beside_it(walled: Bench) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    other = Listener(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    code = """
import urllib.request, urllib.error
granted, other = sys.argv[2:4]
def read(url):
    return urllib.request.urlopen(url, timeout=20).read().decode()
attack("granted", lambda: read(f"http://127.0.0.1:{granted}/"))
attack("another port", lambda: read(f"http://127.0.0.1:{other}/"))
attack("another port again", lambda: read(f"http://127.0.0.1:{other}/"))
def directly():
    way = socket.create_connection(("127.0.0.1", int(granted)), 20)
    way.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    return way.makefile("rb").read().decode().rpartition("\\n")[2]
attack("without the proxy", directly)
attack("another address", lambda: socket.create_connection(("127.0.0.2", int(other)), 5))
"""
    walls = walled.walls(hosts=(Host("127.0.0.1", port),))
    finished = await walled.run(TRY + code + "\ndone()", str(port), str(other.port), walls=walls)
    server.close()

    assert finished.result is not None, finished.stderr
    assert finished.result["granted"] == ["through", "welcome"]
    assert finished.result["without the proxy"] == ["through", "welcome"]
    assert through(dict(finished.result)) == ["granted", "without the proxy"]  # type: ignore[arg-type]
    assert not other.visited()
    assert f"egress to 127.0.0.1:{other.port} refused: not in permissions.hosts (2 times)" in finished.stderr


async def test_only_programs_that_are_named_can_be_started_also_by_grandchildren(walled: Bench) -> None:
    code = """
attack("env", lambda: subprocess.run(["env", "true"], check=True))
attack("a shell", lambda: subprocess.run(["/bin/sh", "-c", "echo x"], check=True))
exec_shell = "import os; os.execv('/bin/sh', ['sh'])"
attack("by a child", lambda: subprocess.run([sys.executable, "-c", exec_shell], check=True))
loader = "/lib64/ld-linux-x86-64.so.2"
attack("by its loader", lambda: subprocess.run([loader, "/bin/sh", "-c", ":"], check=True))
attack("python", lambda: subprocess.run([sys.executable, "-c", ""], check=True))
attack("python by its name", lambda: subprocess.run(["python3", "-c", ""], check=True))
"""
    code = code.replace("check=True", "check=True, capture_output=True")
    prelude = TRY.replace("OSError as error", "(OSError, subprocess.CalledProcessError) as error")
    finished = await walled.run(prelude + code + "\ndone()", env={"PATH": "/usr/local/bin:/usr/bin:/bin"})

    assert finished.result is not None, finished.stderr
    assert set(through(dict(finished.result))) <= {"python", "python by its name"}  # type: ignore[arg-type]
    assert finished.result["python"][0] == "through"  # type: ignore[index]


@pytest.mark.skipif(shutil.which("env") is None, reason="there is no env to grant")
async def test_a_program_that_is_named_can_be_started(walled: Bench) -> None:
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    walls = walled.walls(exec=("python3", "env"))
    code = "import subprocess; subprocess.run(['env', 'A=b'], check=True, env={'PATH': '/usr/bin'})"
    finished = await walled.run(code, env=env, walls=walls)

    assert (finished.exit_code, finished.stdout) == (0, "PATH=/usr/bin\nA=b\n"), finished.stderr


async def test_processes_outside_are_out_of_reach(walled: Bench, victim: subprocess.Popen[bytes]) -> None:
    code = """
pid = int(sys.argv[2])
attack("kill", lambda: os.kill(pid, 9))
attack("kill its group", lambda: os.killpg(os.getpgid(pid), 9))
attack("its environment", lambda: open(f"/proc/{pid}/environ", "rb").read())
attack("its memory", lambda: open(f"/proc/{pid}/mem", "rb"))
attack("its descriptors", lambda: os.listdir(f"/proc/{pid}/fd"))
attack("my parent's environment", lambda: open(f"/proc/{os.getppid()}/environ", "rb").read())
attack("ptrace", lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, pid, 0, 0))
import resource
attack("its limits", lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)))
"""
    got = await attempts(walled, code, str(victim.pid))

    assert victim.poll() is None
    # Process numbers are its own in a namespace: there it may have met itself, but never the planted secret.
    assert SECRET not in str(got)
    assert {"ptrace", "its limits", "its memory"}.isdisjoint(through(got))


async def test_neither_guard_nor_worker_shows_its_environment(
    walled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSENT_PLANTED", SECRET)
    code = """
attack("list", lambda: os.listdir("/proc"))
for pid in (os.getppid(), 1, *range(2, 40)):
    attack(f"process {pid}", lambda: open(f"/proc/{pid}/environ").read())
got["mine"] = ["mine", *sorted(os.environ)]
"""
    env = step_environment({"PATH": "/usr/bin:/bin"}, names=(), home=str(walled.folder))
    got = await attempts(walled, code, env=env)

    assert SECRET not in str(got)
    ours = {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "PWD"}
    assert set(got["mine"][1:]) - ours == {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR"}


async def test_system_calls_that_undo_walls_are_not_there(walled: Bench) -> None:
    code = """
intel = os.uname().machine == "x86_64"
for name, numbers in {"unshare": (272, 97), "mount": (165, 40), "keyctl": (250, 219), "bpf": (321, 280),
                      "io_uring_setup": (425, 425), "open_by_handle_at": (304, 265), "setns": (308, 268),
                      "perf_event_open": (298, 241), "userfaultfd": (323, 282)}.items():
    attack(name, lambda: call(numbers[not intel], 0, 0, 0, 0, 0))
attack("a namespace by clone", lambda: call(56 if intel else 220, 0x10000000 | 17, 0, 0, 0, 0))
"""
    assert through(await attempts(walled, code)) == []


async def test_it_has_no_capabilities_and_cannot_get_any(walled: Bench) -> None:
    code = """
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
names = ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")
print(json.dumps({name: status[name].strip() for name in names}))
"""
    finished = await walled.run("import json\n" + code)

    none = "0000000000000000"
    wanted = {"CapEff": none, "CapPrm": none, "NoNewPrivs": "1", "Seccomp": "2"}
    assert finished.result is not None
    assert wanted.items() <= finished.result.items()
    if os.getuid() == 0:
        assert finished.result["CapBnd"] == none


async def test_a_flood_of_processes_is_ended(walled: Bench) -> None:
    code = "import os, time\nfor _ in range(12):\n    if os.fork() == 0: break\ntime.sleep(600)"
    sandbox = GuardedProcesses(
        alive_for_s=PATIENCE_S, grace_s=0.3, limits=Limits(processes=8), wall=walled.wall
    )
    finished = await walled.run(code, sandbox=sandbox)

    assert finished.exit_code != 0
    assert walled.left() == []


async def test_as_many_processes_as_allowed_may_live(walled: Bench) -> None:
    code = """
import os, signal
children = []
for _ in range(7):
    if (pid := os.fork()) == 0:
        signal.pause()
    children.append(pid)
import time
time.sleep(1.5)
for pid in children: os.kill(pid, 9)
print("all lived")
"""
    sandbox = GuardedProcesses(
        alive_for_s=PATIENCE_S, grace_s=0.3, limits=Limits(processes=8), wall=walled.wall
    )
    finished = await walled.run(code, sandbox=sandbox)

    assert (finished.exit_code, walled.lines) == (0, ["all lived"]), finished.stderr


async def test_memory_ends_at_its_limit(walled: Bench) -> None:
    sandbox = GuardedProcesses(alive_for_s=PATIENCE_S, limits=Limits(memory_bytes=1 << 30), wall=walled.wall)
    finished = await walled.run("held = bytearray(2 << 30)", sandbox=sandbox)

    assert finished.exit_code == 1
    assert "MemoryError" in finished.stderr


async def test_nothing_outlives_it(walled: Bench) -> None:
    code = f"""
import os
r, w = os.pipe()
{DAEMONISE.replace("time.sleep", "os.write(w, b'.'); time.sleep")}
os.read(r, 1)
raise SystemExit(4)
"""
    finished = await walled.run(code)

    assert "daemon up" in walled.lines
    assert finished.exit_code == 4
    assert walled.left() == []


async def test_a_timeout_lets_it_say_goodbye_and_then_ends_the_tree(walled: Bench) -> None:
    code = f"""
import signal, sys
{DAEMONISE}
def goodbye(*_):
    print("goodbye", flush=True)
    time.sleep(600)
signal.signal(signal.SIGTERM, goodbye)
time.sleep(600)
"""
    finished = await walled.run(code, timeout_s=3)

    assert finished.timed_out
    assert "goodbye" in walled.lines
    assert walled.left() == []


async def test_a_killed_guard_takes_all_of_it_along(walled: Bench) -> None:
    """In namespaces of its own that is everything; elsewhere a daemon of its own session escapes."""
    leaves = DAEMONISE if walled.wall and walled.wall.tier == "bubblewrap" else "import time\n"
    running = asyncio.create_task(walled.run(leaves + "print('daemon up', flush=True)\ntime.sleep(600)"))
    await comes_true(lambda: "daemon up" in walled.lines)
    first = min(walled.left())
    os.kill(parent_of(first), signal.SIGKILL)
    finished = await running

    await comes_true(lambda: walled.left() == [])
    assert finished.cut


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"argv": ("/nowhere/program",)}, id="no program"),
        pytest.param({"argv": ("/etc/passwd",)}, id="not executable"),
        pytest.param({"argv": ("/bin/sh", "-c", "exit 0")}, id="not permitted"),
        pytest.param({"cwd": "/nowhere"}, id="no folder"),
    ],
)
async def test_what_was_never_started_is_refused_and_not_called_failed(
    walled: Bench, change: dict[str, object]
) -> None:
    """A probe that could not begin must not be taken for one that says: it did not happen (exit 1)."""
    with pytest.raises(Refused, match="could not be started in"):
        await walled.run("pass", **change)


@pytest.mark.parametrize("code", [0, 1, 3, 70])
async def test_its_exit_code_is_its_own(walled: Bench, code: int) -> None:
    assert (await walled.run(f"raise SystemExit({code})")).exit_code == code


async def test_stdin_is_at_its_end_and_no_descriptor_leaks(walled: Bench) -> None:
    code = """
import json, os, sys
print(json.dumps({"in": sys.stdin.read(), "open": os.listdir("/proc/self/fd")}))
"""
    finished = await walled.run(code)

    assert finished.result == {"in": "", "open": ["0", "1", "2", "3"]}  # 3 reads the folder itself


async def test_many_run_side_by_side_each_behind_its_own(walled: Bench) -> None:
    sandbox = GuardedProcesses(wall=walled.wall)
    codes = [f"print('{{\"number\": {number}}}')" for number in range(4)]
    finished = await asyncio.gather(*(walled.run(code, sandbox=sandbox) for code in codes))

    assert [one.result for one in finished] == [{"number": number} for number in range(4)]
