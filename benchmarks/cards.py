"""What people see: the card after their command, the card after their click."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.findings import Effort, Finding
from benchmarks.town import BARE, WEB, Broken, Town
from bot.playground.client import SlackClient
from bot.playground.workspace import Change, Workspace

BASELINE = "bare Bolt that posts a button and edits it"
CHANNEL = "C0DEPLOYS"
DEPLOYS = ("deploy service=checkout version=1.4.2", "deploy service=payments version=2.1.1")
PATIENCE_S = 30.0
Json = dict[str, Any]


@dataclass(slots=True)
class Watch:
    """When which message appeared or changed, seen where the workspace itself changes."""

    workspace: Workspace
    _waiting: list[tuple[Callable[[Change], bool], asyncio.Future[tuple[float, Json]]]] = field(
        default_factory=list
    )

    def __post_init__(self) -> None:
        self.workspace.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        now = time.perf_counter()
        for wanted, found in self._waiting:
            if not found.done() and wanted(change):
                found.set_result((now, change.data))
        self._waiting = [each for each in self._waiting if not each[1].done()]

    def for_(self, wanted: Callable[[Change], bool]) -> asyncio.Future[tuple[float, Json]]:
        found: asyncio.Future[tuple[float, Json]] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, found))
        return found


async def measure(town: Town, effort: Effort) -> list[Finding]:
    """No think time, no rate limits at the local Slack; the updates stay within our own fifty a minute.

    Twenty requests are forty updates: more would be held back by the pace of the cards, and measure that.
    """
    watch = Watch(town.slack.workspace)
    posted: tuple[list[float], list[float]] = [], []
    updated: tuple[list[float], list[float]] = [], []
    async with (
        SlackClient(town.slack.url) as people,
        town.serving(BARE, BARE_CARDS="1") as plain,
        town.serving(WEB) as web,
        town.working(),
    ):
        for number in range(effort.cards):
            town.slack.request_url = plain.url
            text = f"/assent {number}"
            took, message = await _posted(watch, people, text, lambda change: "blocks" in change.data)
            posted[1].append(took)
            updated[1].append(await _clicked(watch, people, message, "alice"))

            town.slack.request_url = web.url
            text = f"/assent {DEPLOYS[number % 2]} to production"
            took, message = await _posted(watch, people, text, lambda change: _state(change.data) is not None)
            posted[0].append(took)
            message = await _waiting(watch, town, message)
            updated[0].append(await _clicked(watch, people, message, "bob"))
    return [
        _finding("command-to-card", "from typing the command to the card in the channel, p50", posted, 60.0),
        _finding("click-to-card", "from pressing Approve to the vote on the card, p50", updated, 40.0),
    ]


def _finding(name: str, what: str, taken: tuple[list[float], list[float]], limit: float) -> Finding:
    return Finding(
        name=name,
        what=what,
        against=BASELINE,
        target=f"< {limit:.0f} ms",
        unit="ms",
        measured=median(taken[0]) * 1000,
        baseline=median(taken[1]) * 1000,
        limit=limit,
        note=f"slowest {max(taken[0]) * 1000:.0f} ms",
    )


async def _posted(
    watch: Watch, people: SlackClient, text: str, ours: Callable[[Change], bool]
) -> tuple[float, Json]:
    seen = watch.for_(lambda change: change.kind == "message" and change.channel == CHANNEL and ours(change))
    began = time.perf_counter()
    _, (at, message) = await asyncio.gather(
        people.command("alice", CHANNEL, text), asyncio.wait_for(seen, PATIENCE_S)
    )
    return at - began, message


async def _waiting(watch: Watch, town: Town, message: Json) -> Json:
    """The card once it asks for approval; it may do so already."""
    ts, channel = message["ts"], town.slack.workspace.channels[CHANNEL]
    later = watch.for_(lambda change: change.data.get("ts") == ts and _state(change.data) == "waiting")
    now = channel.find(ts) or message
    if _state(now) == "waiting":
        return now
    try:
        return (await asyncio.wait_for(later, PATIENCE_S))[1]
    except TimeoutError:
        raise Broken(f"the card never asked for approval: {(channel.find(ts) or message)['text']}") from None


async def _clicked(watch: Watch, people: SlackClient, message: Json, who: str) -> float:
    ts = message["ts"]
    seen = watch.for_(lambda change: change.kind == "message_changed" and change.data.get("ts") == ts)
    began = time.perf_counter()
    _, (at, _) = await asyncio.gather(
        people.click(who, message, "approve", channel=CHANNEL), asyncio.wait_for(seen, PATIENCE_S)
    )
    return at - began


def _state(message: Json) -> str | None:
    found = message.get("metadata", {}).get("event_payload", {}).get("state")
    return str(found) if found else None
