"""What an argv really starts: through `env`, `sudo` and their like, down to a shell string or inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox"})
_INLINE = {
    "python": "-c", "python2": "-c", "python3": "-c", "perl": "-e", "ruby": "-e", "node": "-e", "php": "-r",
    "lua": "-e", "deno": "eval", "bun": "-e", "osascript": "-e", "pwsh": "-Command", "powershell": "-Command",
}  # fmt: skip
_STARTERS = frozenset(
    {
        "env", "sudo", "doas", "nice", "ionice", "nohup", "setsid", "stdbuf", "timeout", "time", "xargs",
        "exec", "command", "chroot", "unshare", "strace", "watch", "flock", "parallel", "entr", "su",
        "runuser",
    }
)  # fmt: skip
"""Programs whose argument is another command; how each reads its options is not ours to know."""
_VERSIONED = re.compile(r"(python[23]?|ruby|php|lua|perl)[0-9.]+")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@lru_cache(maxsize=4096)
def called(program: str) -> str:
    """`/usr/bin/python3.12` is `python3`: the name without its place and minor version."""
    name = PurePosixPath(program).name.removesuffix(".exe")
    found = _VERSIONED.fullmatch(name)
    return found[1] if found else name


def started(argv: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The command itself, and whatever it may start in turn, with the position of each.

    Behind a starter every later argument may be the program, so each is looked at: a miss would be worse.
    """
    yield 0, argv
    if argv and called(argv[0]) in _STARTERS:
        for position in range(1, len(argv)):
            if not argv[position].startswith("-") and not _ASSIGNED.match(argv[position]):
                yield position, argv[position:]


def shell_string(argv: Sequence[str]) -> int | None:
    """The position of a shell that is given a command as text, None when there is none."""
    for position, command in started(argv):
        rest = command[1:]
        if called(command[0]) == "busybox" and rest and rest[0] in SHELLS:
            rest = rest[1:]
        if called(command[0]) in SHELLS and has_command_string(rest):
            return position
        if called(command[0]) in ("env", "parallel", "su", "runuser", "watch") and _as_text(command):
            return position
    return None


def _as_text(command: Sequence[str]) -> bool:
    """`env -S "a b"`, `su -c "a b"`, `watch "a b"`: they split or run text themselves."""
    match called(command[0]):
        case "env":
            return any(item.startswith(("-S", "--split-string")) for item in command[1:])
        case "su" | "runuser":
            return any(item in ("-c", "--command") or item.startswith("--command=") for item in command[1:])
        case _:
            return any(" " in item for item in command[1:])


def has_command_string(arguments: Sequence[str]) -> bool:
    """Whether a shell's arguments hold a command as text."""
    value = False
    for argument in arguments:
        if value:  # of the option before, as in `-o pipefail`
            value = False
            continue
        bundle = argument.startswith(("-", "+")) and not argument.startswith("--")
        value = (bundle and argument[-1:] in ("o", "O")) or argument in ("--rcfile", "--init-file")
        if argument.startswith("--command"):
            return True
        if not argument.startswith(("-", "+")) or argument == "--":
            return False
        if not argument.startswith("--") and "c" in argument:
            return True
    return False


def inline_code(argv: Sequence[str]) -> int | None:
    """The position of code that stands in an argument (`python3 -c …`), None when there is none."""
    for position, command in started(argv):
        flag = _INLINE.get(called(command[0]))
        for later, item in enumerate(command[1:], start=1):
            if flag is not None and (item == flag or (item.startswith(flag) and not flag.startswith("--"))):
                return position + later + (item == flag)
            if not item.startswith("-"):
                break
    return None
