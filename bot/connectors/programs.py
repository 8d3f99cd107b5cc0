"""Which program a step means: a name its skill may run becomes an absolute path, or a refusal."""

import os
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from bot.ask.shells import shell_string
from bot.terms import Refused


def resolve_argv(
    argv: tuple[str, ...], *, allowed: Collection[str], folder: str, path: str
) -> tuple[str, ...]:
    """`argv` with its program as an absolute path.

    `allowed` is `permissions.exec`; `python3` is the interpreter we run on; a relative path means a file in
    `folder`; other names are looked up in `path`, where only absolute entries count.
    """
    if not argv or not argv[0]:
        raise Refused("A step has no program to run. Its `run` is a list: the program, then its arguments.")
    name = argv[0]
    for item in argv:
        _check_item(item)
    if name not in allowed:
        known = ", ".join(sorted(allowed)) or "none"
        raise Refused(
            f"This skill may not run {name}. It may run: {known} (permissions.exec in its skill.yaml)."
        )
    if shell_string(argv) is not None:
        raise Refused(f"{name} -c would run a shell string. Put it in a script of the skill and run that.")
    return (_program(name, folder=folder, path=path), *argv[1:])


def _check_item(item: str) -> None:
    try:
        encoded = os.fsencode(item)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise Refused(f"{item!r} cannot be an argument of a program: it holds a character none can receive.")


def _program(name: str, *, folder: str, path: str) -> str:
    if name == "python3":
        return sys.executable
    if "/" not in name:
        trusted = os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry).is_absolute())
        if found := shutil.which(name, path=trusted):
            return found
        raise Refused(
            f"{name} is not installed where the worker runs. Install it there, or look at its PATH."
        )
    inside = Path(folder).resolve()
    program = (inside / name).resolve()
    if not Path(name).is_absolute() and not program.is_relative_to(inside):
        raise Refused(f"{name} leads out of the skill's folder. Name a file inside it.")
    if not program.is_file() or not os.access(program, os.X_OK):
        raise Refused(f"{name} is not an executable file. Check the path and its mode (chmod +x).")
    return str(program)
