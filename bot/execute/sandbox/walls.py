"""What one step may reach beyond its own folders: nothing that is not named here.

How a step is held to it is an edge's business (`bot.connectors.walls`); here are the words and the judgement.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from bot.terms import Refused

Tier = Literal["bubblewrap", "landlock", "processes"]
"""How strongly a step is held, best first. The last ends what it started and walls nothing in."""
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "processes")

WALLED_FROM_RISK = 40
"""From this risk on a run needs walls, unless whoever runs the worker said that it may do without."""

WORDS: dict[Tier, str] = {
    "bubblewrap": "namespaces of its own: only its files, hosts and programs are there",
    "landlock": "rules of the kernel: only its files, hosts and programs may be used",
    "processes": "not walled in: ended with certainty, and otherwise with all the rights of the worker",
}

_FROM_ENV = re.compile(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}")
_USUAL_PORTS = (80, 443)
_PORTS = {"http": 80, "https": 443}


def too_weak(tier: Tier, *, risk: int, trusted: bool) -> str:
    """Why a run of this risk may not begin on this tier; empty when it may.

    `trusted`: whoever runs the worker said that this tier will do for every run.
    """
    if tier != "processes" or trusted or risk < WALLED_FROM_RISK:
        return ""
    return (
        f"Its risk is {risk}, and from {WALLED_FROM_RISK} on a run needs walls, which this worker does not "
        "have. `assent doctor`, where the worker runs, says what to do."
    )


@dataclass(frozen=True, slots=True)
class Host:
    """One place to connect to. `trusted`: its name comes from the worker's own environment and not from a
    skill, so it may lead to an address that only this network knows.
    """

    name: str
    port: int
    trusted: bool = False

    @property
    def loopback(self) -> bool:
        """An address of this machine's own, in the usual notation."""
        return bool(re.fullmatch(r"127\.\d+\.\d+\.\d+", self.name))

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """`exec` as in the manifest: names, or files of the skill. `read` and `write` are absolute paths, the
    step's own folders among them; a folder means everything below it. What it sees of the environment is
    `Command.env`.
    """

    exec: tuple[str, ...] = ()
    hosts: tuple[Host, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()


NOTHING = Walls()
"""As it is for a command that nobody granted anything: it cannot even be started."""


def hosts_of(entries: Iterable[str], environment: Mapping[str, str]) -> tuple[Host, ...]:
    """The hosts that `permissions.hosts` grants here.

    `${env.NAME}` is a host, a URL, or several of them with commas between, in the worker's environment; one
    that is not set grants nothing. No port means the usual ones, or the one of the URL's scheme.
    """
    found: dict[Host, None] = {}
    for entry in entries:
        if mark := _FROM_ENV.match(entry):
            rest = entry[mark.end() :]
            for value in environment.get(mark[1], "").replace(",", " ").split():
                found |= dict.fromkeys(_hosts(value + rest, trusted=True))
        else:
            found |= dict.fromkeys(_hosts(entry, trusted=False))
    return tuple(found)


def _hosts(text: str, *, trusted: bool) -> Iterator[Host]:
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError as error:
        raise Refused(f"{text} is no host: write api.example.com or api.example.com:8443.") from error
    if not parts.hostname:
        raise Refused(f"{text} is no host: write api.example.com or api.example.com:8443.")
    for each in (port,) if port else _USUAL_PORTS:
        yield Host(plain(parts.hostname), each, trusted)


def places_of(entries: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The absolute paths that `permissions.files` grants here; a variable that is not set grants nothing."""
    found = []
    for entry in entries:
        mark = _FROM_ENV.match(entry)
        if mark and not environment.get(mark[1]):
            continue
        place = environment[mark[1]] + entry[mark.end() :] if mark else entry
        if not posixpath.isabs(place) or ".." in place.split("/"):
            raise Refused(
                f"{entry} means {place}, which is no absolute path. Correct it in permissions.files."
            )
        found.append(posixpath.normpath(place))
    return tuple(found)


def plain(name: str) -> str:
    """A host's name as it is compared."""
    return name.strip("[]").rstrip(".").lower()


def granted(name: str, port: int, hosts: Iterable[Host]) -> Host | None:
    """The grant for a name as a step asks for it. Other spellings of an address (`127.1`) are other names."""
    asked = plain(name)
    return next((host for host in hosts if (host.name, host.port) == (asked, port)), None)


def may_lead_to(host: Host, address: str, hosts: Iterable[Host]) -> bool:
    """Whether a granted name may be connected to at this address.

    A name that leads to a private address, to this machine or to the metadata of a cloud is how a request is
    forged from inside a network: that needs the address itself granted, or a name the worker's environment
    gave.
    """
    if host.trusted or plain(address) == host.name:
        return True
    if granted(address, host.port, hosts):
        return True
    return _public(ip_address(address))


def _public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        # An IPv4 address in the clothes of an IPv6 one goes where the IPv4 address goes.
        for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), _translated(address)):
            if inner is not None and not _public(inner):
                return False
    return address.is_global and not address.is_multicast


def _translated(address: IPv6Address) -> IPv4Address | None:
    """NAT64 (RFC 6052), and the old way of writing IPv4 in IPv6."""
    high, low = divmod(int(address), 1 << 32)
    return IPv4Address(low) if high in (0x64FF9B << 64, 0) else None
