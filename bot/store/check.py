"""Would this Redis keep what it acknowledged? Asked at start and by `assent doctor`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

OLDEST = (6, 2)
FULL = 0.9
"""The share of maxmemory from which a server counts as nearly full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which a server could lose, or refuse to take, what matters. `fix` is what to change."""

    severity: Literal["refuse", "warn"]
    about: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says about itself. `settings` is None where CONFIG is not allowed, as at managed ones."""

    info: Mapping[str, Any]
    settings: Mapping[str, str] | None

    def setting(self, name: str) -> str | None:
        return None if self.settings is None else self.settings.get(name)


async def check(client: Redis) -> list[Finding]:
    """Every finding, refusals first; empty when the server is as it should be.

    Raises redis.exceptions.ConnectionError or TimeoutError when the server cannot be asked at all.
    """
    server = Server(info=await client.info(), settings=await _settings(client))
    found = [finding for look in LOOKS if (finding := look(server)) is not None]
    return sorted(found, key=lambda finding: finding.severity != "refuse")


async def _settings(client: Redis) -> dict[str, str] | None:
    found: dict[str, str] = {}
    try:
        # One by one: CONFIG GET with several names needs Redis 7.
        for name in ("appendfsync", "min-replicas-to-write"):
            found.update((str(key), str(value)) for key, value in (await client.config_get(name)).items())
    except ResponseError:  # NOPERM, unknown command, disabled by the provider
        return None
    return found


def _unread(about: str, wanted: str) -> Finding:
    return Finding(
        severity="warn",
        about=about,
        what=f"{about} could not be read: this server does not tell, or this login may not ask.",
        fix=f"Make sure at the provider that it is {wanted}.",
    )


def _version(server: Server) -> Finding | None:
    said = str(server.info.get("redis_version", "unknown"))
    numbers = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    if numbers >= OLDEST:
        return None
    return Finding(
        severity="refuse",
        about="version",
        what=f"This is Redis {said}.",
        fix="Use Redis 6.2 or newer, or Valkey.",
    )


def _role(server: Server) -> Finding | None:
    role = str(server.info.get("role", "unknown"))
    if role == "master":
        return None
    return Finding(
        severity="refuse",
        about="role",
        what=f"This server is a {role}, which takes no writes.",
        fix="Point REDIS_URL at the primary.",
    )


def _eviction(server: Server) -> Finding | None:
    policy = server.info.get("maxmemory_policy")
    if policy == "noeviction":
        return None
    if policy is None:
        return _unread("maxmemory-policy", "noeviction")
    return Finding(
        severity="refuse",
        about="maxmemory-policy",
        what=f"maxmemory-policy is {policy}: when memory is full, approvals disappear without an error.",
        fix="Change it: CONFIG SET maxmemory-policy noeviction",
    )


def _append_only(server: Server) -> Finding | None:
    enabled = server.info.get("aof_enabled")
    if enabled == 1:
        return None
    if enabled is None:
        return _unread("appendonly", "yes")
    return Finding(
        severity="refuse",
        about="appendonly",
        what="The append-only file is off: a restart forgets approvals.",
        fix="Change it: CONFIG SET appendonly yes",
    )


def _fsync(server: Server) -> Finding | None:
    policy = server.setting("appendfsync")
    if policy == "always":
        return None
    if policy is None:
        return _unread("appendfsync", "always (with everysec, a crash loses a second of approvals)")
    return Finding(
        severity="refuse",
        about="appendfsync",
        what=f"appendfsync is {policy}: a crash loses acknowledged approvals.",
        fix="Change it: CONFIG SET appendfsync always",
    )


def _writing(server: Server) -> Finding | None:
    failed = [
        name
        for name in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
        if server.info.get(name, "ok") != "ok"
    ]
    if not failed:
        return None
    return Finding(
        # A failed background rewrite or snapshot may pass; a failed append means that writes are refused now.
        severity="refuse" if "aof_last_write_status" in failed else "warn",
        about="last write",
        what=f"The last write to disk failed ({', '.join(failed)}).",
        fix="Look at the server's log and at the space left on its disk.",
    )


def _memory(server: Server) -> Finding | None:
    used, limit = int(server.info.get("used_memory", 0)), int(server.info.get("maxmemory", 0))
    if not limit or used <= FULL * limit:
        return None
    return Finding(
        severity="warn",
        about="memory",
        what=f"{used * 100 // limit} % of maxmemory is used; once full, nothing can be approved.",
        fix=f"Give it more: CONFIG SET maxmemory {limit * 2}, or archive old requests.",
    )


def _replicas(server: Server) -> Finding | None:
    wanted = server.setting("min-replicas-to-write")
    if not server.info.get("connected_slaves") or wanted is None or int(wanted) > 0:
        return None
    return Finding(
        severity="warn",
        about="min-replicas-to-write",
        what="There are replicas, and a primary cut off from them takes approvals that will be lost.",
        fix="Change it: CONFIG SET min-replicas-to-write 1",
    )


LOOKS: tuple[Callable[[Server], Finding | None], ...] = (
    _version, _role, _eviction, _append_only, _fsync, _writing, _memory, _replicas,
)  # fmt: skip
