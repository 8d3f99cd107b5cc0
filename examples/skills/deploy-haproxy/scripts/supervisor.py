"""supervisor, asked over its XML-RPC socket. A program's name has the digest of what it runs."""

import http.client
import socket
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from script import Silent, Stopped

PATIENCE_SECONDS = 20.0
LOG_LINES = 5
_PAUSE_SECONDS = 0.05
_ENDED = ("EXITED", "FATAL", "STOPPED", "BACKOFF")


@dataclass(frozen=True)
class Program:
    """What supervisor runs, or tries to, for one colour."""

    name: str
    state: str
    pid: int
    log: str

    @property
    def digest(self) -> str:
        """Its first twelve digits: the name has no room for more."""
        return self.name.rpartition("_")[2]

    @property
    def running(self) -> bool:
        return self.state == "RUNNING"


class Supervisor:
    def __init__(self, address: Path, programs: Path) -> None:
        self._address, self._programs = address, programs

    def program(self, colour: str) -> Program | None:
        """What runs for a colour (`checkout_production_blue`); of several the one that does run."""
        found = [
            Program(name=one["name"], state=one["statename"], pid=one["pid"], log=one["stdout_logfile"])
            for one in self._ask("getAllProcessInfo")
            if one["name"].rpartition("_")[0] == colour
        ]
        return next((one for one in found if one.running), found[0] if found else None)

    def start(
        self,
        colour: str,
        *,
        digest: str,
        command: Path,
        environment: Mapping[str, str],
        logs: Path,
        note: str,
    ) -> Program:
        """Instead of what the colour ran. It runs when this returns, and again after the host restarts."""
        name = f"{colour}_{digest[:12]}"
        there = self.program(colour)
        if there is not None and there.name == name and there.running:
            return there
        said = ",".join(f'{key}="{value}"' for key, value in environment.items())
        lines = [
            f"; {note}",
            f"[program:{name}]",
            f"command={command}",
            f"environment={said}",
            f"stdout_logfile={logs / f'{name}.log'}",
            "redirect_stderr=true",
            "autorestart=true",
            "startsecs=1",
            "startretries=1",
            "stopasgroup=true",
            "killasgroup=true",
        ]
        self._file(colour).write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._follow(colour)
        return self._started(name)

    def stop(self, colour: str) -> None:
        """Nothing runs for this colour any more; nothing to stop is fine."""
        self._file(colour).unlink(missing_ok=True)
        self._follow(colour)

    def _follow(self, colour: str) -> None:
        """Have supervisor run what the colour's file says, and nothing else for it. Others are left alone."""
        self._ask("reloadConfig")
        wanted = {one["name"] for one in self._ask("getAllConfigInfo") if self._is_of(colour, one["name"])}
        there = {one["name"] for one in self._ask("getAllProcessInfo") if self._is_of(colour, one["name"])}
        states = {one["name"]: one["statename"] for one in self._ask("getAllProcessInfo")}
        for name in sorted(there):
            if name not in wanted or states[name] in _ENDED:
                self._end(name)
                there.discard(name)
        for name in sorted(wanted - there):
            self._ask("addProcessGroup", name)

    def _is_of(self, colour: str, name: str) -> bool:
        return name.rpartition("_")[0] == colour

    def _end(self, name: str) -> None:
        self._ask("stopProcessGroup", name, True)
        self._ask("removeProcessGroup", name)

    def _started(self, name: str) -> Program:
        until = time.monotonic() + PATIENCE_SECONDS
        while (program := self.program(name.rpartition("_")[0])) is not None and time.monotonic() < until:
            if program.running and program.name == name:
                return program
            if program.state in _ENDED:
                break
            time.sleep(_PAUSE_SECONDS)
        said = _last_lines(Path(program.log)) if program else []
        state = program.state if program else "not there"
        raise Stopped("\n".join([f"{name} did not start, supervisor says {state}. Its last words:", *said]))

    def _file(self, colour: str) -> Path:
        return self._programs / f"{colour}.conf"

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            with xmlrpc.client.ServerProxy(
                "http://supervisor", transport=_Unix(str(self._address))
            ) as server:
                return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as declined:
            raise Stopped(f"supervisor declined {method}: {declined.faultString}") from None
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as broken:
            raise Silent(f"supervisor does not answer at {self._address}: {broken}.") from None


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        return ["(it said nothing)"]


class _Unix(xmlrpc.client.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _Connection(self._address)
        self._connection = host, connection  # where it is found to be closed
        return connection


class _Connection(http.client.HTTPConnection):
    def __init__(self, address: str) -> None:
        super().__init__("supervisor", timeout=PATIENCE_SECONDS)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._address)
