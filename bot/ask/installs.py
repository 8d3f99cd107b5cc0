"""Installs that bring whatever is newest today: what was reviewed is then not what runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.ask.shells import called, started

_EXACT = re.compile(r"(===?|@)\s*v?[0-9]|@[0-9a-f]{40}|@sha256:|\.whl$|\.tar\.gz$|^[./~]|^file:")
_AT_VERSION = re.compile(r".@v?[0-9]|^[./~]|^file:")
_HELD = re.compile(r".=[^=]")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_TAKES_VALUE = frozenset(
    {
        "-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f",
        "--find-links", "-t", "--target", "--prefix", "--python", "--registry", "-e", "--editable", "--from",
        "--with", "-p", "--package", "--root", "--version", "-v", "--name", "-w", "--network", "-u", "--user",
        "--entrypoint",
    }
)  # fmt: skip


def unpinned(argv: Sequence[str]) -> str | None:
    """What a command would install without saying exactly which, or None."""
    for _, command in started(argv):
        if found := _unpinned(tuple(command)):
            return found
    return None


def _unpinned(argv: tuple[str, ...]) -> str | None:
    name, rest = called(argv[0]), argv[1:]
    if name in ("python", "python2", "python3") and rest[:1] == ("-m",):
        name, rest = (rest[1] if len(rest) > 1 else ""), rest[2:]
    if name == "uv" and rest[:1] == ("pip",):
        name, rest = "pip", rest[1:]
    match name, rest:
        case (("pip" | "pip2" | "pip3"), ("install", *more)):
            return _first(more, _EXACT)
        case (("uvx" | "pipx"), more):
            if name == "pipx":
                more = more[1:] if more[:1] in (("run",), ("install",)) else ()
            return _program(more, _EXACT, option="--from")
        case "uv", ("tool", "run" | "install", *more):
            return _program(more, _EXACT, option="--from")
        case "npx" | "bunx", more:
            return _program(more, _AT_VERSION, option="--package")
        case (("npm" | "pnpm" | "yarn" | "bun"), ("dlx" | "exec", *more)):
            return _program(more, _AT_VERSION, option="--package")
        case (("npm" | "pnpm" | "yarn" | "bun"), ("install" | "i" | "add", *more)):
            return _first(more, _AT_VERSION)
        case (("apt" | "apt-get" | "apk" | "dnf" | "yum" | "zypper"), more):
            words = _words(more)
            return _first(words[1:], _HELD) if words[:1] in (["install"], ["add"]) else None
        case (("brew" | "winget" | "choco"), ("install", *more)):
            return _first(more, _AT_VERSION)
        case "go", ("install" | "get", *more):
            return _first(more, _AT_VERSION)
        case "cargo", ("install", *more):
            pinned = any(item.startswith(("--version", "--rev", "--path")) for item in more)
            return None if pinned else _first(more, _AT_VERSION)
        case "gem", ("install", *more):
            return (
                None
                if any(item.startswith(("-v", "--version")) for item in more)
                else _first(more, _AT_VERSION)
            )
        case (("docker" | "podman" | "nerdctl"), ("run" | "pull" | "create", *more)):
            return _first(more[:0] or _words(more)[:1], _DIGEST)
    return None


def _program(arguments: Sequence[str], exact: re.Pattern[str], *, option: str) -> str | None:
    """Of a runner: what comes from `option`, else the first word; the rest is the program's own."""
    for position, item in enumerate(arguments):
        if item.startswith(f"{option}="):
            return _first([item.partition("=")[2]], exact)
        if item == option and position + 1 < len(arguments):
            return _first([arguments[position + 1]], exact)
    return _first(_words(arguments)[:1], exact)


def _words(arguments: Sequence[str]) -> list[str]:
    """The arguments that are neither options nor what belongs to one."""
    found, skip = [], False
    for item in arguments:
        if not skip and not item.startswith("-"):
            found.append(item)
        skip = not skip and item in _TAKES_VALUE
    return found


def _first(arguments: Sequence[str], exact: re.Pattern[str]) -> str | None:
    if "--require-hashes" in arguments:
        return None
    return next((one for one in _words(arguments) if not exact.search(one)), None)
