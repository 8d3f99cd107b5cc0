"""A worker that must not start says why, with exit code 2."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest

from tests.chaos.world import ROOT, World


@pytest.fixture
async def forgetful(world: World) -> World:
    await world.redis.config_set("maxmemory-policy", "allkeys-lru")
    return world


async def test_it_does_not_start_on_a_redis_that_evicts(forgetful: World) -> None:
    worker = forgetful.spawn()
    assert await asyncio.to_thread(worker.process.wait, 60) == 2
    assert worker.words() == (
        "maxmemory-policy is allkeys-lru: when memory is full, approvals disappear without an error. "
        "Change it: CONFIG SET maxmemory-policy noeviction "
        "(ASSENT_REDIS_CHECK=warn starts anyway, for trying things out.)\n"
    )


async def test_it_says_everything_that_must_be_changed_at_once(forgetful: World) -> None:
    await forgetful.redis.config_set("appendfsync", "everysec")
    worker = forgetful.spawn()
    assert await asyncio.to_thread(worker.process.wait, 60) == 2
    evicts, syncs = worker.words().splitlines()
    assert evicts.startswith("maxmemory-policy is allkeys-lru")
    assert syncs.startswith("appendfsync is everysec")


async def test_it_starts_there_when_only_warned(forgetful: World) -> None:
    worker = await forgetful.ready(forgetful.spawn(ASSENT_REDIS_CHECK="warn"))
    assert "maxmemory-policy is allkeys-lru: when memory is full" in worker.words()


async def test_it_does_not_start_without_a_redis(world: World) -> None:
    worker = world.spawn(REDIS_URL="redis://user:pass-word@127.0.0.1:1/0")
    assert await asyncio.to_thread(worker.process.wait, 60) == 2
    assert worker.words().startswith("Redis at redis://user:***@127.0.0.1:1/0 cannot be reached: ")
    assert "pass-word" not in worker.words()


async def test_it_does_not_start_with_a_token_that_slack_refuses(world: World) -> None:
    worker = world.spawn(SLACK_BOT_TOKEN="xoxb-other")
    assert await asyncio.to_thread(worker.process.wait, 60) == 2
    assert worker.words() == "Slack refuses SLACK_BOT_TOKEN: invalid_auth.\n"


async def test_several_workers_share_one_redis_and_one_key(world: World) -> None:
    for worker in [world.spawn() for _ in range(3)]:
        await world.ready(worker)
    for place in ("a", "b", "c", "d"):
        await world.ask(place)
    assert await world.answer_everybody() == {}
    assert await world.broken() == []


async def test_without_a_target_it_lends_itself_the_demo_host_and_says_so_loudly(world: World) -> None:
    shipped = {"ASSENT_SKILLS": str(ROOT / "skills"), "ASSENT_POLICIES": str(ROOT / "policies")}
    address = world.root / "home" / "host" / "host.json"
    worker = await world.ready(world.spawn(**shipped))
    try:
        host = json.loads(address.read_text())
        assert f"THIS IS THE DEMO HOST at {host['url']}, nothing real is deployed to." in worker.words()
        second = await world.ready(world.spawn(**shipped))
        assert host["url"] in second.words()
        world.bury(worker)
        os.kill(host["pid"], signal.SIGKILL)
        await world.until(lambda: "the demo host had died" in second.words(), second.words)
        assert json.loads(address.read_text())["pid"] != host["pid"]
    finally:
        os.kill(json.loads(address.read_text())["pid"], signal.SIGTERM)


async def test_no_host_is_started_for_skills_that_need_none(world: World) -> None:
    await world.ready(world.spawn())
    assert not (world.root / "home" / "host").exists()
