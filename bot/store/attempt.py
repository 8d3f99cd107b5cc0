"""Asking Redis, with our own bounded retry in place of the library's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from redis.exceptions import (
    ClusterError,
    ExecAbortError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.flow.ports import StoreAway

ATTEMPTS = 3
_DECLINES = (OutOfMemoryError, ReadOnlyError, ClusterError, ExecAbortError)
_DECLINES_BY_CODE = ("MISCONF", "NOREPLICAS")
"""Redis is there and will not write now: it is full, a replica, or without its disk."""


async def attempt(call: Callable[[], Any]) -> Any:
    """Ask, and ask again when the connection broke or stayed silent.

    Safe because every script that writes carries the name of its attempt: sent twice, it writes once. Raises
    StoreAway when Redis stays away; an error of our own making (ResponseError) is a bug and goes through.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            return await call()
        except ResponseError as error:
            if isinstance(error, _DECLINES) or str(error).startswith(_DECLINES_BY_CODE):
                raise _refused() from error
            raise
        except (RedisConnectionError, RedisTimeoutError, OSError) as error:
            if not left:
                raise _away(error) from error
            await asyncio.sleep(0.05)
        except RedisError as error:
            raise _refused() from error
    raise AssertionError("the last attempt returns or raises")


def _away(error: Exception) -> StoreAway:
    """What was sent and never answered may have been heard: only what could not be sent was surely not."""
    if isinstance(error, RedisTimeoutError):
        return StoreAway(
            "My store does not answer. What was said may still be taken: look before you say it again."
        )
    return StoreAway("I cannot reach my store. Nothing was started; try again in a minute.")


def _refused() -> StoreAway:
    return StoreAway("My store refused to answer. Nothing was started; try again in a minute.")
