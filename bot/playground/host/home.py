"""One host per folder: whoever comes second is told where the first one is."""

import fcntl
import json
import os
import time
import urllib.request
from pathlib import Path
from typing import TextIO

READY_SECONDS = 30.0
FORGE = "forge"
"""The one folder of a host's that a skill is let into: repositories that have no remote but their place."""


def variables(home: Path, url: str) -> dict[str, str]:
    """What skills may be told of the host that lives in `home`."""
    return {"ASSENT_TARGET": url, "ASSENT_LOCAL_REPOSITORIES": str(home.resolve() / FORGE)}


class Home:
    """The folder a host lives in. The lock is the kernel's: it ends with the process, kill -9 included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._address = self.folder / "host.json"
        self._lock: TextIO | None = None

    def take(self) -> bool:
        """False: a host lives here already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "host.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        self._address.unlink(missing_ok=True)  # of a host that was killed
        return True

    def announce(self, url: str) -> dict[str, object]:
        address: dict[str, object] = {"url": url, "pid": os.getpid()}
        draft = self._address.with_suffix(".draft")
        draft.write_text(json.dumps(address) + "\n", encoding="utf-8")
        draft.replace(self._address)
        return address

    def leave(self) -> None:
        if self._lock is not None:
            self._address.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def first(self) -> dict[str, object] | None:
        """The address of the host that lives here, once it answers; None when it never does."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                address: dict[str, object] = json.loads(self._address.read_text(encoding="utf-8"))
                with urllib.request.urlopen(f"{address['url']}/healthz", timeout=2) as answer:  # noqa: S310 - ours
                    if json.load(answer)["pid"] == address["pid"]:
                        return address
            except (OSError, ValueError):
                pass  # it is still starting, or the file is of a host that was killed
            time.sleep(0.05)
        return None
