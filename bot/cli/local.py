"""Everything on one machine: Redis, the local Slack, a host to deploy to, and the bot's two processes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from bot.cli.child import Child
from bot.config import Config
from bot.playground.host.home import variables
from bot.playground.server import LocalSlack
from bot.slack.manifest import manifest
from bot.store.embedded import EmbeddedRedis
from bot.terms import Refused

READY_S = 40.0
"""For the web process to say it is ready; on a cold disk Python takes its time to read its modules."""
LEASE_S = 5
"""Shorter than in production: a newcomer who kills the worker wants to see it recovered."""

Say = Callable[[str], None]


class Local:
    """`async with` starts everything, in the order in which one needs the other, and ends it all again.

    `say` hears one line for each thing that is up. What a child writes goes to `home/logs`. A child that ends
    by itself is started again, so that killing one can be tried out.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 3000,
        fresh: bool = False,
        skills_dir: Path = Path("skills"),
        policies_dir: Path = Path("policies"),
        command: str = "/assent",
        rate_limits: bool = True,
        socket_mode: bool = False,
        say: Say = lambda line: None,
    ) -> None:
        self.home = home.expanduser().absolute()
        self._port, self._fresh, self._say, self._rate_limits = port, fresh, say, rate_limits
        self._command, self._socket_mode = command, socket_mode
        self._folders = {"ASSENT_SKILLS": skills_dir.absolute(), "ASSENT_POLICIES": policies_dir.absolute()}
        self.example = _example(self._folders["ASSENT_SKILLS"], self._folders["ASSENT_POLICIES"])
        """What a newcomer can type: None for the shipped example, empty where there is none."""
        self._stack = AsyncExitStack()
        self.environment: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """The page of the local Slack."""
        return self._slack.url

    @property
    def skills_dir(self) -> Path:
        return self._folders["ASSENT_SKILLS"]

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def target_url(self) -> str:
        return self.environment["ASSENT_TARGET"]

    async def _start(self) -> None:
        missing = [str(folder) for folder in self._folders.values() if not folder.is_dir()]
        if missing:
            raise Refused(f"There is no {' and no '.join(missing)}. Run this in a clone of the repository.")
        if self._fresh:
            _forget(self.home)
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        redis_url = await self._redis()
        keys = _keys(self.home / "local-keys.json")
        if not self._socket_mode:
            del keys["SLACK_APP_TOKEN"]
        web_port = _free_port(self._port + 1 if self._port else 0)
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SLACK_", "ASSENT_"))
            },
            **keys,
            **{name: str(folder) for name, folder in self._folders.items()},
            "REDIS_URL": redis_url,
            "HOST": "127.0.0.1",
            "PORT": str(web_port),
            "ASSENT_HOME": str(self.home),
            "ASSENT_COMMAND": self._command,
            "ASSENT_LEASE_S": str(LEASE_S),
            "ASSENT_REDIS_CHECK": "warn",
            # Skills, host and machine are one person's own: walls where there are any, no refusal without.
            "ASSENT_SANDBOX": os.environ.get("ASSENT_SANDBOX", "").strip() or "any",
        }
        await self._open_slack(keys, web_port)
        self.environment["SLACK_API_URL"] = self._slack.api_url
        await self._open_host()
        await self._open_bot()

    async def _redis(self) -> str:
        began = time.monotonic()
        if url := os.environ.get("REDIS_URL"):
            self._say("Redis: the one of REDIS_URL")
            return url
        url = await self._stack.enter_async_context(EmbeddedRedis(self.home / "redis"))
        self._say(f"Redis: a server of our own, up in {(time.monotonic() - began) * 1000:.0f} ms")
        return url

    async def _open_slack(self, keys: Mapping[str, str], web_port: int) -> None:
        address = {"ASSENT_URL": f"http://127.0.0.1:{web_port}", "ASSENT_COMMAND": self._command}
        described = manifest(Config.from_env({**keys, **address}))
        self._slack = LocalSlack(
            manifest=described,
            signing_secret=keys["SLACK_SIGNING_SECRET"],
            bot_token=keys["SLACK_BOT_TOKEN"],
            app_token=keys.get("SLACK_APP_TOKEN", ""),
            request_url=f"http://127.0.0.1:{web_port}/slack/events",
            state_path=self.home / "slack.json",
            rate_limits=self._rate_limits,
            example=self.example,
            port=self._port,
        )
        try:
            await self._slack.start()
        except OSError as taken:
            raise Refused(f"Port {self._port} is taken. Choose another: --port {self._port + 10}.") from taken
        self._stack.push_async_callback(self._slack.close)
        self._say(f"Slack: a workspace of our own at {self._slack.url}")

    async def _open_host(self) -> None:
        """The demo host: two services in three environments, as real processes behind real switches."""
        began = time.monotonic()
        argv = (
            sys.executable,
            "-m",
            "bot.playground.host",
            "--home",
            str(self.home / "host"),
            "--with-stdin",
        )
        self.host = Child("host", argv, self.environment, self.home / "logs", says_first=True)
        line = await self.host.start()
        self._stack.push_async_callback(self.host.end)
        try:
            self.environment |= variables(self.home / "host", str(json.loads(line)["url"]))
        except (ValueError, KeyError) as error:
            raise Refused(f"The demo host did not start. Its words: {self.host.last_words()}") from error
        self._say(
            f"Host: checkout and payments in three environments, up in {time.monotonic() - began:.1f} s"
        )

    async def _open_bot(self) -> None:
        began = time.monotonic()
        program = (sys.executable, "-m", "bot.cli")
        self.worker = Child("worker", (*program, "worker"), self.environment, self.home / "logs", again=True)
        self.web = Child("web", (*program, "web"), self.environment, self.home / "logs", again=True)
        for child in (self.web, self.worker):
            await child.start()
            self._stack.push_async_callback(child.end)
        await self._until_ready()
        self._say(f"Bot: web and worker, ready in {time.monotonic() - began:.1f} s")

    async def _until_ready(self) -> None:
        """`/readyz` of the web process, and a worker that has introduced itself."""
        deadline, said = time.monotonic() + READY_S, ""
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.web_url}/readyz") as answer:
                        said = await answer.text()
                        if answer.status == 200 and "ready:" in self.worker.log():
                            return
                await asyncio.sleep(0.05)
        words = "\n".join(f"{child.name}: {child.last_words()}" for child in (self.web, self.worker))
        raise Refused(f"The bot did not get ready within {READY_S:.0f} s.\n{words}\nIts checks: {said}")


def _example(skills: Path, policies: Path) -> str | None:
    """What a newcomer can type here: None for the shipped skills, whose example the page knows.

    Of others it is the first example that is a whole request; empty where none is.
    """
    from bot.artifacts import Artifacts
    from bot.ask.grammar import Complete, parse

    if (skills / "deploy").is_dir():
        return None
    catalog = Artifacts(skills, policies).skills()
    for skill in catalog.values():
        for text in skill.manifest.examples:
            with suppress(Refused):
                if isinstance(parse(text, catalog), Complete):
                    return text
    return ""


def _keys(file: Path) -> dict[str, str]:
    """Keys for this machine's own workspace, made once: buttons of yesterday's cards stay genuine."""
    if not file.exists():
        made = {
            "SLACK_BOT_TOKEN": f"xoxb-local-{secrets.token_hex(16)}",
            "SLACK_APP_TOKEN": f"xapp-local-{secrets.token_hex(16)}",
            "SLACK_SIGNING_SECRET": secrets.token_hex(16),
        }
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(made, out)
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _free_port(wanted: int) -> int:
    """`wanted` if nobody has it, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Refused("There is no free port on 127.0.0.1.")


def _forget(home: Path) -> None:
    """Only what we put there: never a folder that holds something else."""
    for name in ("redis", "host", "logs", "runs", "slack.json", "local-keys.json"):
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in home.glob("audit*"):
        path.unlink()
