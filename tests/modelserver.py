"""A server of OpenAI's chat-completions protocol on 127.0.0.1. It is no model: it says what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220}
Say = str | dict[str, Any] | web.Response | Callable[[web.Request], Any]


@dataclass
class ModelServer:
    """Answers in the order of `says`, the last one for ever. `gone` is set when a client hung up on it."""

    url: str = ""
    says: list[Say] = field(default_factory=lambda: ['{"cause": "disk full", "sure": true}'])
    usage: dict[str, int] | None = field(default_factory=lambda: dict(USAGE))
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    wrote: int = 0

    async def chat(self, asked: web.Request) -> web.StreamResponse:
        self.heard.append(await asked.json())
        self.headers.append(dict(asked.headers))
        self.asked.set()
        say = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if callable(say):
            try:
                say = await say(asked)
            except (asyncio.CancelledError, ConnectionError):
                self.gone.set()
                raise
        if isinstance(say, web.StreamResponse):
            return say
        message = {"role": "assistant", "content": say} if isinstance(say, str) else dict(say)
        finish = "tool_calls" if message.get("tool_calls") else message.pop("finish_reason", "stop")
        answer = {
            "id": "c-1", "object": "chat.completion", "created": 1, "model": self.heard[-1]["model"],
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        }  # fmt: skip
        return web.json_response(answer if self.usage is None else {**answer, "usage": self.usage})

    async def slowly(self, _: web.Request) -> str:
        await asyncio.sleep(60)
        return "{}"

    async def without_end(self, asked: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(asked)
        while True:
            await answer.write(b" " * (1 << 16))
            self.wrote += 1 << 16


def calling(name: str, arguments: object, *, call: str = "t-1") -> dict[str, Any]:
    """A message that asks for a tool."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    one = {"id": call, "type": "function", "function": {"name": name, "arguments": text}}
    return {"role": "assistant", "content": None, "tool_calls": [one]}


@asynccontextmanager
async def serving() -> AsyncIterator[ModelServer]:
    server = ModelServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.chat)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
