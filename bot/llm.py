"""Models, through LiteLLM: loaded when the first is asked, in a thread with an event loop of its own.

Importing it takes seconds of CPU, and so does the first call; beside the worker's loop neither keeps a lease
from being renewed. Every attempt is ours: LiteLLM retries nothing, tells nobody and follows no environment.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from bot.execute.steps.account import Usage
from bot.execute.steps.model import Answered, Asking, Reply, ToolCall, Unanswered

LONGEST = 1 << 20
"""Bytes of an answer; a server that says more is not listened to."""
_TURNED_AWAY = frozenset({400, 401, 403, 404, 413, 422, 429})
"""Said before a model was asked, so nothing was used. After everything else it may have been."""
_NO_KEY = "none"
"""Sent where no key is configured: with nothing at all a library would look for one in the environment."""

Done = TypeVar("Done")


class Gateway:
    """One for a worker. What was begun is awaited by whoever asked; `close` ends the rest."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._litellm: Any = None

    async def ask(self, asking: Asking) -> Reply:
        """One call. Never raises for what a server does; cancelled, it closes the connection."""
        return await asyncio.wrap_future(self._submit(self._asked(asking)))

    async def load(self) -> None:
        """Load the library, once. Raises nothing: whoever asks then hears what is wrong with it."""
        await asyncio.wrap_future(self._submit(self._loaded()))

    def close(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
            self._loop = self._thread = None

    def _submit(self, work: Coroutine[Any, Any, Done]) -> Future[Done]:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._run, args=(self._loop,), name="models", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            if self._litellm is not None:
                loop.run_until_complete(self._litellm.aclient_session.aclose())
        finally:
            loop.close()

    async def _loaded(self) -> str:
        """In the thread, whose other calls wait with it. Says what is wrong."""
        try:
            self._litellm = self._litellm or _library()
        except Exception as error:  # noqa: BLE001  an installation without it: every model step says so
            return f"{type(error).__name__}: {error}"
        return ""

    async def _asked(self, asking: Asking) -> Reply:
        if wrong := await self._loaded():
            return Unanswered(why=f"LiteLLM cannot be loaded here: {wrong}", free=True)
        try:
            return _read(await self._litellm.acompletion(**_arguments(asking)))
        except Exception as error:  # noqa: BLE001  a server's answer may break any of three libraries: no bug of ours
            return _unanswered(error)


def _library() -> Any:
    """LiteLLM, as we want it. Left alone it reads `.env` files, proxies and keys of the environment."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    import httpx
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.drop_params = False
    litellm.num_retries = 0
    litellm.cache = None
    litellm.in_memory_llm_clients_cache.flush_cache()  # of another loop, when there was one
    litellm.disable_aiohttp_transport = True
    litellm.disable_aiohttp_trust_env = True
    for kind in ("input_callback", "success_callback", "failure_callback", "service_callback", "callbacks"):
        setattr(litellm, kind, [])
    litellm.aclient_session = httpx.AsyncClient(
        transport=_bounded(httpx), trust_env=False, follow_redirects=False
    )
    return litellm


def _bounded(httpx: Any) -> Any:
    """A way out that asks no proxy, tries once, and stops reading at LONGEST."""

    class Stream(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            heard = 0
            async for chunk in self._stream:
                heard += len(chunk)
                if heard > LONGEST:
                    raise httpx.ReadError(f"the answer is longer than {LONGEST >> 10} kB")
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Bounded(httpx.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self) -> None:
            # The system's authorities, and not those a package brings: a company's own are among them.
            self._out = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), retries=0)

        async def handle_async_request(self, request: Any) -> Any:
            # What is packed could be small here and large when it is unpacked.
            request.headers["accept-encoding"] = "identity"
            answer = await self._out.handle_async_request(request)
            if answer.headers.get("content-encoding", "identity") != "identity":
                await answer.aclose()
                raise httpx.ReadError("the answer is packed, and was not asked to be")
            answer.stream = Stream(answer.stream)
            return answer

        async def aclose(self) -> None:
            await self._out.aclose()

    return Bounded()


def _arguments(asking: Asking) -> dict[str, Any]:
    tier = asking.tier
    arguments: dict[str, Any] = {
        "model": tier.model,
        "api_base": tier.api_base,
        "api_key": asking.key or _NO_KEY,
        "messages": [dict(message) for message in asking.messages],
        "max_tokens": asking.most,
        "timeout": max(asking.timeout_s, 0.001),
        "max_retries": 0,
        "num_retries": 0,
        "stream": False,
    }
    match tier.answers:
        case "schema":
            wanted = {"name": "answer", "schema": dict(asking.schema), "strict": _all_required(asking.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": wanted}
        case "json":
            arguments["response_format"] = {"type": "json_object"}
        case "text":
            pass
    if tier.temperature is not None:
        arguments["temperature"] = tier.temperature
    if asking.tools:
        arguments["tools"] = [dict(tool) for tool in asking.tools]
        arguments["tool_choice"] = "none" if asking.answer_now else "auto"
    return arguments


def _all_required(schema: Mapping[str, Any]) -> bool:
    """Whether it may be taken strictly: every property is then required, at every depth."""
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and (
        set(properties) != set(schema.get("required", ())) or schema.get("additionalProperties") is not False
    ):
        return False
    below = [*properties.values(), *([schema["items"]] if isinstance(schema.get("items"), Mapping) else [])]
    return all(_all_required(one) for one in below if isinstance(one, Mapping))


def _read(answer: Any) -> Reply:
    """What LiteLLM made of an answer, taken apart without trusting its shape."""
    usage = _usage(getattr(answer, "usage", None))
    choices = getattr(answer, "choices", None) or []
    message = getattr(choices[0], "message", None) if choices else None
    if message is None:
        return Unanswered(why="The model's server answered without an answer.")
    calls = tuple(
        ToolCall(id=str(one.id), name=str(one.function.name), arguments=str(one.function.arguments or ""))
        for one in getattr(message, "tool_calls", None) or ()
    )
    text = message.content if isinstance(message.content, str) else ""
    cut = getattr(choices[0], "finish_reason", None) == "length"
    return Answered(text=text, usage=usage, cut=cut, calls=calls)


def _usage(said: Any) -> Usage | None:
    """None when there is none, or one that cannot be true: asking takes at least a token."""
    counted = [getattr(said, name, None) for name in ("prompt_tokens", "completion_tokens")]
    match counted:
        case [int(prompt), int(answer)] if prompt > 0 and answer >= 0:
            return Usage(prompt, answer)
    return None


def _unanswered(error: Exception) -> Unanswered:
    status = getattr(error, "status_code", None)
    said = str(error).partition("Traceback (most recent")[0].strip() or type(error).__name__
    return Unanswered(why=f"No answer from the model: {said[:500]}", free=status in _TURNED_AWAY)
