"""One call of the Web API: its arguments, what it may touch, and the register of methods."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.playground.limits import Tier
from bot.playground.tickets import SlackError, Tickets
from bot.playground.views import Views
from bot.playground.workspace import Channel, Json, Workspace


@dataclass(slots=True)
class Office:
    """Everything a method may touch. `url` is the server's own address, for links Slack would make."""

    workspace: Workspace
    views: Views
    tickets: Tickets
    socket_tickets: set[str] = field(default_factory=set)
    url: str = ""

    def socket_url(self) -> str:
        """A WebSocket address good for one connection."""
        ticket = secrets.token_urlsafe(24)
        self.socket_tickets.add(ticket)
        return f"{self.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self.workspace.app.app_id}"


@dataclass(slots=True)
class Call:
    method: str
    args: Json
    office: Office

    @property
    def workspace(self) -> Workspace:
        return self.office.workspace

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        value = self.args.get(name)
        if value is None or value == "":
            if required:
                raise SlackError(
                    "invalid_arguments",
                    response_metadata={"messages": [f"[ERROR] missing required field: {name}"]},
                )
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def flag(self, name: str) -> bool:
        value = self.args.get(name)
        return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)

    def number(self, name: str, default: int, most: int) -> int:
        try:
            value = int(self.args.get(name) or default)
        except (TypeError, ValueError):
            raise SlackError("invalid_limit") from None
        if value < 1:
            raise SlackError("invalid_limit")
        return min(value, most)

    def strings(self, name: str) -> list[str]:
        """A list of ids: comma-separated in a form, an array in JSON."""
        value = self.args.get(name) or []
        return (
            [each for each in value.split(",") if each]
            if isinstance(value, str)
            else [str(each) for each in value]
        )

    def require(self, scope: str) -> None:
        scopes = self.workspace.app.scopes
        if scope not in scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(scopes)))

    def channel(self, *, name: str = "channel", scope: str = "") -> Channel:
        """A conversation the app may know of; `scope` ("read") is required for its kind."""
        found = self.workspace.channels.get(self.text(name))
        if found is None or (found.is_private and self.workspace.app.user_id not in found.members):
            raise SlackError("channel_not_found")
        if scope:
            self.require(f"{'im' if found.is_im else 'groups' if found.is_private else 'channels'}:{scope}")
        return found

    def page(self, items: list[Any], default: int = 100, most: int = 1000) -> tuple[list[Any], Json]:
        """A page of a list, and the cursor of the next as `response_metadata`."""
        cursor, limit = self.text("cursor"), self.number("limit", default, most)
        try:
            start = int(bytes.fromhex(cursor).decode().removeprefix("next:")) if cursor else 0
        except ValueError:
            raise SlackError("invalid_cursor") from None
        more = f"next:{start + limit}".encode().hex() if start + limit < len(items) else ""
        return items[start : start + limit], {"next_cursor": more}


Run = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """Any one of `scopes` is enough; Call.channel() asks for what a kind of conversation needs beyond."""

    run: Run
    tier: Tier
    scopes: tuple[str, ...]
    app_level: bool = False


METHODS: dict[str, Method] = {}


def method(name: str, tier: Tier, *scopes: str, app_level: bool = False) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        METHODS[name] = Method(run, tier, scopes, app_level)
        return run

    return register
