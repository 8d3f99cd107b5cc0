"""One service in one environment on a host with HAProxy and supervisor. HAPROXY_TARGET is the folder of both.

What is live is HAProxy's to say (`haproxy.py`), what runs is supervisor's (`supervisor.py`); this joins them.
"""

import difflib
import fcntl
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haproxy import HAProxy, Live
from script import Stopped
from supervisor import Program, Supervisor

COLOURS = ("blue", "green")
NOTHING = "nothing"
"""The version and the digest of a service that was never deployed."""
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_WANTED = ("url", "blue", "green", "requests")


@dataclass(frozen=True)
class Release:
    """One executable file. Its digest is what is approved and what runs; the version is only its name."""

    version: str
    digest: str


class Place:
    """`backend("blue")` is the name HAProxy, supervisor and Prometheus know that colour by."""

    def __init__(self, service: str, environment: str) -> None:
        folder, host, about = _read(service, environment)
        self.service, self.environment = service, environment
        self.identity = f"{host['name']}/{environment}/{service}"
        self.url: str = about["url"]
        self.requests = [{"method": "GET", "path": path, "body": None} for path in about["requests"]]
        self.prometheus: str | None = host.get("prometheus")
        self.alive: str = host.get("alive", 'up{job="haproxy"}')
        self.start_s = float(host.get("start_seconds", 30))
        self.window_s = float(host.get("window_seconds", 60))
        self.scrape_s = float(host.get("scrape_seconds", 15))
        self._ports = {colour: int(about[colour]) for colour in COLOURS}
        self._releases = folder / "releases" / service
        self._state = folder / "state"
        self._map = self._state / f"{service}_{environment}.map"
        self.haproxy = HAProxy(folder / "haproxy.sock", self._map)
        self.supervisor = Supervisor(folder / "supervisor.sock", folder / "programs")

    def backend(self, colour: str) -> str:
        return f"{self.service}_{self.environment}_{colour}"

    def address(self, colour: str) -> str:
        """The process itself, past HAProxy."""
        return f"http://127.0.0.1:{self._ports[colour]}"

    def live(self) -> Live:
        return self.haproxy.live()

    def runs(self, digest: str) -> str | None:
        """The colour that runs these bytes now, by supervisor's word."""
        for colour in COLOURS:
            program = self.supervisor.program(self.backend(colour))
            if program is not None and program.running and program.digest == digest[:12]:
                return colour
        return None

    def releases(self) -> list[str]:
        """Every version there is, in their order."""
        try:
            names = [entry.name for entry in self._releases.iterdir()]
        except OSError:
            names = []
        found = [name for name in names if _VERSION.fullmatch(name)]
        return sorted(found, key=lambda version: [int(part) for part in version.split(".")])

    def release(self, version: str) -> Release:
        """A version as the bytes that it is now; stopped when there is none."""
        known = self.releases()
        if version not in known:
            close = difflib.get_close_matches(version, known, n=1, cutoff=0.6)
            hint = f"Did you mean {close[0]}? " if close else ""
            listed = f"Known: {', '.join(known)}." if known else "There is none at all."
            raise Stopped(f"{self.service} has no version {version}. {hint}{listed}")
        if not (digest := _digest(self._releases / version)):
            raise Stopped(f"{self._releases / version} cannot be read.")
        return Release(version, digest)

    def start(self, colour: str, release: Release, *, request: str) -> Program:
        """Have these bytes running as this colour, instead of what it ran; stopped when they do not start."""
        return self.supervisor.start(
            self.backend(colour),
            digest=release.digest,
            command=self._own_copy(release),
            environment={"PORT": str(self._ports[colour]), "VERSION": release.version},
            logs=self._state,
            note=f"{self.service} {release.version} for {request}",
        )

    def _own_copy(self, release: Release) -> Path:
        """The bytes under their digest, where a release that is written over changes nothing."""
        copy = self._state / "releases" / release.digest
        if _digest(copy) == release.digest:
            return copy
        file = self._releases / release.version
        content = file.read_bytes() if file.exists() else b""
        if hashlib.sha256(content).hexdigest() != release.digest:
            raise Stopped(
                f"{self.service} {release.version} is not the file it was when this was planned. Plan again."
            )
        copy.parent.mkdir(parents=True, exist_ok=True)
        draft = copy.with_suffix(f".{os.getpid()}")
        draft.write_bytes(content)
        draft.chmod(0o555)
        draft.replace(copy)
        return copy

    @contextmanager
    def one_change(self) -> Iterator[None]:
        """One script of ours at a time looks and then changes; the kernel lets go when it dies."""
        with self._map.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def other(colour: str) -> str:
    return "green" if colour == "blue" else "blue"


def _digest(file: Path) -> str:
    """Nothing when there is no such file."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def _read(service: str, environment: str) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    folder = os.environ.get("HAPROXY_TARGET", "")
    if not folder:
        raise Stopped(
            "HAPROXY_TARGET is not set: it is the folder that SKILL.md describes, on the host itself."
        )
    path = Path(folder) / "target.toml"
    try:
        host = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise Stopped(f"{path} cannot be read: {wrong}.") from None
    if not isinstance(host.get("name"), str):
        raise Stopped(f"{path} does not say `name`. SKILL.md shows what belongs there.")
    services = host.get("services", {})
    if service not in services:
        raise Stopped(f"There is no service {service}. Known: {', '.join(services) or 'none'}.")
    if environment not in services[service]:
        raise Stopped(f"{service} is not in {environment}. It is in {', '.join(services[service])}.")
    about = services[service][environment]
    if missing := [key for key in _WANTED if key not in about]:
        raise Stopped(f"{path} does not say `{missing[0]}` for {service} in {environment}.")
    return path.parent, host, about
