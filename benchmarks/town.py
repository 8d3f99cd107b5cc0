"""Where the benchmarks live: a real Redis, the local Slack without its limits, our programs as processes."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from bot.cli.child import Child
from bot.config import Config
from bot.playground.server import LocalSlack
from bot.slack.manifest import manifest
from bot.store.embedded import EmbeddedRedis

ROOT = Path(__file__).parents[1]
SKILLS = Path(os.environ.get("ASSENT_SKILLS", ROOT / "skills")).absolute()
POLICIES = Path(os.environ.get("ASSENT_POLICIES", ROOT / "policies")).absolute()
"""The shipped ones, unless the environment names others."""
SECRET, TOKEN = "a-signing-secret-of-the-benchmarks", "xoxb-benchmarks"
WEB = (sys.executable, "-m", "bot.cli", "web")
WORKER = (sys.executable, "-m", "bot.cli", "worker")
HOST = (sys.executable, "-m", "bot.playground.host")
BARE = (sys.executable, "-m", "benchmarks.bare_bolt")
READY_S = 30.0
NOT_PASSED_ON = ("SLACK_", "ASSENT_", "PYTHONDONTWRITEBYTECODE")
"""Our own settings, and the one that would have every start compile what an installed app has compiled."""


class Broken(Exception):
    """Something the benchmarks need did not work; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running process that is ready. `ready_s` is from its spawn to the first 200 of /readyz."""

    child: Child
    port: int
    ready_s: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/slack/events"

    def resident_mb(self) -> float:
        """Resident memory as the system counts it, in millions of bytes."""
        try:
            lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
            kib = next(line for line in lines if line.startswith("VmRSS:")).split()[1]
        except OSError:  # no /proc: macOS
            kib = subprocess.check_output(("ps", "-o", "rss=", "-p", str(self.child.pid)), text=True)
        return int(kib) * 1024 / 1e6


class Town:
    """`async with` starts Redis and Slack. Everything ends with it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            self.redis_url = await self._stack.enter_async_context(EmbeddedRedis(self.home / "redis"))
            keys = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SECRET}
            self.slack = LocalSlack(
                manifest=manifest(Config.from_env({**keys, "ASSENT_URL": "http://127.0.0.1"})),
                signing_secret=SECRET,
                bot_token=TOKEN,
                rate_limits=False,
                retry_delays=(),
            )
            await self.slack.start()
            self._stack.push_async_callback(self.slack.close)
        except BaseException:
            await self._stack.aclose()
            raise
        own = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        self.environment = {
            **own,
            **keys,
            "SLACK_API_URL": self.slack.api_url,
            "REDIS_URL": self.redis_url,
            "HOST": "127.0.0.1",
            "ASSENT_SKILLS": str(SKILLS),
            "ASSENT_POLICIES": str(POLICIES),
            "ASSENT_HOME": str(self.home),
            "ASSENT_REDIS_CHECK": "warn",
        }
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def serving(self, argv: tuple[str, ...], **more: str) -> AsyncIterator[Program]:
        """A web process, ours or a bare one, from its spawn on and until it ended."""
        port = _free_port()
        child = Child(f"web-{port}", argv, self._with({"PORT": str(port), **more}), self.home / "logs")
        began = time.perf_counter()
        await child.start()
        try:
            await self._ready(child, port)
            yield Program(child, port, time.perf_counter() - began)
        finally:
            await child.end()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker, and a host it can plan deployments to."""
        argv = (*HOST, "--home", str(self.home / "host"), "--with-stdin")
        host = Child("host", argv, self._with({}), self.home / "logs", says_first=True)
        line = await host.start()
        try:
            target = {"ASSENT_TARGET": str(json.loads(line)["url"])}
            worker = Child("worker", WORKER, self._with(target), self.home / "logs")
            await worker.start()
            try:
                await _until(lambda: "ready:" in worker.log(), worker)
                yield
            finally:
                await worker.end()
        finally:
            await host.end()

    def _with(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**self.environment, **more}

    async def _ready(self, child: Child, port: int) -> None:
        url, give_up, said = f"http://127.0.0.1:{port}/readyz", time.monotonic() + READY_S, "nothing"
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < give_up:
                with suppress(aiohttp.ClientError):
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                        said = await answer.text()
                await asyncio.sleep(0.005)
        raise Broken(f"{child.name} did not get ready. It said {said}. Its log: {child.last_words()}")


async def _until(true: Callable[[], bool], child: Child) -> None:
    give_up = time.monotonic() + READY_S
    while not true():
        if time.monotonic() > give_up:
            raise Broken(f"{child.name} did not get ready: {child.last_words()}")
        await asyncio.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
