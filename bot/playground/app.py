"""The installed app as Slack knows it: identity, tokens, and what its manifest grants and switches on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID

EVENT_SCOPES = {
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "app_home_opened": (),
    "channel_created": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_archive": ("channels:read",),
    "member_joined_channel": ("channels:read",),
}


@dataclass(frozen=True)
class App:
    manifest: Mapping[str, Any]
    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    app_id: str = APP_ID
    bot_id: str = BOT_ID
    user_id: str = BOT_USER_ID
    team_id: str = TEAM_ID

    def _at(self, *path: str) -> Any:
        found: Any = self.manifest
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    @property
    def name(self) -> str:
        return str(
            self._at("features", "bot_user", "display_name")
            or self._at("display_information", "name")
            or "App"
        )

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self._at("oauth_config", "scopes", "bot") or ())

    @property
    def commands(self) -> list[dict[str, Any]]:
        """The slash commands people can type; none without the `commands` scope."""
        return list(self._at("features", "slash_commands") or ()) if "commands" in self.scopes else []

    @property
    def shortcuts(self) -> list[dict[str, Any]]:
        return list(self._at("features", "shortcuts") or ()) if "commands" in self.scopes else []

    @property
    def interactive(self) -> bool:
        return bool(self._at("settings", "interactivity", "is_enabled"))

    @property
    def socket_mode(self) -> bool:
        return bool(self._at("settings", "socket_mode_enabled"))

    @property
    def has_home(self) -> bool:
        return bool(self._at("features", "app_home", "home_tab_enabled"))

    @property
    def takes_messages(self) -> bool:
        """Whether a person may write to the app directly."""
        home = self._at("features", "app_home") or {}
        return bool(home.get("messages_tab_enabled")) and not home.get("messages_tab_read_only_enabled")

    def hears(self, event: str) -> bool:
        """Subscribed to in the manifest, and the scope for it granted."""
        subscribed = self._at("settings", "event_subscriptions", "bot_events") or ()
        return event in subscribed and self.scopes.issuperset(EVENT_SCOPES.get(event, ()))

    def command(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self.commands if each.get("command") == name), None)
