"""What commands open: the environment, the artifacts, Redis, one workspace's store."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.terms import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from bot.artifacts import Artifacts, Problem
    from bot.ask.catalog import Catalog
    from bot.assess.policy import Policies
    from bot.config import Config
    from bot.store.store import Store


def config() -> Config:
    """Raises Misconfigured, which is said in words and ends with 2."""
    from bot.config import Config

    return Config.from_env(os.environ)


def artifacts() -> Artifacts:
    """The skills and policies of this configuration."""
    from bot.artifacts import Artifacts

    found = config()
    return Artifacts(found.skills_dir, found.policies_dir)


def skills() -> Catalog:
    """The skills there are; raises Refused where no folder of them is, which is not the same as none."""
    if not (folder := config().skills_dir).is_dir():
        raise Refused(f"There is no folder {folder}. Set ASSENT_SKILLS, or run this where it is.")
    return artifacts().skills()


def policies() -> Policies:
    """The armed policies; raises Refused with every problem when they do not load."""
    return policies_in(None)


def policies_in(folder: Path | None) -> Policies:
    """Like `policies`, of another folder: a draft is held to the same rules."""
    from bot.artifacts import Artifacts

    found = (Artifacts(config().skills_dir, folder) if folder is not None else artifacts()).policies()
    if found.problems:
        raise Refused("\n".join(["The policies do not load.", *map(str, found.problems)]))
    return found


def problems(folder: Path) -> list[Problem]:
    """What is wrong in one of the two folders."""
    label = folder.resolve().name
    return [problem for problem in artifacts().problems if problem.file.split("/")[0] == label]


@asynccontextmanager
async def redis(config: Config) -> AsyncIterator[Redis]:
    """The Redis of REDIS_URL, else the embedded one of `assent dev`, which need not be running."""
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    from bot.store.connection import connect, shown
    from bot.store.embedded import EmbeddedRedis

    if config.redis_url:
        async with connect(config.redis_url) as client:
            try:
                await client.ping()
            except (RedisConnectionError, RedisTimeoutError) as error:
                raise Refused(f"Redis at {shown(config.redis_url)} cannot be reached: {error}") from None
            yield client
    elif config.embedded_data.is_dir():
        async with EmbeddedRedis(config.embedded_data) as url, connect(url) as client:
            yield client
    else:
        raise Refused(
            f"REDIS_URL is not set, and {config.home} has no data of `assent dev`. "
            "Set REDIS_URL, or run this in the folder in which you ran `assent dev`."
        )


@asynccontextmanager
async def store(team: str | None) -> AsyncIterator[Store]:
    """The store of `team`, or of the only workspace there is."""
    from bot.store.store import Store

    async with redis(config()) as client:
        teams = await Store.teams(client)
        if team is None and len(teams) > 1:
            raise Refused(f"There are several workspaces. Say which one with --team: {', '.join(teams)}.")
        if not teams or team not in (None, *teams):
            known = f"Known: {', '.join(teams)}." if teams else "Nobody has asked for anything yet."
            raise Refused(f"There is no workspace {team or 'here'}. {known}")
        yield Store(client, team or teams[0])
