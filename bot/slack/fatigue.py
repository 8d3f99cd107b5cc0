"""How people answer: how soon, how often yes, how many one after another. Nobody is named in it."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.authorize.approval import standing
from bot.authorize.click import Answered, Click
from bot.flow.request import Request

ROW_S = 600.0
"""Approvals of one person within so long are one row."""
REMEMBERED = 2000

_SECONDS = (2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)
_ROW = (1, 2, 3, 5, 8, 13, 21, 34)


class Fatigue:
    """Counts for this process alone, from clicks that were answered. A yes in two seconds was hardly read."""

    def __init__(self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: OrderedDict[str, deque[float]] = OrderedDict()
        self.clicks = Counter(
            "assent_clicks",
            "Clicks by action and outcome: counted, or why not",
            ["action", "outcome"],
            registry=registry,
        )
        self.took = Histogram(
            "assent_answer_after_seconds",
            "From the moment a request waits to an answer that counts",
            ["answer"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.row = Histogram(
            "assent_approvals_in_a_row",
            f"How many approvals this was of one person within {ROW_S / 60:.0f} minutes",
            buckets=_ROW,
            registry=registry,
        )
        self.read = Counter(
            "assent_approvals_read",
            "Approvals, by whether they were given under the whole plan",
            ["read"],
            registry=registry,
        )

    def seen(self, click: Click, answered: Answered, request: Request | None) -> None:
        """`request` as it is after the click."""
        outcome = answered.reason.value if answered.reason else "counted"
        self.clicks.labels(click.action, outcome).inc()
        if not answered.counted or click.action not in ("approve", "deny"):
            return
        if request is not None and request.waits_since and request.assessment:
            votes = standing(request.votes, request.assessment.digest).values()
            mine = [vote for vote in votes if vote.slack_user == click.slack_user]
            for vote in mine:
                self.took.labels(click.action).observe((vote.at - request.waits_since).total_seconds())
        if click.action == "approve":
            self.read.labels("yes" if click.read else "no").inc()
            self.row.observe(self._in_a_row(click.slack_user))

    def _in_a_row(self, slack_user: str) -> int:
        now = self._clock()
        row = self._rows.pop(slack_user, deque())
        row.append(now)
        while row[0] <= now - ROW_S:
            row.popleft()
        self._rows[slack_user] = row
        if len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)
        return len(row)
