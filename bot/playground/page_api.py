"""The page's own API under /ui: what people do in the browser, and tests and the demo in their place."""

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from bot.playground import faces
from bot.playground.commands import Commands, translated
from bot.playground.events import Events
from bot.playground.interactions import Denied, Interactions
from bot.playground.methods.conversations import NAME
from bot.playground.notices import Notices
from bot.playground.people import Person
from bot.playground.seen import Seen
from bot.playground.web_api import Fault, WebApi
from bot.playground.wire import Answer
from bot.playground.workspace import Channel, Json, Workspace

Act = Callable[[Person, Json], Awaitable[Json]]


class PageApi:
    def __init__(
        self,
        workspace: Workspace,
        *,
        seen: Seen,
        notices: Notices,
        commands: Commands,
        interactions: Interactions,
        events: Events,
        web_api: WebApi,
    ) -> None:
        self._workspace, self._seen, self._notices = workspace, seen, notices
        self._commands, self._interactions = commands, interactions
        self._events, self._web_api = events, web_api

    def routes(self) -> list[web.RouteDef]:
        acts: dict[str, Act] = {
            "send": self.send,
            "read": self.read,
            "action": self.action,
            "suggest": self.suggest,
            "view/submit": self.submit,
            "view/close": self.close,
            "home": self.home,
            "shortcut": self.shortcut,
            "channel": self.create,
            "rename": self.rename,
            "invite": self.invite,
            "join": self.join,
            "archive": self.archive,
        }
        return [
            web.get("/ui/state", self.state),
            web.get("/ui/requests", self.requests),
            web.post("/ui/fault", self.fault),
            *(web.post(f"/ui/{name}", self._as_person(act)) for name, act in acts.items()),
        ]

    def _as_person(self, act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                given = await _body(request)
                return web.json_response(await act(self._actor(given.get("as")), given))
            except Denied as denied:
                return web.json_response({"ok": False, "error": str(denied)}, status=400)

        return handle

    # -- looking -----------------------------------------------------------------------------------
    async def state(self, request: web.Request) -> web.Response:
        user = request.query.get("as", "")
        if user not in self._workspace.people:
            return web.json_response({"ok": False, "error": "There is no such person."}, status=400)
        return web.json_response(self._seen.state(user, self._notices))

    async def requests(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._web_api.calls))

    async def fault(self, request: web.Request) -> web.Response:
        try:
            given = await _body(request)
            known = {each.name for each in fields(Fault)}
            if not known.issuperset(given):
                raise Denied(f"A fault has only these fields: {', '.join(sorted(known))}.")
            fault = Fault(**given)
        except Denied as denied:
            return web.json_response({"ok": False, "error": str(denied)}, status=400)
        self._web_api.faults.append(fault)
        return web.json_response({"ok": True})

    # -- writing -----------------------------------------------------------------------------------
    async def send(self, person: Person, given: Json) -> Json:
        channel, text = self._writable(person, given), str(given.get("text") or "").strip()
        if not text:
            raise Denied("Write something first.")
        thread = str(given.get("thread_ts") or "")
        if text.startswith("/") and len(text) > 1:
            if thread:  # Slack's client says so too: commands do not work in threads
                raise Denied(f"{text.split()[0]} is not supported in threads. Sorry!")
            acknowledged = await self._commands.run(person, channel, text)
            return {"ok": True, "kind": "command", "acknowledged": acknowledged}
        said: Json = {**faces.authored(self._workspace, person), "text": translated(text, self._workspace)}
        if not person.is_bot:
            said["client_msg_id"] = secrets.token_hex(16)
        if thread:
            root = channel.find(thread)
            if root is None:
                raise Denied("That thread is not there.")
            said["thread_ts"] = root.get("thread_ts", root["ts"])
        message = self._workspace.post(channel, said)
        if (
            f"<@{self._workspace.app.user_id}>" in said["text"]
            and self._workspace.app.user_id not in channel.members
        ):
            hint = f"You mentioned @{self._workspace.app.name}, who is not in this channel."
            self._notices.show("info", hint, user=person.id, channel=channel.id)
        return {"ok": True, "kind": "message", "ts": message["ts"], "message": message}

    async def read(self, person: Person, given: Json) -> Json:
        channel = self._channel(person, given)
        if channel.messages:
            channel.read[person.id] = channel.messages[-1]["ts"]
        return {"ok": True}

    # -- the app's surfaces ------------------------------------------------------------------------
    async def action(self, person: Person, given: Json) -> Json:
        container, action = _object(given, "container"), _object(given, "action")
        return _outcome(await self._interactions.act(person, container, action, given.get("state")))

    async def suggest(self, person: Person, given: Json) -> Json:
        block, action, value = (str(given.get(name) or "") for name in ("block_id", "action_id", "value"))
        found = await self._interactions.suggest(person, _object(given, "container"), block, action, value)
        return {"ok": True, **found}

    async def submit(self, person: Person, given: Json) -> Json:
        wrong = await self._interactions.submit(person, str(given.get("view_id")), given.get("state"))
        return {"ok": not wrong, **wrong}

    async def close(self, person: Person, given: Json) -> Json:
        await self._interactions.close(person, str(given.get("view_id")))
        return {"ok": True}

    async def home(self, person: Person, given: Json) -> Json:
        self._events.home_opened(person.id, "messages" if given.get("tab") == "messages" else "home")
        return {"ok": True}

    async def shortcut(self, person: Person, given: Json) -> Json:
        channel = self._channel(person, given)
        message = channel.find(str(given.get("message_ts")))
        if message is None or message.get("only_to"):
            raise Denied("That message is not there.")
        callback = str(given.get("callback_id") or "")
        return _outcome(await self._interactions.shortcut(person, channel, message, callback))

    # -- channels ----------------------------------------------------------------------------------
    async def create(self, person: Person, given: Json) -> Json:
        kind = {name: bool(given.get(name)) for name in ("is_private", "is_ext_shared")}
        if person.kind in ("guest", "stranger"):
            raise Denied("Guests cannot create channels.")
        channel = self._workspace.create(self._free_name(given), person.id, **kind)
        return {"ok": True, "channel": self._seen.channel(channel, person.id)}

    async def rename(self, person: Person, given: Json) -> Json:
        self._workspace.rename(self._writable(person, given), self._free_name(given))
        return {"ok": True}

    async def invite(self, person: Person, given: Json) -> Json:
        user, channel = str(given.get("user")), self._writable(person, given)
        if user not in self._workspace.people:
            raise Denied("There is no such person.")
        self._workspace.join(channel, user, person.id)
        return {"ok": True}

    async def join(self, person: Person, given: Json) -> Json:
        channel = self._channel(person, given)
        if channel.is_archived:
            raise Denied(f"#{channel.name} is archived.")
        self._workspace.join(channel, person.id)
        return {"ok": True}

    async def archive(self, person: Person, given: Json) -> Json:
        self._workspace.archive(self._writable(person, given), person.id)
        return {"ok": True}

    # -- what was meant ----------------------------------------------------------------------------
    def _actor(self, user: Any) -> Person:
        person = self._workspace.people.get(str(user))
        if person is None:
            raise Denied("There is no such person.")
        if person.kind == "deleted":
            raise Denied(f"{person.real_name}'s account is deactivated.")
        if person.kind == "app":
            raise Denied("The app speaks for itself.")
        return person

    def _channel(self, person: Person, given: Json) -> Channel:
        channel = self._workspace.channels.get(str(given.get("channel")))
        if channel is None or not self._workspace.sees(person.id, channel):
            raise Denied("There is no such channel.")
        return channel

    def _writable(self, person: Person, given: Json) -> Channel:
        channel = self._channel(person, given)
        if person.id not in channel.members:
            raise Denied(f"Join #{channel.name} first.")
        if channel.is_archived:
            raise Denied(f"#{channel.name} is archived.")
        if channel.is_im and not self._workspace.app.takes_messages:
            raise Denied("Sending messages to this app has been turned off.")
        return channel

    def _free_name(self, given: Json) -> str:
        name = str(given.get("name") or "").removeprefix("#")
        if not NAME.fullmatch(name):
            raise Denied(
                "A channel's name is lower case, without spaces or full stops, at most 80 characters."
            )
        if self._workspace.named(name):
            raise Denied(f"There is already a channel #{name}.")
        return name


async def _body(request: web.Request) -> Json:
    try:
        given = json.loads(await request.text() or "{}")
    except ValueError:
        raise Denied("The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Denied("The body is not a JSON object.")
    return given


def _object(given: Json, name: str) -> Json:
    found = given.get(name)
    if not isinstance(found, dict):
        raise Denied(f"{name} is missing.")
    return found


def _outcome(answer: Answer) -> Json:
    return (
        {"ok": True}
        if answer.ok
        else {"ok": False, "error": f"{answer.in_words[:1].upper()}{answer.in_words[1:]}."}
    )
