"""Secrets by reference: looked up when a step begins, kept nowhere, told to nobody."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.ask.manifest.permissions import SecretCommand
from bot.execute.sandbox import DEFAULT_PATH
from bot.flow.workshop import NoSuchSecret
from bot.terms import Refused

LONGEST = 64 * 1024
COMMAND_S = 20.0
"""A vault that has not answered by then is away: the step is not begun."""


async def value(name: str, source: str | SecretCommand, environment: Mapping[str, str]) -> str:
    """What `env:NAME`, `file:/path` or a command gives, without the line's end.

    Raises NoSuchSecret when the reference names nothing, and Refused when there is something else wrong: it
    says which reference, and never what was found.
    """
    match source:
        case SecretCommand(command=argv):
            said = await _printed(name, argv, environment)
        case _ if source.startswith("env:"):
            variable = source.removeprefix("env:")
            if not environment.get(variable):
                raise NoSuchSecret(f"The secret {name} is not here: {variable} is not set for the worker.")
            said = environment[variable]
        case _:
            path = source.removeprefix("file:")
            said = await asyncio.to_thread(_read, name, path)
    said = said.rstrip("\r\n")
    if not said:
        raise Refused(f"The secret {name} is empty.")
    return said


def write(folder: Path, values: Mapping[str, str]) -> None:
    """One file a secret, for this user alone."""
    folder.mkdir(mode=0o700)
    for name, said in values.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(said)


def _read(name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            found = file.read(LONGEST + 1)
    except FileNotFoundError:
        raise NoSuchSecret(f"The secret {name} is not here: there is no file {path}.") from None
    except OSError as error:
        raise Refused(f"The secret {name} cannot be read from {path}: {error.strerror}.") from None
    return _text(name, found)


def _text(name: str, found: bytes) -> str:
    if len(found) > LONGEST:
        raise Refused(f"The secret {name} is longer than {LONGEST // 1024} kB.")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise Refused(f"The secret {name} is no text.") from None


async def _printed(name: str, argv: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What the program prints; its errors stay with it, since they may quote the secret."""
    program = await asyncio.to_thread(shutil.which, argv[0], path=environment.get("PATH") or DEFAULT_PATH)
    if program is None:
        raise Refused(f"The secret {name} comes from {argv[0]}, which is not on this machine.")
    process = await asyncio.create_subprocess_exec(
        program,
        *argv[1:],
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(COMMAND_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise Refused(f"The secret {name} did not come from {argv[0]} within {COMMAND_S:g} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Refused(f"The secret {name} did not come: {argv[0]} ended with {process.returncode}.")
    return _text(name, said)
