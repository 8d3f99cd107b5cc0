"""Slack as a source of commands, a process of its own: `python -m benchmarks.load` takes an order.

Every command has its own trigger and text and a real signature; all are written before the first is sent, and
sent as plain bytes over kept connections, so that the client takes as little of the machine as can be.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from bot.playground.wire import FORM, signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`count` commands to a port of this machine, `at_once` of them on their way at a time."""

    port: int
    secret: str
    team: str
    label: str
    count: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Seconds each answer took, seconds for all, and how many were an empty 200."""

    taken: list[float]
    whole: float
    acknowledged: int


def written(order: Order, number: int) -> bytes:
    body = urlencode(
        {
            "token": "t" * 24,
            "team_id": order.team,
            "team_domain": "local",
            "channel_id": "C0DEPLOYS",
            "channel_name": "deploys",
            "user_id": ("U0ALICE", "U0BOB", "U0CAROL", "U0DAVE")[number % 4],
            "user_name": "somebody",
            "command": "/assent",
            "text": f"deploy service=checkout version=1.{order.label}.{number} to staging",
            "api_app_id": "A0ASSENT",
            "is_enterprise_install": "false",
            "response_url": f"http://127.0.0.1:9/commands/{order.label}/{number}",
            "trigger_id": f"{order.label}.{number}.{'0' * 32}",
        }
    )
    now = str(int(time.time()))
    head = (
        "POST /slack/events HTTP/1.1",
        f"Host: 127.0.0.1:{order.port}",
        "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)",
        "Accept: application/json,*/*",
        f"Content-Type: {FORM}",
        f"X-Slack-Request-Timestamp: {now}",
        f"X-Slack-Signature: {signature(order.secret, now, body)}",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


async def sent(order: Order) -> Answers:
    waiting = [written(order, number) for number in range(order.count)]
    waiting.reverse()
    taken: list[float] = []
    good: list[bool] = []

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", order.port)
        try:
            while waiting:
                request = waiting.pop()
                began = time.perf_counter()
                writer.write(request)
                good.append(await _acknowledged(reader))
                taken.append(time.perf_counter() - began)
        finally:
            writer.close()
            await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(line() for _ in range(order.at_once)))
    return Answers(taken, time.perf_counter() - began, sum(good))


async def _acknowledged(reader: asyncio.StreamReader) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, found, rest = head.partition(b"content-length:")
    length = int(rest.partition(b"\r\n")[0]) if found else 0
    body = await reader.readexactly(length)
    return b" 200 " in head.partition(b"\r\n")[0] and not body.strip()


async def ordered(order: Order) -> Answers:
    """Have the load sent by a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(json.dumps(asdict(order)).encode())
    if process.returncode:
        raise RuntimeError("the load client broke: what it wrote is above")
    found: dict[str, Any] = json.loads(said)
    return Answers(**found)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(sent(Order(**json.load(sys.stdin)))))))
