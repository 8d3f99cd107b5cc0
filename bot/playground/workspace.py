"""The state of the workspace: channels, messages, pins, files, and the one place where they change.

Every change is told to the listeners as a `Change`: the page and the app's events both live on that, so they
cannot disagree about what happened.
"""

import secrets
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from bot.playground.app import App
from bot.playground.people import GROUPS, PLACES, Group, Person, people

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened. `only` names the people who may see it; None leaves it to the channel's membership."""

    kind: str
    data: Json
    channel: str = ""
    only: frozenset[str] | None = None
    before: Json | None = None


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    created: int
    creator: str
    members: list[str]
    purpose: str = ""
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_general: bool = False
    user: str = ""
    previous_names: list[str] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)

    @property
    def is_im(self) -> bool:
        return bool(self.user)

    def find(self, ts: str) -> Json | None:
        return next((each for each in reversed(self.messages) if each["ts"] == ts), None)

    def replies(self, ts: str) -> list[Json]:
        return [
            one
            for one in self.messages
            if one.get("thread_ts") == ts and one["ts"] != ts and not one.get("only_to")
        ]


class Workspace:
    def __init__(self, app: App, clock: Callable[[], float] = time.time) -> None:
        self.app, self.clock = app, clock
        self.people: dict[str, Person] = {each.id: each for each in people(app.name)}
        self.groups: tuple[Group, ...] = GROUPS
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._last_ts = 0
        self.born = born = int(clock())
        for place in PLACES:
            self.channels[place.id] = Channel(
                place.id, place.name, born, "U0MIA", list(place.members), place.purpose, place.topic,
                is_archived=place.is_archived, is_ext_shared=place.is_ext_shared, is_general=place.is_general,
            )  # fmt: skip
        for person in self.people.values():
            if person.kind not in ("deleted", "stranger", "app", "bot"):
                self.direct(person.id)

    # -- looking -----------------------------------------------------------------------------------
    def listen(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)

    def tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    def next_ts(self) -> str:
        """Unique and rising over the whole workspace, which makes it so in every channel."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def resume_after(self, ts: str) -> None:
        """What comes next is later than `ts`, also when the clock was set back."""
        self._last_ts = max(self._last_ts, round(float(ts) * 1_000_000))

    def next_id(self, letter: str) -> str:
        return f"{letter}0{secrets.token_hex(4).upper()}"

    def direct(self, user: str) -> Channel:
        """The direct conversation of one person with the app."""
        found = f"D{user[1:]}"
        if found not in self.channels:
            self.channels[found] = Channel(
                found, "", int(self.clock()), user, [user, self.app.user_id], user=user, is_private=True
            )
        return self.channels[found]

    def named(self, name: str) -> Channel | None:
        return next((one for one in self.channels.values() if not one.is_im and one.name == name), None)

    def sees(self, user: str, channel: Channel) -> bool:
        if user in channel.members:
            return True
        return not channel.is_private and user in self.people and self.people[user].sees_public_channels

    # -- changing ----------------------------------------------------------------------------------
    def post(self, channel: Channel, message: Json) -> Json:
        """Adds a message; gives it its ts and keeps the reply count of its thread."""
        message = {"type": "message", "ts": self.next_ts(), **message}
        root = channel.find(message["thread_ts"]) if message.get("thread_ts") else None
        if root is not None and root["ts"] != message["ts"]:
            message["parent_user_id"] = root.get("user", "")
        channel.messages.append(message)
        self.tell(Change("message", deepcopy(message), channel.id))
        if root is not None and root["ts"] != message["ts"]:
            self._count_replies(channel, root)
        return message

    def whisper(self, channel: Channel, user: str, message: Json) -> Json:
        """An ephemeral message: only `user` sees it, and the app can never look it up."""
        message = {"type": "message", "ts": self.next_ts(), **message, "ephemeral": True, "only_to": user}
        channel.messages.append(message)
        self.tell(Change("ephemeral", deepcopy(message), channel.id, frozenset({user})))
        return message

    def edit(self, channel: Channel, message: Json, changes: Json, *, editor: str = "") -> Json:
        """Replaces what `changes` names (None removes); marked as edited when the words changed."""
        before = deepcopy(message)
        for name, value in changes.items():
            if value is None:
                message.pop(name, None)
            else:
                message[name] = value
        if editor and message.get("text") != before.get("text"):
            message["edited"] = {"user": editor, "ts": self.next_ts()}
        only = frozenset({message["only_to"]}) if message.get("only_to") else None
        self.tell(Change("message_changed", deepcopy(message), channel.id, only, before))
        return message

    def delete(self, channel: Channel, message: Json) -> None:
        channel.messages.remove(message)
        if message["ts"] in channel.pins:
            self.pin(channel, message["ts"], pinned=False)
        only = frozenset({message["only_to"]}) if message.get("only_to") else None
        self.tell(Change("message_deleted", deepcopy(message), channel.id, only, deepcopy(message)))
        root = channel.find(message["thread_ts"]) if message.get("thread_ts") else None
        if root is not None and only is None:
            self._count_replies(channel, root)

    def _count_replies(self, channel: Channel, root: Json) -> None:
        replies = channel.replies(root["ts"])
        root["thread_ts"], root["reply_count"] = root["ts"], len(replies)
        root["reply_users"] = list(dict.fromkeys(one.get("user", "") for one in replies))
        root["reply_users_count"] = len(root["reply_users"])
        root["latest_reply"] = replies[-1]["ts"] if replies else root["ts"]
        self.tell(Change("thread", deepcopy(root), channel.id))

    def react(self, channel: Channel, message: Json, reactions: list[Json]) -> None:
        message["reactions"] = reactions
        self.tell(Change("reaction", deepcopy(message), channel.id))

    def pin(self, channel: Channel, ts: str, *, pinned: bool) -> None:
        channel.pins = [one for one in channel.pins if one != ts] + ([ts] if pinned else [])
        self.tell(Change("pins", {"pins": list(channel.pins)}, channel.id))

    def create(
        self, name: str, creator: str, *, is_private: bool = False, is_ext_shared: bool = False
    ) -> Channel:
        channel = Channel(
            self.next_id("C"), name, int(self.clock()), creator, [creator], is_private=is_private
        )
        channel.is_ext_shared = is_ext_shared
        self.channels[channel.id] = channel
        self.tell(Change("channel_created", {"creator": creator}, channel.id))
        return channel

    def rename(self, channel: Channel, name: str) -> None:
        channel.previous_names = [channel.name, *channel.previous_names]
        channel.name = name
        self.tell(Change("channel_rename", {}, channel.id))

    def join(self, channel: Channel, user: str, inviter: str = "") -> None:
        """Adds a member once, says so in the channel, and to the app when it is there to hear it."""
        if user in channel.members:
            return
        channel.members.append(user)
        self.post(
            channel, {"subtype": "channel_join", "user": user, "text": f"<@{user}> has joined the channel"}
        )
        self.tell(Change("member_joined", {"user": user, "inviter": inviter}, channel.id))

    def archive(self, channel: Channel, user: str) -> None:
        channel.is_archived = True
        self.tell(Change("channel_archive", {"user": user}, channel.id))

    def retopic(self, channel: Channel, topic: str) -> None:
        channel.topic = topic
        self.tell(Change("channel_topic", {}, channel.id))
