"""A Redis that could lose approvals is found out before it holds any."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.store.check import LOOKS, Finding, Server, check


@pytest.fixture
async def changeable(redis: Redis) -> AsyncIterator[Redis]:
    """The settings that a test changes are put back, since the server is shared."""
    names = ("maxmemory", "maxmemory-policy", "appendfsync", "appendonly", "min-replicas-to-write")
    before = {name: (await redis.config_get(name))[name] for name in names}
    yield redis
    await redis.execute_command("REPLICAOF", "NO", "ONE")
    for name, value in before.items():
        await redis.config_set(name, value)


@pytest.mark.parametrize(
    ("setting", "value", "fix"),
    [
        pytest.param(
            "maxmemory-policy", "allkeys-lru", "CONFIG SET maxmemory-policy noeviction", id="evicting"
        ),
        pytest.param("appendonly", "no", "CONFIG SET appendonly yes", id="forgetful"),
        pytest.param("appendfsync", "everysec", "CONFIG SET appendfsync always", id="a second late"),
    ],
)
async def test_a_server_that_can_lose_approvals_is_refused(
    changeable: Redis, setting: str, value: str, fix: str
) -> None:
    await changeable.config_set(setting, value)
    [finding] = await check(changeable)
    assert (finding.severity, finding.about) == ("refuse", setting)
    assert fix in finding.fix
    name, right = finding.fix.split("CONFIG SET ")[1].split(" ")
    await changeable.config_set(name, right)
    assert await check(changeable) == [], "what it says to change is what mends it"


async def test_a_replica_is_refused(changeable: Redis) -> None:
    await changeable.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert ("refuse", "role") in {(found.severity, found.about) for found in await check(changeable)}


async def test_a_nearly_full_server_is_warned_about(changeable: Redis) -> None:
    used = (await changeable.info("memory"))["used_memory"]
    await changeable.config_set("maxmemory", used + used // 50)
    [finding] = await check(changeable)
    assert (finding.severity, finding.about) == ("warn", "memory")


async def test_where_config_is_not_allowed_the_check_says_what_it_could_not_read(redis: Redis) -> None:
    await redis.acl_setuser("guest", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-config"])
    guest = Redis.from_pool(type(redis.connection_pool)(**_login(redis, "guest")))
    try:
        [finding] = await check(guest)
    finally:
        await guest.aclose()
        await redis.acl_deluser("guest")
    assert (finding.severity, finding.about) == ("warn", "appendfsync")
    assert "could not be read" in finding.what


def _login(redis: Redis, username: str) -> dict[str, Any]:
    pool = redis.connection_pool
    return {"connection_class": pool.connection_class, **pool.connection_kwargs, "username": username}


HEALTHY = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
}


def found(settings: dict[str, str] | None = None, **said: object) -> list[Finding]:
    server = Server(info={**HEALTHY, **said}, settings=settings or {"appendfsync": "always"})
    return [finding for look in LOOKS if (finding := look(server))]


@pytest.mark.parametrize(
    ("said", "severity", "about"),
    [
        pytest.param({"redis_version": "6.0.16"}, "refuse", "version", id="too old"),
        pytest.param({"aof_last_write_status": "err"}, "refuse", "last write", id="cannot append"),
        pytest.param({"rdb_last_bgsave_status": "err"}, "warn", "last write", id="cannot snapshot"),
        pytest.param({"maxmemory_policy": None}, "warn", "maxmemory-policy", id="does not tell"),
    ],
)
def test_what_no_healthy_server_can_be_made_to_say(
    said: dict[str, object], severity: str, about: str
) -> None:
    assert [(finding.severity, finding.about) for finding in found(**said)] == [(severity, about)]


def test_the_oldest_supported_server_passes() -> None:
    assert found(redis_version="6.2.0") == []


def test_replicas_need_somebody_to_write_to() -> None:
    alone = {"appendfsync": "always", "min-replicas-to-write": "0"}
    assert [finding.about for finding in found(alone, connected_slaves=1)] == ["min-replicas-to-write"]
    assert found(alone, connected_slaves=0) == []
