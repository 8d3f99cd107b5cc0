"""Ways out of a step, tier by tier: refused where docs/sandbox.md promises it, and real where it does not.

Whether an attack hit is seen from outside. That it hits without walls is its own control: it could have.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from bot.execute.sandbox import step_environment
from bot.execute.sandbox.walls import Tier
from tests.connectors.conftest import Bench

SECRET = "pl4nted-for-an-escape"
PRELUDE = """
import ctypes, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
intel = os.uname().machine == "x86_64"
def call(numbers, *arguments):
    if libc.syscall(numbers[not intel], *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
token, here, victim, tcp, tcp6, udp, unix, abstract = sys.argv[1:9]
victim, tcp, tcp6, udp = int(victim), int(tcp), int(tcp6), int(udp)
S = {secret!r}
said = []
def started(*argv):
    global said
    pid = os.posix_spawn(argv[0], argv, {{}})
    if os.waitpid(pid, 0)[1] == 0:
        said = ["started"]
try:
    {attack}
except OSError as error:
    said = [str(error)]
print(json.dumps({{"said": [str(one) for one in said]}}))
"""

Ends = Literal["refused", "through", "either"]
"""`either`: the tier promises nothing, and other rules of the machine may still stop it."""


# An ordinary user's process, also where the tests are root's: with capabilities it would be out of reach.
ORDINARY = """
import ctypes, struct, sys
nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
assert ctypes.CDLL(None).capset(*nothing) == 0
print("up", flush=True)
sys.stdin.read()
"""


class Victim:
    """A process outside, of the same user, with a secret in its environment."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", ORDINARY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PLANTED": SECRET},
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    @property
    def ended(self) -> bool:
        for _ in range(20):  # a signal arrives in a moment
            if self.process.poll() is not None:
                return True
            time.sleep(0.01)
        return False

    @property
    def slowed(self) -> bool:
        return os.getpriority(os.PRIO_PROCESS, self.process.pid) > 0

    @property
    def pinned(self) -> bool:
        return len(os.sched_getaffinity(self.process.pid)) < len(os.sched_getaffinity(0))

    @property
    def idle(self) -> bool:
        return os.sched_getscheduler(self.process.pid) == os.SCHED_IDLE

    @property
    def without_disk(self) -> bool:
        """ioprio_get(2): the class "idle"."""
        number = 252 if os.uname().machine == "x86_64" else 31
        return ctypes.CDLL(None).syscall(number, 1, self.process.pid) >> 13 == 3

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@dataclass
class World:
    """What lies around a step: a worker's home, another run, servers, a process."""

    folder: Path
    victim: Victim = field(default_factory=Victim)
    listeners: dict[str, socket.socket] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"assent-test-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        for path in (".ssh/id_ed25519", "runs/another/secrets/token"):
            (self.folder / path).parent.mkdir(parents=True)
            (self.folder / path).write_text(SECRET)
        for kind, family, address in (
            ("tcp", socket.AF_INET, ("127.0.0.1", 0)),
            ("tcp6", socket.AF_INET6, ("::1", 0)),
            ("udp", socket.AF_INET, ("127.0.0.1", 0)),
            ("unix", socket.AF_UNIX, str(self.folder / "server.sock")),
            ("abstract", socket.AF_UNIX, f"\0{self.name}"),
        ):
            udp = kind == "udp"
            listener = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
            listener.bind(address)
            if not udp:
                listener.listen()
            listener.setblocking(False)
            self.listeners[kind] = listener

    def visited(self, kind: str) -> bool:
        listener = self.listeners[kind]
        try:
            if kind == "udp":
                listener.recv(64)
            else:
                listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def arguments(self) -> list[str]:
        ports = [str(self.listeners[kind].getsockname()[1]) for kind in ("tcp", "tcp6", "udp")]
        place = str(self.folder)
        return [place, str(self.victim.process.pid), *ports, f"{place}/server.sock", self.name]

    def close(self) -> None:
        self.victim.end()
        for listener in self.listeners.values():
            listener.close()


def shown(_world: World, said: list[str]) -> bool:
    return any(SECRET in one for one in said)


def visited(kind: str) -> Callable[[World, list[str]], bool]:
    return lambda world, _said: world.visited(kind)


@dataclass(frozen=True)
class Attack:
    code: str
    hit: Callable[[World, list[str]], bool]
    without_walls: Ends = "through"
    held_by: tuple[Tier, ...] = ("bubblewrap", "landlock")


def ran(_world: World, said: list[str]) -> bool:
    return "started" in said


PROGRAM = str(Path(shutil.which("true", path="/usr/bin:/bin") or "/bin/true").resolve())

LOADER = "/lib64/ld-linux-x86-64.so.2" if os.uname().machine == "x86_64" else "/lib/ld-linux-aarch64.so.1"
WRITTEN = "open('own', 'wb').write(open(sys.executable, 'rb').read()); os.chmod('own', 0o755)"

ATTACKS = {
    "read a key in the worker's home": Attack("said = [open(here + '/.ssh/id_ed25519').read()]", shown),
    "read a secret that another run was handed": Attack(
        "said = [open(here + '/runs/another/secrets/token').read()]", shown
    ),
    "write beside its folder": Attack(
        "open(here + '/planted', 'w').write('x')", lambda world, _: (world.folder / "planted").exists()
    ),
    "write by a link in its folder": Attack(
        "os.symlink(here, 'out'); open('out/planted', 'w').write('x')",
        lambda world, _: (world.folder / "planted").exists(),
    ),
    "connect by an IPv4 address": Attack(
        "socket.create_connection(('127.0.0.1', tcp), 5)", visited("tcp")
    ),
    "connect by an IPv6 address": Attack("socket.create_connection(('::1', tcp6), 5)", visited("tcp6")),
    "connect by IPv4 in IPv6's clothes": Attack(
        "socket.create_connection(('::ffff:127.0.0.1', tcp), 5)", visited("tcp")
    ),
    "send a datagram, as to a name server": Attack(
        "socket.socket(2, 2).sendto(b'x', ('127.0.0.1', udp))", visited("udp")
    ),
    "connect to a unix socket": Attack("socket.socket(1, 1).connect(unix)", visited("unix")),
    "connect to an abstract unix socket": Attack(
        "socket.socket(1, 1).connect(chr(0) + abstract)", visited("abstract")
    ),
    "read a process's environment": Attack("said = [open(f'/proc/{victim}/environ').read()]", shown),
    "read a process's memory": Attack(
        "call((310, 270), victim, 0, 0, 0, 0, 0); said = [S]", shown, "either"
    ),
    "trace a process": Attack(
        "call((101, 117), 0x4206, victim, 0, 0); said = [S]", shown, "either"
    ),
    "end a process": Attack("os.kill(victim, 15)", lambda world, _: world.victim.ended),
    "end a process by its descriptor": Attack(
        "import signal; signal.pidfd_send_signal(os.pidfd_open(victim), 15)",
        lambda world, _: world.victim.ended,
    ),
    "slow a process down": Attack(
        "os.setpriority(os.PRIO_PROCESS, victim, 19)", lambda world, _: world.victim.slowed
    ),
    "pin a process to one core": Attack(
        "os.sched_setaffinity(victim, {min(os.sched_getaffinity(0))})",
        lambda world, _: world.victim.pinned,
        "through" if len(os.sched_getaffinity(0)) > 1 else "either",
    ),
    "make a process give way to all others": Attack(
        "os.sched_setscheduler(victim, os.SCHED_IDLE, os.sched_param(0))", lambda world, _: world.victim.idle
    ),
    "take a process's disk time": Attack(
        "call((251, 30), 1, victim, 3 << 13)", lambda world, _: world.victim.without_disk
    ),
    "start a program that was not named": Attack(
        f"started({PROGRAM!r})", ran
    ),
    "start what it wrote itself": Attack(f"{WRITTEN}; started('./own')", ran, held_by=("landlock",)),
    "start what it wrote into memory": Attack(
        "held = os.memfd_create('x', 0); os.write(held, open(sys.executable, 'rb').read()); "
        "started(f'/proc/self/fd/{held}')",
        ran,
        held_by=("landlock",),
    ),
    "start what it wrote by the loader of libraries": Attack(
        f"{WRITTEN}; started({LOADER!r}, './own')", ran, held_by=()
    ),
    "start a program that was not named by the loader": Attack(f"started({LOADER!r}, {PROGRAM!r})", ran),
    "inherit what the worker has in its environment": Attack("said = [str(os.environ)]", shown, "refused"),
    "find a descriptor of the worker's": Attack(
        "said = [open(f'/proc/self/fd/{n}').read() for n in os.listdir('/proc/self/fd') if int(n) > 2]",
        shown,
        "refused",
    ),
    "get more rights by a set-uid program": Attack(
        "said = [S] if 'NoNewPrivs:\\t1' not in open('/proc/self/status').read() else []",
        shown,
        "refused",
    ),
    "type into the worker's terminal": Attack(
        "import fcntl\n"
        "    for way in (lambda: os.open('/dev/tty', os.O_RDWR), lambda: 0, lambda: 1, lambda: 2):\n"
        "        try: fcntl.ioctl(way(), 0x5412, b'x'); said = [S]\n"
        "        except OSError: pass",
        shown,
        "refused",
    ),
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("ASSENT_PLANTED", "AWS_SECRET_ACCESS_KEY", "LD_PRELOAD_PLANTED"):
        monkeypatch.setenv(name, SECRET)
    found = World(tmp_path)
    with (tmp_path / "opened").open("w+") as opened:
        opened.write(SECRET)
        opened.flush()
        opened.seek(0)
        os.set_inheritable(opened.fileno(), True)
        yield found
    found.close()


async def tried_out(bench: Bench, world: World, attack: Attack) -> bool:
    """Whether it hit."""
    code = PRELUDE.format(attack=attack.code, secret=SECRET)
    env = step_environment(os.environ, names=(), home=str(bench.folder))
    finished = await bench.run(code, *world.arguments(), env=env)
    assert finished.result is not None, (finished.exit_code, finished.stderr)
    said = finished.result["said"]
    assert isinstance(said, list)
    return attack.hit(world, [str(one) for one in said])


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_behind_walls_it_is_refused_where_that_is_said(
    walled: Bench, world: World, attack: Attack
) -> None:
    assert walled.wall is not None
    assert await tried_out(walled, world, attack) == (walled.wall.tier not in attack.held_by)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_without_walls_it_is_what_the_tier_says(bench: Bench, world: World, attack: Attack) -> None:
    """ "Not walled in": docs and card say that it is possible, and here it is."""
    hit = await tried_out(bench, world, attack)
    assert attack.without_walls == "either" or hit == (attack.without_walls == "through")
