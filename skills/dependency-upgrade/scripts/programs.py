"""Real programs: found on the PATH or beside the interpreter, given a small environment without secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from telling import Stopped

PASSED = (
    "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY",
)  # fmt: skip
"""All that a program sees of our environment. Tokens are handed to git alone, by `git`."""


class Failed(Stopped):
    """A program ended badly; `said` is the end of what it said, `code` its exit, None when it had none."""

    def __init__(self, name: str, said: str, code: int | None = None) -> None:
        super().__init__(f"{name} failed: {said}")
        self.said = said
        self.code = code


def find(name: str, folder: Path) -> str:
    """A name with a slash is in the folder; `python3` is ours. Raises Stopped when it is not there."""
    if name == "python3":
        return sys.executable
    if "/" in name:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
        raise Failed(name, "there is no such program")
    beside = Path(sys.executable).parent / name
    found = shutil.which(name, path=search_path())
    if found is None and os.access(beside, os.X_OK):
        return str(beside)
    if found is None:
        raise Stopped(f"{name} is not installed where the worker runs. Install it there.")
    return found


def search_path() -> str:
    """Only absolute entries: a relative one would look into the repository."""
    given = os.environ.get("PATH", os.defpath)
    return os.pathsep.join(one for one in given.split(os.pathsep) if Path(one).is_absolute())


def environment(**more: str) -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED if name in os.environ} | {"PATH": search_path(), **more}


def run(name: str, *words: str, folder: Path, env: Mapping[str, str], timeout: float = 600) -> str:
    """Its output. Raises Failed with the last lines that tell why."""
    try:
        done = subprocess.run(
            [find(name, folder), *words],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise Failed(name, f"no end after {timeout:.0f} s") from None
    if done.returncode != 0:
        said = [
            line.strip() for line in (done.stderr.strip() or done.stdout.strip()).splitlines() if line.strip()
        ]
        raise Failed(name, " ".join(said[-6:])[-600:] or f"exit {done.returncode}", done.returncode)
    return done.stdout
