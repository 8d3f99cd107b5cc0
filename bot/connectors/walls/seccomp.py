"""Which system calls a walled step has: a filter as the kernel reads it (classic BPF), made once."""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator

from bot.terms import Refused

_ALLOW, _DENY = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_NEW_NAMESPACES = 0x7E020000  # CLONE_NEW* in clone(2)'s flags
_FAST_OPEN = 0x20000000  # connects inside of send(2), where no rule about connecting looks
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _TCP = 1, 6
_X32 = 0x40000000

# name: number on x86-64, number on arm64. Both from the kernel's unistd tables.
_NEVER = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    # keys of the kernel, which belong to the user and not to a namespace
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # the view of the files, and ways around it
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    # the machine
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "syslog": (103, 116),
}
# Shared by all processes of a user where there is no namespace for it.
_SHARED_MEMORY = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "mq_open": (240, 180),
}
# "Not in this kernel": libraries then take the way they took before these existed.
_ABSENT = {
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot look
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
# A program in memory is no file to the rules about starting files.
_IN_MEMORY = {"memfd_create": (319, 279)}
# Whose time they are about is an argument; others of the same user are in reach where no namespace is.
_OF_ONE_PROCESS = {
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
_OF_ANY_PROCESS = {
    (141, 140): 2,
    (251, 30): 3,
}  # setpriority, ioprio_set: which first argument means every process of a user
_CLONE, _SOCKET, _PRLIMIT = (56, 220), (41, 198), (302, 261)
_SENDS = {
    (44, 206): 3,
    (46, 211): 2,
    (307, 269): 3,
}  # sendto, sendmsg, sendmmsg: which argument has the flags

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}


def known() -> bool:
    """Whether there is a table for this machine."""
    return platform.machine() in _MACHINES


def filter_for(*, own_network: bool) -> bytes:
    """A filter that lasts for a process and all it starts.

    With a network and an IPC namespace of its own a step may have any ordinary socket in there. Without, it
    has TCP alone, for which there are rules elsewhere: a unix socket would be a way to every server of this
    machine, our own Redis included, and a datagram one that nobody decides about.
    """
    if not known():
        raise Refused(
            f"There is no table of system calls for {platform.machine()} (x86_64 and aarch64 have one)."
        )
    which, architecture = _MACHINES[platform.machine()]
    return b"".join(_program(which, architecture, own_network=own_network))


def _program(which: int, architecture: int, *, own_network: bool) -> Iterator[bytes]:
    yield from (_load(_ARCHITECTURE), _jump(_EQUAL, architecture, 1, 0), _deny(errno.EPERM))
    yield _load(_NUMBER)
    if which == 0:
        yield from (_jump(_AT_LEAST, _X32, 0, 1), _deny(errno.EPERM))
    never = _NEVER if own_network else _NEVER | _SHARED_MEMORY
    absent = _ABSENT if own_network else _ABSENT | _IN_MEMORY
    for table, answer in ((never, errno.EPERM), (absent, errno.ENOSYS)):
        for numbers in table.values():
            yield from _when(numbers[which], [_deny(answer)])
    yield from _when(_CLONE[which], _forbidden_bits(0, _NEW_NAMESPACES))
    yield from _when(_PRLIMIT[which], _itself(0))
    yield from _when(_SOCKET[which], _sockets(own_network=own_network))
    if not own_network:
        for numbers in _OF_ONE_PROCESS.values():
            yield from _when(numbers[which], _itself(0))
        for numbers, whole_user in _OF_ANY_PROCESS.items():
            of_a_user = [_load(_argument(0)), _jump(_EQUAL, whole_user, 0, 1), _deny(errno.EPERM)]
            yield from _when(numbers[which], [*of_a_user, *_itself(1)])
        for numbers, argument in _SENDS.items():
            yield from _when(numbers[which], _forbidden_bits(argument, _FAST_OPEN))
    yield _allow()


def _sockets(*, own_network: bool) -> list[bytes]:
    other = _deny(errno.EAFNOSUPPORT)
    if own_network:
        families = (_UNIX, _INET, _INET6, _NETLINK)
        checks = [_jump(_EQUAL, family, len(families) - at, 0) for at, family in enumerate(families)]
        return [_load(_argument(0)), *checks, other, _allow()]
    return [
        _load(_argument(0)),
        _jump(_EQUAL, _INET, 2, 0),
        _jump(_EQUAL, _INET6, 1, 0),
        other,
        _load(_argument(1)),
        struct.pack("=HBBI", _AND, 0, 0, 0xF),  # without SOCK_CLOEXEC and SOCK_NONBLOCK
        _jump(_EQUAL, _STREAM, 1, 0),
        other,
        # Other stream protocols (MPTCP, SCTP) are no TCP to the rules about TCP.
        _load(_argument(2)),
        _jump(_EQUAL, 0, 2, 0),
        _jump(_EQUAL, _TCP, 1, 0),
        other,
        _allow(),
    ]


def _forbidden_bits(argument: int, bits: int) -> list[bytes]:
    return [_load(_argument(argument)), _jump(_ANY_BIT, bits, 0, 1), _deny(errno.EPERM), _allow()]


def _itself(argument: int) -> list[bytes]:
    """Zero is whoever calls; another number may be somebody else's, which a filter cannot tell."""
    return [_load(_argument(argument)), _jump(_EQUAL, 0, 0, 1), _allow(), _deny(errno.EPERM)]


def _when(number: int, then: list[bytes]) -> list[bytes]:
    """`then` ends in an answer on every way through it, so that the number is still loaded after it."""
    return [_jump(_EQUAL, number, 0, len(then)), *then]


def _argument(position: int) -> int:
    """The low half of an argument; both machines keep it first."""
    return _ARGUMENTS + 8 * position


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _jump(kind: int, value: int, yes: int, no: int) -> bytes:
    return struct.pack("=HBBI", kind, yes, no, value)


def _allow() -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, _ALLOW)


def _deny(number: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, _DENY | number)
