"""People at the local Slack from another process: what the demo and the tests type and click."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.playground.blocks import elements_of
from bot.playground.inputs import STATEFUL, offered
from bot.playground.workspace import Json


class NotShown(Exception):
    """What was waited for or looked for did not appear; the message says what was there instead."""


class SlackClient:
    """Speaks the page's API.

    Names stand for ids: "alice" is U0ALICE, "deploys" is C0DEPLOYS, "@app" the direct messages with the app.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    # -- doing -------------------------------------------------------------------------------------
    async def command(self, as_: str, channel: str, text: str) -> Json:
        """Types a slash command; {"ok", "kind", "acknowledged"}."""
        return await self.say(as_, channel, text)

    async def say(self, as_: str, channel: str, text: str, *, thread_ts: str = "") -> Json:
        """Sends a message; the answer carries it as `message`."""
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        return await self.post("send", as_, channel=await self._channel(as_, channel), text=text, **thread)

    async def click(
        self, as_: str, message: Mapping[str, Any], action_id_prefix: str, *, channel: str = ""
    ) -> Json:
        """Presses the first button of a message (or a view) whose action_id starts so."""
        block, element = button(message, action_id_prefix)
        action = {"type": element["type"], "block_id": block["block_id"], "action_id": element["action_id"]}
        if "blocks" in message and "ts" not in message:
            container = {"type": "view", "view_id": message["id"]}
        else:
            where = await self._channel(as_, channel) if channel else await self._where(as_, message["ts"])
            container = {"type": "message", "channel": where, "message_ts": message["ts"]}
        return await self.post("action", as_, container=container, action=action)

    async def submit(self, as_: str, view: Mapping[str, Any], values: Mapping[str, Any]) -> Json:
        """Fills in and submits a view; `values` maps a block_id or action_id to text, a value, or a list."""
        state: Json = {}
        for block in view["blocks"]:
            for element in elements_of(block):
                given = values.get(block["block_id"], values.get(element.get("action_id", "")))
                if given is not None and element.get("type") in STATEFUL:
                    state.setdefault(block["block_id"], {})[element["action_id"]] = filled(element, given)
        return await self.post("view/submit", as_, view_id=view["id"], state={"values": state})

    async def close_view(self, as_: str, view: Mapping[str, Any]) -> Json:
        return await self.post("view/close", as_, view_id=view["id"])

    async def open_home(self, as_: str, tab: str = "home") -> Json:
        return await self.post("home", as_, tab=tab)

    async def post(self, path: str, as_: str, **fields: Any) -> Json:
        """Any of the page's actions, by its path below /ui."""
        async with self._http.post(
            f"{self._base_url}/ui/{path}", json={"as": user_id(as_), **fields}
        ) as answer:
            found: Json = await answer.json()
            return found

    # -- seeing ------------------------------------------------------------------------------------
    async def state(self, as_: str) -> Json:
        async with self._http.get(f"{self._base_url}/ui/state", params={"as": user_id(as_)}) as answer:
            found: Json = await answer.json()
            return found

    async def messages(self, channel: str, as_: str) -> list[Json]:
        """What the person sees there, oldest first, whispers to that person included."""
        state = await self.state(as_)
        found: list[Json] = state["messages"][self._named(state, channel)]
        return found

    async def ephemerals(self, channel: str, as_: str) -> list[Json]:
        return [each for each in await self.messages(channel, as_) if each.get("ephemeral")]

    async def views(self, as_: str) -> list[Json]:
        """The person's open modals, the top one last."""
        found: list[Json] = (await self.state(as_))["views"]
        return found

    async def wait_for(
        self,
        as_: str,
        channel: str,
        predicate: Callable[[Json], bool],
        timeout: float = 10.0,  # noqa: ASYNC109 (one deadline over many looks)
    ) -> Json:
        """The newest message the person sees there that matches, once there is one."""
        return await self.until(as_, lambda state: self._newest(state, channel, predicate), timeout)

    async def until(
        self,
        as_: str,
        found: Callable[[Json], Json | None],
        timeout: float = 10.0,  # noqa: ASYNC109 (one deadline over many looks)
    ) -> Json:
        """Looks at the person's state after every change until `found` finds something in it."""
        end = time.monotonic() + timeout
        async with self._changes(as_) as changed:
            while True:
                state = await self.state(as_)
                result = found(state)
                if result is not None:
                    return result
                left = end - time.monotonic()
                if left <= 0:
                    raise NotShown(f"It did not appear within {timeout:g} s. {_last_words(state)}")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed(), min(left, 1.0))

    @contextlib.asynccontextmanager
    async def _changes(self, as_: str) -> AsyncIterator[Callable[[], Any]]:
        url = f"{self._base_url}/ui/live"
        async with self._http.ws_connect(url, params={"as": user_id(as_)}) as socket:
            yield socket.receive

    def _newest(self, state: Json, channel: str, predicate: Callable[[Json], bool]) -> Json | None:
        messages = state["messages"].get(self._named(state, channel), [])
        return next((each for each in reversed(messages) if predicate(each)), None)

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _channel(self, as_: str, channel: str) -> str:
        return channel if channel[:2] in ("C0", "D0") else self._named(await self.state(as_), channel)

    async def _where(self, as_: str, ts: str) -> str:
        for channel, messages in (await self.state(as_))["messages"].items():
            if any(each["ts"] == ts for each in messages):
                return str(channel)
        raise NotShown(f"{as_} does not see the message {ts}.")

    def _named(self, state: Json, channel: str) -> str:
        for each in state["channels"]:
            if channel in (each["id"], each["name"], f"#{each['name']}") or (
                channel == "@app" and each["is_im"]
            ):
                return str(each["id"])
        names = ", ".join(each["name"] for each in state["channels"])
        raise NotShown(f"{state['me']} sees no channel {channel!r}, only {names}.")


def user_id(name: str) -> str:
    return name if name.startswith("U0") else f"U0{name.upper()}"


def button(surface: Mapping[str, Any], prefix: str) -> tuple[Json, Json]:
    """The first element whose action_id starts with `prefix`, and its block."""
    found = [
        (block, element)
        for block in surface.get("blocks", [])
        for element in elements_of(block)
        if "action_id" in element
    ]
    for block, element in found:
        if element["action_id"].startswith(prefix):
            return block, element
    names = ", ".join(element["action_id"] for _, element in found) or "none"
    raise NotShown(f"There is no button {prefix!r} there; there are: {names}.")


def filled(element: Json, given: Any) -> Json:
    """The state of an input somebody filled in with `given`."""
    name, _ = STATEFUL[element["type"]]
    options = offered(element)
    match name:
        case "selected_option":
            return {"type": element["type"], name: options.get(given, given)}
        case "selected_options":
            return {"type": element["type"], name: [options.get(each, each) for each in given]}
        case _:
            return {"type": element["type"], name: given}


def _last_words(state: Json) -> str:
    last = [each["text"] for messages in state["messages"].values() for each in messages][-3:]
    log = [each["text"] for each in state["log"]][-3:]
    return f"Last messages: {last}. Last notices: {log}."
