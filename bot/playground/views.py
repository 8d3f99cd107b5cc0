"""Open modals and App Homes: stacks of at most three, hashes that change, ids that are given once."""

import json
import secrets
from typing import Any

from bot.playground.blocks import VIEW_BYTES, view_faults
from bot.playground.content import parsed, refused, stored_blocks
from bot.playground.tickets import SlackError
from bot.playground.workspace import Change, Json, Workspace

STACK = 3


class Views:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.stacks: dict[str, list[Json]] = {}

    def open(self, user: str, given: Any) -> Json:
        """Opens a modal on top of nothing: what was open is gone, as in Slack's client."""
        view = self._built(given, "modal")
        self.stacks[user] = [view]
        self._tell("view_opened", user, view)
        return view

    def push(self, user: str, given: Any) -> Json:
        stack = self.stacks.get(user) or []
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        view = self._built(given, "modal")
        view |= {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        stack.append(view)
        self._tell("view_pushed", user, view)
        return view

    def update(self, view_id: str, given: Any, *, by: str = "id", view_hash: str = "") -> Json:
        """Replaces an open view; `by` is id or external_id."""
        user, old = self.find(view_id, by=by)
        if view_hash and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        fresh = self._built(given, old["type"], replacing=old)
        kept = {name: old[name] for name in ("id", "root_view_id", "previous_view_id")}
        old.clear()
        old.update(fresh | kept)
        self._tell("view_updated", user, old)
        return old

    def publish(self, user: str, given: Any, *, view_hash: str = "") -> Json:
        old = self.workspace.homes.get(user)
        if old is not None and view_hash and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        view = self._built(given, "home", replacing=old)
        if old is not None:
            view |= {"id": old["id"], "root_view_id": old["id"]}
        self.workspace.homes[user] = view
        self._tell("home", user, view)
        return view

    def close(self, user: str, view_id: str) -> list[Json]:
        """Closes a view and all that lie on it; the closed ones, the top first."""
        stack = self.stacks.get(user, [])
        at = next((index for index, one in enumerate(stack) if one["id"] == view_id), None)
        if at is None:
            return []
        closed = stack[at:][::-1]
        del stack[at:]
        for one in closed:
            self.workspace.tell(Change("view_closed", {"view_id": one["id"]}, only=frozenset({user})))
        return closed

    def find(self, view_id: str, *, by: str = "id") -> tuple[str, Json]:
        """Whose view it is, and the view. Homes count: they can be updated too."""
        for user, stack in self.stacks.items():
            for one in stack:
                if view_id and one[by] == view_id:
                    return user, one
        for user, one in self.workspace.homes.items():
            if view_id and one[by] == view_id:
                return user, one
        raise SlackError("not_found")

    def _built(self, given: Any, kind: str, *, replacing: Json | None = None) -> Json:
        view = parsed(given, "invalid_arguments")
        if faults := view_faults(view, kind):
            raise refused("invalid_arguments", faults)
        if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
            raise SlackError("view_too_large")
        external = view.get("external_id") or ""
        taken = {one["external_id"] for stack in self.stacks.values() for one in stack}
        if external and external in taken and (replacing is None or replacing["external_id"] != external):
            raise SlackError("duplicate_external_id")
        app, view_id = self.workspace.app, self.workspace.next_id("V")
        title = {"type": "plain_text", "text": "View Title", "emoji": True}
        dressed = {
            name: {"emoji": True, **view[name]} if view.get(name) else None for name in ("submit", "close")
        }
        return {
            "id": view_id,
            "team_id": app.team_id,
            "type": kind,
            "blocks": stored_blocks(view["blocks"]),
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": {}},
            "hash": f"{int(self.workspace.clock())}.{secrets.token_hex(4)}",
            "title": {"emoji": True, **view["title"]} if view.get("title") else title,
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            **dressed,
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": app.app_id,
            "external_id": external,
            "app_installed_team_id": app.team_id,
            "bot_id": app.bot_id,
        }

    def _tell(self, kind: str, user: str, view: Json) -> None:
        self.workspace.tell(Change(kind, {**view}, only=frozenset({user})))
