"""HAProxy, asked over its runtime socket. What is live, at which revision and by whose key, is in its map.

The map decides which backend gets each request, so it cannot be wrong about what is live. It is replaced as a
whole in one commit, then written to its file, from which a restarted HAProxy reads it.
"""

import csv
import io
import os
import re
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from script import Silent, Stopped

PATIENCE_SECONDS = 10.0
REMEMBERED = 20
"""Changes whose keys stay in the map: a probe or an undo comes minutes later, not twenty changes."""
_SAFE = re.compile(r"[A-Za-z0-9._:/-]+")


@dataclass(frozen=True)
class Live:
    """`done` has the key of each change, oldest first, with the number it led to."""

    colour: str = "blue"
    version: str = "nothing"
    digest: str = "nothing"
    number: int = 0
    done: tuple[tuple[str, int], ...] = ()

    @property
    def revision(self) -> str:
        """Differs after every change, also after one made by hand that only names another colour."""
        return f"{self.number}-{self.colour}-{self.digest[:12]}"

    def done_with(self, key: str) -> int | None:
        return dict(self.done).get(key)

    def then(self, *, colour: str, version: str, digest: str, key: str) -> "Live":
        number = self.number + 1
        done = (*self.done, (key, number))[-REMEMBERED:]
        return replace(self, colour=colour, version=version, digest=digest, number=number, done=done)

    def entries(self) -> list[tuple[str, str]]:
        told = {"live": self.colour, "version": self.version, "digest": self.digest}
        told |= {"number": str(self.number)} | {f"done:{key}": str(number) for key, number in self.done}
        return list(told.items())


@dataclass(frozen=True)
class Counted:
    """What HAProxy has counted of a backend since it started."""

    up: bool
    requests: int
    errors: int
    sessions: int

    def since(self, before: "Counted") -> "Counted":
        """Counters that went down were those of a HAProxy before a restart: then all of them are new."""
        if self.requests < before.requests or self.errors < before.errors:
            return self
        return replace(self, requests=self.requests - before.requests, errors=self.errors - before.errors)


class HAProxy:
    def __init__(self, address: Path, map_file: Path) -> None:
        self._address, self._file = address, map_file

    def live(self) -> Live:
        """By the word of the HAProxy that runs."""
        lines = [
            line.split()[1:] for line in self._ask(f"show map {self._map()}").splitlines() if line.strip()
        ]
        return _told([(words[0], words[1]) for words in lines if len(words) == 2])

    def written(self) -> Live:
        """By the file that a restarted HAProxy would read."""
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except OSError as missing:
            raise Stopped(f"The map {self._file} cannot be read: {missing.strerror}.") from None
        return _told([(words[0], words[1]) for words in map(str.split, lines) if len(words) == 2])

    def make_live(self, live: Live) -> None:
        """In one commit, then on disk. A crash between the two is what `written` shows."""
        entries = live.entries()
        if wrong := [text for entry in entries for text in entry if not _SAFE.fullmatch(text)]:
            raise Stopped(f"{wrong[0]!r} cannot be in a map of HAProxy.")
        which = self._map()
        found = re.search(r"version created: (\d+)", said := self._ask(f"prepare map {which}"))
        if found is None:
            raise Stopped(f"HAProxy did not prepare the map: {said.strip()}")
        at = f"@{found[1]} {which}"
        said = self._ask("; ".join(f"add map {at} {name} {value}" for name, value in entries))
        said += self._ask(f"commit map {at}")
        if said.strip() or self.live() != live:
            raise Stopped(f"HAProxy did not take the map: {said.strip() or 'it has another now'}")
        self.keep(live)

    def keep(self, live: Live) -> None:
        """Replace the map's file in one step and wait for the disk."""
        text = "".join(f"{name} {value}\n" for name, value in live.entries())
        draft = self._file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)

    def counted(self, backend: str) -> Counted:
        """From its statistics; stopped when HAProxy has no such backend."""
        rows = list(csv.DictReader(io.StringIO(self._ask("show stat").lstrip("# "))))
        mine = [row for row in rows if row["pxname"] == backend]
        whole = next((row for row in mine if row["svname"] == "BACKEND"), None)
        if whole is None:
            raise Stopped(f"HAProxy has no backend {backend}. SKILL.md shows its configuration.")
        servers = [row for row in mine if row["svname"] not in ("BACKEND", "FRONTEND")]
        return Counted(
            up=bool(servers) and all(row["status"] == "UP" for row in servers),
            requests=_number(whole["req_tot"]),
            errors=_number(whole["hrsp_5xx"]),
            sessions=_number(whole["scur"]) + _number(whole["qcur"]),
        )

    def _map(self) -> str:
        """The map by its number: HAProxy may know the file by another path."""
        for line in self._ask("show map").splitlines():
            found = re.match(r"(\d+) \((.+?)\)", line)
            if found is not None and Path(found[2]).name == self._file.name:
                return f"#{found[1]}"
        raise Stopped(f"HAProxy has no map {self._file.name}. SKILL.md shows its configuration.")

    def _ask(self, command: str) -> str:
        answer = b""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(PATIENCE_SECONDS)
                line.connect(str(self._address))
                line.sendall(command.encode() + b"\n")
                while more := line.recv(1 << 16):
                    answer += more
        except OSError as broken:
            raise Silent(f"HAProxy does not answer at {self._address}: {broken}.") from None
        text = answer.decode()
        if re.match(r"Unknown (command|map)|Permission denied|Can't", text):
            raise Stopped(f"HAProxy declined `{command.split(';')[0]}`: {text.splitlines()[0]}")
        return text


def _told(entries: list[tuple[str, str]]) -> Live:
    told = dict(entries)
    done = [
        (name.removeprefix("done:"), int(value)) for name, value in told.items() if name.startswith("done:")
    ]
    return Live(
        colour=told.get("live", "blue"),
        version=told.get("version", "nothing"),
        digest=told.get("digest", "nothing"),
        number=int(told.get("number", "0")),
        done=tuple(sorted(done, key=lambda one: one[1])),
    )


def _number(text: str) -> int:
    return int(text) if text else 0
