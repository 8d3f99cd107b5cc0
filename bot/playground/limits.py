"""Slack's rate limits: a token bucket per method, and one per channel for posting."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` calls are given back a minute; `burst` may be made at once."""

    per_minute: float
    burst: int


class Tier(Enum):
    """The tiers of docs.slack.dev/apis/web-api/rate-limits.

    Slack promises the rate and tolerates "occasional bursts" of unpublished size: ours are small, so
    what passes here passes there.
    """

    ONE = Rate(1, 10)  # apps.connections.open: several sockets are opened at once when a process starts
    TWO = Rate(20, 10)
    THREE = Rate(50, 20)
    FOUR = Rate(100, 40)
    POSTING = Rate(300, 60)  # "several hundred messages per minute" for a workspace
    SPECIAL = Rate(600, 100)  # auth.test: "hundreds per minute"


POST_TO_ONE_CHANNEL = Rate(60, 5)  # one a second to a channel, short bursts tolerated


class Bucket:
    def __init__(self, rate: Rate, now: float) -> None:
        self.rate, self.tokens, self.at = rate, float(rate.burst), now

    def take(self, now: float) -> float:
        """Takes one token: 0.0, or the seconds until there will be one and nothing is taken."""
        per_second = self.rate.per_minute / 60
        self.tokens = min(self.rate.burst, self.tokens + (now - self.at) * per_second)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / per_second


class Limits:
    def __init__(self, *, enforced: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.enforced, self._clock = enforced, clock
        self._buckets: dict[str, Bucket] = {}

    def wait_for(self, method: str, tier: Tier, channel: str = "") -> int:
        """Whole seconds to wait before this call may be made (Retry-After); 0 when it may be made now."""
        if not self.enforced:
            return 0
        asked = [(method, tier.value)]
        if tier is Tier.POSTING and channel:
            asked.append((f"{method} {channel}", POST_TO_ONE_CHANNEL))
        now = self._clock()
        return max(
            math.ceil(self._buckets.setdefault(key, Bucket(rate, now)).take(now)) for key, rate in asked
        )
