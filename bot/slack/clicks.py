"""Presses of buttons and answers in modals, read into clicks. Nothing here decides anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import JsonValue

from bot.authorize.click import Action, Click
from bot.slack.buttons import Buttons, Pressed
from bot.slack.cards.buttons import ASKING, MORE
from bot.slack.cards.question import ANSWER

ACTIONS: frozenset[str] = frozenset(get_args(Action))
"""The buttons that change something; the others only open what there is to read."""

WHOLE = "details"
"""The `callback_id` of the modal that has the whole plan."""

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Press:
    """One press, as Slack tells it: which button, on which message, by whom. Nothing in it is trusted yet."""

    action: str
    pressed: Pressed
    value: str
    id: str
    team: str
    app: str | None
    channel: str
    message_ts: str
    slack_user: str
    trigger: str
    response_url: str | None
    view: str | None = None
    """The modal it was pressed in, which is told how it went."""
    read: bool = False
    """The modal was the one with the whole plan."""
    choice: str = ""
    """Which question and which of its choices a button answers."""

    def click(self, *, reason: str = "", typed: str = "") -> Click:
        return Click(
            id=self.id,
            team=self.team,
            app=self.app,
            channel=self.channel,
            message_ts=self.message_ts,
            slack_user=self.slack_user,
            action=cast(Action, self.action),
            request=self.pressed.request,
            card_revision=self.pressed.card_revision,
            genuine=self.pressed.genuine,
            reason=reason,
            typed=typed,
            read=self.read,
            choice=self.choice,
        )

    def kept(self, *, reason: str = "", typed: str = "") -> dict[str, JsonValue]:
        """What the inbox keeps of it; an earlier version can read it where nothing new is said."""
        click = self.click(reason=reason, typed=typed).model_dump(mode="json", exclude_defaults=True)
        return {"click": click, "response_url": self.response_url, "view": self.view}

    def carried(self) -> dict[str, str]:
        """What a modal that it opens keeps, so that its answer is an answer to this button."""
        said = {
            "value": self.value,
            "channel": self.channel,
            "ts": self.message_ts,
            "response_url": self.response_url,
            "view": self.view,
            "read": "yes" if self.read else "",
        }
        return {name: each for name, each in said.items() if each}


def press(body: Payload, action: Payload, buttons: Buttons) -> Press:
    """The press of one button, on a card or in a modal that a card opened."""
    name, value = action_of(action)
    choice = _text(action, "action_id").partition(":")[2] if name == ANSWER else ""
    signed = f"{ANSWER}:{choice}" if name == ANSWER else name
    view = _part(body, "view")
    container = _part(body, "container")
    if view:
        back = carried(view)
        channel, ts, response_url = back.get("channel", ""), back.get("ts", ""), back.get("response_url")
    else:
        channel = _id(body.get("channel")) or _text(container, "channel_id")
        ts = _text(container, "message_ts") or _text(_part(body, "message"), "ts")
        response_url = _text(body, "response_url") or None
    user, team = _id(body.get("user")), _team(body)
    said = (team, channel, ts, user, signed, value, _text(action, "action_ts"))
    return Press(
        action=name,
        pressed=buttons.read(signed, value),
        value=value,
        id=_digest(*said),
        team=team,
        app=_text(body, "api_app_id") or None,
        channel=channel,
        message_ts=ts,
        slack_user=user,
        trigger=_text(body, "trigger_id"),
        response_url=response_url,
        view=_text(view, "id") or None,
        read=_text(view, "callback_id") == WHOLE,
        choice=choice,
    )


def submitted(body: Payload, action: Action, buttons: Buttons, *, said: str) -> Press:
    """The answer that a modal carries: its value is the one of the button that opened it."""
    view = _part(body, "view")
    back = carried(view)
    value, user, team = back.get("value", ""), _id(body.get("user")), _team(body)
    return Press(
        action=action,
        pressed=buttons.read(action, value),
        value=value,
        id=_digest(team, _text(view, "id"), user, action, value, said),
        team=team,
        app=_text(body, "api_app_id") or None,
        channel=back.get("channel", ""),
        message_ts=back.get("ts", ""),
        slack_user=user,
        trigger=_text(body, "trigger_id"),
        response_url=back.get("response_url"),
        view=back.get("view"),
        read=back.get("read") == "yes",
    )


def action_of(action: Payload) -> tuple[str, str]:
    """The button's name without a suffix, and its value; a choice of the `⋯` menu counts as its button."""
    name = _text(action, "action_id").partition(":")[0]
    value = _text(action, "value")
    if name == MORE:
        name, _, value = _text(_part(action, "selected_option"), "value").partition(":")
    return name, value


def opens(action: Payload) -> str:
    """By what a button is known that may open something: its name, and `approve:ask` as a whole."""
    whole = _text(action, "action_id")
    return whole if whole == ASKING else action_of(action)[0]


def carried(view: Payload) -> dict[str, str]:
    """What a modal keeps for its answer. Only we write it, yet a press still proves itself by its MAC."""
    try:
        found = json.loads(_text(view, "private_metadata") or "{}")
    except ValueError:
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def entered(view: Payload) -> dict[str, str]:
    """Every input's text by its block: typed, chosen, or ticked (`true`, `false`)."""
    values = _part(_part(view, "state"), "values")
    texts: dict[str, str] = {}
    for block, elements in values.items():
        for state in elements.values() if isinstance(elements, dict) else ():
            if not isinstance(state, dict):
                continue
            match state.get("type"):
                case "static_select" | "radio_buttons":
                    texts[block] = _text(_part(state, "selected_option"), "value")
                case "checkboxes":
                    texts[block] = "true" if state.get("selected_options") else "false"
                case "conversations_select":
                    texts[block] = _text(state, "selected_conversation")
                case _:
                    texts[block] = _text(state, "value")
    return texts


def _part(found: Payload, name: str) -> dict[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _text(found: Payload, name: str) -> str:
    text = found.get(name)
    return text if isinstance(text, str) else ""


def _id(found: object) -> str:
    return _text(found, "id") if isinstance(found, dict) else found if isinstance(found, str) else ""


def _team(body: Payload) -> str:
    return _id(body.get("team")) or _text(_part(body, "user"), "team_id")


def _digest(*said: str) -> str:
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:32]
