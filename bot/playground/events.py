"""What the app hears of the workspace: changes turned into the events its manifest subscribes to."""

from bot.playground import faces
from bot.playground.delivery import Delivery
from bot.playground.people import OTHER_TEAM_ID
from bot.playground.workspace import Change, Channel, Json, Workspace


class Events:
    def __init__(self, workspace: Workspace, delivery: Delivery) -> None:
        self._workspace, self._delivery, self._app = workspace, delivery, workspace.app
        workspace.listen(self.on_change)

    def on_change(self, change: Change) -> None:
        channel = self._workspace.channels.get(change.channel)
        if channel is None or change.only is not None:
            return
        match change.kind:
            case "message":
                self._message(channel, change.data)
            case "message_changed" | "message_deleted":
                self._changed(channel, change)
            case "channel_created" if not channel.is_private:
                shown = faces.created_channel(channel, self._workspace)
                self._tell("channel_created", {"channel": shown}, channel)
            case "channel_rename" if not channel.is_private:
                self._tell("channel_rename", {"channel": faces.renamed_channel(channel)}, channel)
            case "channel_archive" if not channel.is_private:
                self._tell("channel_archive", {"channel": channel.id, "user": change.data["user"]}, channel)
            case "member_joined" if self._app.user_id in channel.members:
                self._joined(channel, change.data)

    def home_opened(self, user: str, tab: str) -> None:
        """A person looked at the app: the Home tab, or the messages with it."""
        direct = self._workspace.direct(user)
        event: Json = {"user": user, "channel": direct.id, "tab": tab}
        home = self._workspace.homes.get(user)
        self._tell("app_home_opened", event | ({"view": home} if home and tab == "home" else {}), direct)

    def _tell(self, name: str, event: Json, channel: Channel, *, subscribed: str = "", ts: str = "") -> None:
        if not self._app.hears(subscribed or name):
            return
        said = {"type": name, **event, "event_ts": ts or self._workspace.next_ts()}
        self._delivery.event(said, channel=channel.id, shared=channel.is_ext_shared)

    def _message(self, channel: Channel, message: Json) -> None:
        if self._app.user_id not in channel.members:
            return
        shown = faces.for_app(message) | {"channel": channel.id}
        if not channel.is_im and f"<@{self._app.user_id}>" in message["text"] and not message.get("subtype"):
            mention = {name: each for name, each in shown.items() if name in MENTION}
            self._tell("app_mention", mention, channel, ts=message["ts"])
        self._to_channel(channel, shown, message["ts"])

    def _to_channel(self, channel: Channel, said: Json, ts: str) -> None:
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        subscribed = f"message.{'im' if channel.is_im else kind + 's'}"
        self._tell("message", said | {"channel_type": kind}, channel, subscribed=subscribed, ts=ts)

    def _changed(self, channel: Channel, change: Change) -> None:
        if self._app.user_id not in channel.members:
            return
        ts, deleted = self._workspace.next_ts(), change.kind == "message_deleted"
        said: Json = {"subtype": change.kind, "channel": channel.id, "hidden": True, "ts": ts}
        said["previous_message"] = faces.for_app(change.before or {})
        said |= {"deleted_ts": change.data["ts"]} if deleted else {"message": faces.for_app(change.data)}
        self._to_channel(channel, said, ts)

    def _joined(self, channel: Channel, data: Json) -> None:
        person = self._workspace.people[data["user"]]
        event: Json = {
            "user": person.id,
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": OTHER_TEAM_ID if person.kind == "stranger" else self._app.team_id,
        }
        self._tell(
            "member_joined_channel",
            event | ({"inviter": data["inviter"]} if data["inviter"] else {}),
            channel,
        )


# An app_mention carries less than the message it is in.
MENTION = frozenset(
    {
        "client_msg_id",
        "user",
        "text",
        "ts",
        "team",
        "user_team",
        "source_team",
        "channel",
        "thread_ts",
        "blocks",
    }
    | {"bot_id", "app_id", "bot_profile"}
)
