# ruff: noqa: PTH123
"""How a guard's child goes behind its walls: the last thing before the command itself is started.

Handed over compiled, like `bot.connectors.guard`, and run in there: it imports next to nothing. Whatever
fails raises, and then nothing is started.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41
PR_CAPBSET_DROP, PR_SET_SECCOMP, FILTER = 24, 22, 2
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every machine
BENEATH, PORT = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def checked(done: int, what: str) -> int:
    if done < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return done


def enter(walls: dict[str, Any], argv: list[str], status: int) -> list[str]:
    """Go behind `walls`; what is to be started now. `status` is a descriptor for bubblewrap's own words."""
    if "argv" in walls:
        apart(walls)
        argv = walls["argv"]
        filtered = os.memfd_create("filter", 0)
        os.write(filtered, walls["filter"])
        os.lseek(filtered, 0, os.SEEK_SET)
        os.set_inheritable(status, True)
        said = {"<status>": str(status), "<filter>": str(filtered)}
        return [said.get(item, item) for item in argv]
    without_capabilities()
    fenced(walls)
    filtered_calls(walls["filter"])
    return argv


def apart(walls: dict[str, Any]) -> None:
    """A network of our own, empty but for the sockets that the worker listens to from outside."""
    user, group = os.getuid(), os.getgid()
    checked(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET), "no network namespace")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(content)
    if user:
        # Counted in the new user namespace alone; the real root is exempt, and has the guard's count.
        resource.setrlimit(resource.RLIMIT_NPROC, (walls["processes"], walls["processes"]))
    import _socket  # `socket` itself would cost more than all of this
    import fcntl

    listening = [_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM) for _ in walls["listen"]]
    fcntl.ioctl(listening[0].fileno(), SIOCSIFFLAGS, struct.pack("=16sh14x", b"lo", UP_AND_RUNNING))
    for each, address in zip(listening, walls["listen"], strict=True):
        each.bind(address)
        each.listen(64)
    with_worker = _socket.socket(fileno=walls["channel"])
    handed = struct.pack(f"={len(listening)}i", *(each.fileno() for each in listening))
    with_worker.sendmsg([b"listening"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handed)])
    for each in (with_worker, *listening):
        each.close()


def without_capabilities() -> None:
    """A worker that is root must not make its steps more than an ordinary user."""
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0):
            break


def fenced(walls: dict[str, Any]) -> None:
    """Landlock: nothing but what the rules say, for us and all that comes from us."""
    files, ports, scopes = walls["handled"]
    attributes = struct.pack("=QQQ", files, ports, scopes)
    ruleset = checked(
        _libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0), "no Landlock"
    )
    for path, rights in walls["beneath"]:
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", rights, at)
        checked(_libc.syscall(ADD_RULE, ruleset, BENEATH, rule, 0), f"no rule for {path}")
        os.close(at)
    for port, rights in walls["ports"]:
        rule = struct.pack("=QQ", rights, port)
        checked(_libc.syscall(ADD_RULE, ruleset, PORT, rule, 0), f"no rule for port {port}")
    checked(_libc.syscall(RESTRICT_SELF, ruleset, 0), "Landlock does not hold us")
    os.close(ruleset)


def filtered_calls(program: bytes) -> None:
    """The filter of system calls; the kernel copies it."""
    length = len(program) // 8
    held = ctypes.create_string_buffer(program, len(program))
    pointed = struct.pack("=H6xQ", length, ctypes.addressof(held))
    done = _libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(FILTER), pointed, 0, 0)
    checked(done, "no filter of system calls")
