"""What a payload must be made of before anybody reads it: Bolt itself trusts more than it looks at."""

from __future__ import annotations

from typing import Any


class Turned(Exception):
    """Turned away, with the status that says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


_TEXTS = (
    "type",
    "team_id",
    "api_app_id",
    "trigger_id",
    "callback_id",
    "response_url",
    "enterprise_id",
    "token",
)
_OBJECTS = ("event", "view", "container", "channel", "message", "state", "user", "team", "enterprise")
_LISTS = ("actions", "authorizations")
_PRESSED = frozenset({"block_actions", "interactive_message"})
_FORMS = frozenset({"view_submission", "view_closed"})


def well_formed(payload: dict[str, Any]) -> None:
    """The parts that everybody behind the door reads have their types; the rest each reader checks.

    Raises Turned(400).
    """
    if not isinstance(payload.get("type"), str):
        raise Turned(400, "no type")
    for name in _TEXTS:
        if not isinstance(payload.get(name), str | None):
            raise Turned(400, f"{name} is not text")
    for name in _OBJECTS:
        if not isinstance(payload.get(name), dict | None):
            raise Turned(400, f"{name} is not an object")
    for name in _LISTS:
        if payload.get(name) is not None:
            _listed(payload[name], name)
    _event(payload)
    _actions(payload)
    _view(payload)
    _people(payload)


def _event(payload: dict[str, Any]) -> None:
    if "event" not in payload and payload["type"] != "event_callback":
        return
    event = payload.get("event") or {}
    if not isinstance(event.get("type"), str):
        raise Turned(400, "the event has no type")
    _people(event)


def _actions(payload: dict[str, Any]) -> None:
    if payload["type"] not in _PRESSED:
        return
    if not payload.get("actions"):
        raise Turned(400, "nothing was pressed")
    named = "action_id" if payload["type"] == "block_actions" else "name"
    if not all(isinstance(each.get(named), str) for each in payload["actions"]):
        raise Turned(400, f"an action has no {named}")


def _view(payload: dict[str, Any]) -> None:
    view = payload.get("view")
    if view is None:
        if payload["type"] in _FORMS:
            raise Turned(400, "no view")
        return
    if not isinstance(view.get("type"), str):
        raise Turned(400, "the view has no type")
    if not isinstance(view.get("callback_id", ""), str):
        raise Turned(400, "the view's callback_id is not text")
    if "blocks" in view:
        _listed(view["blocks"], "blocks")


def _listed(found: object, name: str) -> None:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Turned(400, f"{name} is not a list of objects")


def _people(part: dict[str, Any]) -> None:
    """Ids are text wherever Slack puts them, also inside `{"id": …}`."""
    for name in ("user", "channel", "team", "bot_id", "text", "ts", "subtype", "thread_ts"):
        found = part.get(name)
        if isinstance(found, dict):
            found = found.get("id")
        if not isinstance(found, str | None):
            raise Turned(400, f"{name} has no id")
