# ruff: noqa: PTH110, PTH112, PTH113, PTH114, PTH115, PTH116, PTH118, PTH123  (links as they are written)
"""What of this machine a step needs to run at all: the libraries, and of the programs only its own."""

from __future__ import annotations

import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# Data that programs read wherever they run. No folder here holds programs.
_ALWAYS = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
    "/usr/lib/locale",
    "/usr/lib/ssl",
    "/usr/share",
)
_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# Programs that other programs are part of.
_BRINGS = {
    "git": ("/usr/lib/git-core", "/usr/libexec/git-core"),
    "node": ("/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/lib/nodejs"),
}
_WITH_ITS_FOLDERS = ("/opt/", "/nix/store/")
_BEGINNING = 4096


@dataclass(frozen=True, slots=True)
class Needs:
    """`read`: folders and files that hold no secrets. `execute`: files, and folders of helper programs.

    `links` are the symlinks on the way to them. All paths but the links' own are real ones.
    """

    read: frozenset[str]
    execute: frozenset[str]
    links: dict[str, str] = field(default_factory=dict)


class _Collecting:
    def __init__(self) -> None:
        self.read: set[str] = set()
        self.execute: set[str] = set()
        self.links: dict[str, str] = {}

    def trail(self, path: str) -> str:
        """The real path, with every link on the way noted."""
        at, rest = "/", path.split("/")
        for _ in range(256):  # a ring of links has no end
            if not rest:
                break
            if (name := rest.pop(0)) in ("", "."):
                continue
            here = os.path.normpath(os.path.join(at, name))
            try:
                target = os.readlink(here) if name != ".." else None
            except OSError:
                target = None
            if target is None:
                at = here
                continue
            self.links[here] = target
            at, rest = "/" if target.startswith("/") else at, [*target.split("/"), *rest]
        return at

    def readable(self, paths: Iterable[str]) -> None:
        self.read.update(real for path in paths if os.path.exists(real := self.trail(path)))

    def program(self, path: str) -> None:
        """A program, what it brings, and what has to be started to start it."""
        real = self.trail(path)
        if real in self.execute or not os.path.isfile(real):
            return
        self.execute.add(real)
        for name in (Path(path).name, Path(real).name):
            for folder in _BRINGS.get(name, ()):
                if os.path.isdir(folder):
                    self.execute.add(self.trail(folder))
        if real.startswith(_WITH_ITS_FOLDERS):
            above = Path(real).parent.parent
            self.readable(str(above / name) for name in ("lib", "lib64", "libexec", "share"))
        for starter in _starters(real):
            self.program(starter)

    def python(self) -> None:
        """The interpreter we run on, with its modules and those of its environment, and no other programs."""
        self.program(sys.executable)
        shared = f"{sysconfig.get_config_var('LIBDIR')}/{sysconfig.get_config_var('INSTSONAME')}"
        paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        self.readable([*paths, shared, f"{sys.prefix}/pyvenv.cfg"])
        self.readable(str(path) for path in Path("/usr/lib").glob("python3*"))


def needs(programs: Iterable[str]) -> Needs:
    """What these programs, by their absolute paths, have to see and may start."""
    return _needs(frozenset(programs))


@cache
def _needs(programs: frozenset[str]) -> Needs:
    found = _Collecting()
    for link in _LINKS:
        if os.path.islink(link):
            found.trail(link)
    found.readable(_ALWAYS)
    found.readable(_libraries())
    for program in sorted(programs):
        found.python() if program == sys.executable else found.program(program)
    return Needs(frozenset(found.read), frozenset(found.execute), found.links)


def _libraries() -> Iterator[str]:
    """Where shared libraries are. On Debian that is the folder of the machine's kind, without the programs
    that lie beside it.
    """
    machine = sysconfig.get_config_var("MULTIARCH") or ""
    inner = f"/{machine}" if machine and os.path.isdir(f"/usr/lib/{machine}") else ""
    yield from (f"/lib{inner}", f"/usr/lib{inner}")
    for name in ("lib32", "lib64", "libx32"):
        yield from (f"/{name}", f"/usr/{name}")
    yield from map(str, Path("/usr/local/lib").glob("lib*.so*"))


def _starters(program: str) -> Iterator[str]:
    """The loader of a binary, or the interpreter of a script."""
    try:
        with open(program, "rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return
    if beginning.startswith(b"#!"):
        words = beginning[2:].split(b"\n", 1)[0].decode(errors="replace").split()
        if words:
            yield words[0]
        if len(words) > 1 and words[0].endswith("/env"):
            yield from (found for word in words[1:] if (found := _which(word)))
    elif beginning.startswith(b"\x7fELF\x02\x01"):
        yield from _loader(beginning)


def _loader(beginning: bytes) -> Iterator[str]:
    """PT_INTERP of a 64-bit binary (elf(5))."""
    table, size, count = (
        struct.unpack_from("<Q", beginning, 32)[0],
        *struct.unpack_from("<HH", beginning, 54),
    )
    for number in range(count):
        at = table + number * size
        if at + 40 > len(beginning):
            return
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", beginning, at)
        if kind == 3 and offset + length <= len(beginning):
            yield beginning[offset : offset + length].rstrip(b"\0").decode(errors="replace")


def _which(name: str) -> str | None:
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK) and stat.S_ISREG(os.stat(path).st_mode):
            return path
    return None
