"""What our two processes do in the same way: begin only where nothing can be lost, go on, and end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError
from slack_sdk.web.async_client import AsyncWebClient

from bot.artifacts import Artifacts, Lately
from bot.assess.policy_warnings import warnings
from bot.authorize.directory import Directory
from bot.config import Config
from bot.flow.ports import StoreAway
from bot.slack import web_api
from bot.store.check import check
from bot.store.connection import shown
from bot.terms import Refused

log = logging.getLogger("assent.process")

AGAIN_S = 1.0
"""Between one try and the next at Slack, and before a loop that broke is begun again."""

Loop = Callable[[], Coroutine[Any, Any, None]]


class Serve(Protocol):
    def __call__(
        self, config: Config, *, ready: Callable[[str], None], stop: asyncio.Event
    ) -> Awaitable[None]: ...


def run(serve: Serve, *, name: str) -> None:
    """Serve until SIGTERM or Ctrl-C, then end with 0. Raises Refused when it must not start."""
    config = Config.from_env(os.environ)
    logging.basicConfig(level=config.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    said = logging.getLogger(f"assent.{name}")

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(config, ready=lambda what: said.info("ready: %s", what), stop=stop)

    asyncio.run(until_told())


async def refuse_forgetful(redis: Redis, config: Config) -> None:
    """Raises Refused, with everything to change, when this Redis could lose what it acknowledged."""
    try:
        findings = await check(redis)
    except (RedisError, OSError) as error:
        raise Refused(f"Redis at {shown(config.redis_url or '')} cannot be reached: {error}") from error
    refusals = [str(one) for one in findings if one.severity == "refuse" and config.redis_check == "refuse"]
    if refusals:
        anyway = "(ASSENT_REDIS_CHECK=warn starts anyway, for trying things out.)"
        raise Refused("\n".join([*refusals[:-1], f"{refusals[-1]} {anyway}"]))
    for finding in findings:
        log.warning("%s", finding)


async def told_by_slack(client: AsyncWebClient, stop: asyncio.Event) -> Mapping[str, Any] | None:
    """Who we are, by `auth.test`: asked until Slack answers; None when we were told to stop first.

    Raises Refused when Slack answers that the token is no good.
    """
    while not stop.is_set():
        try:
            told = (await client.auth_test()).data
            return told if isinstance(told, dict) else None
        except web_api.FAILURES as raised:
            why = web_api.failure(raised)
            if not why.later:
                raise Refused(f"Slack refuses SLACK_BOT_TOKEN: {why.error}.") from raised
            log.warning("Slack does not answer yet: %s", why.error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(AGAIN_S, why.wait_s))
    return None


def armed(artifacts: Artifacts | Lately) -> None:
    """Raises Refused, with the first file and line, while the policies do not load."""
    if problems := artifacts.policies().problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Refused(f"The policies do not load, so nothing may run: {problems[0]}{more}")


def warn(artifacts: Artifacts) -> None:
    """Log what is doubtful about the policies that are armed: a review that is due, approvers too few."""
    for doubt in warnings(artifacts.policies(), today=datetime.now(UTC).date()):
        log.warning("%s", doubt)


def directory_of(artifacts: Artifacts) -> Directory:
    """Raises Refused while the policies do not load: who is who is then what it last was, or not known."""
    armed(artifacts)
    return Directory(artifacts.policies().roster)


async def kept(loop: Loop) -> None:
    """Until cancelled: a loop that breaks is begun again, what it had not finished is still in its stream."""
    while True:
        try:
            await loop()
        except StoreAway as away:
            log.warning("%s", away)
        except Exception:
            log.exception("a loop broke and is begun again")
        await asyncio.sleep(AGAIN_S)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel, and again: redis-py can turn the cancellation of a blocking read into an error of its own."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.2)
