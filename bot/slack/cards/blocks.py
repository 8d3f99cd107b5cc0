"""Block Kit, as much of it as the cards and modals use. Text given here is already escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Block = dict[str, Any]

SECTION, FIELD, HEADER, BUTTON, CONTEXT = 3000, 2000, 150, 75, 2000
"""Slack's limits, in characters: docs.slack.dev/reference/block-kit."""


def mrkdwn(text: str) -> Block:
    """Verbatim: Slack makes no links, channels or mentions out of what the text only looks like."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def header(text: str) -> Block:
    return {"type": "header", "block_id": "head", "text": plain_text(text)}


def section(block_id: str, text: str) -> Block:
    return {"type": "section", "block_id": block_id, "text": mrkdwn(text)}


def fields(block_id: str, pairs: Sequence[tuple[str, str]]) -> Block:
    """Label over value, two columns; at most ten pairs."""
    return {
        "type": "section",
        "block_id": block_id,
        "fields": [mrkdwn(f"*{label}*\n{value}") for label, value in pairs],
    }


def context(block_id: str, *texts: str) -> Block:
    return {"type": "context", "block_id": block_id, "elements": [mrkdwn(text) for text in texts]}


def divider() -> Block:
    return {"type": "divider"}


def preformatted(block_id: str, text: str) -> Block:
    """Text whose columns line up. Not mrkdwn: nothing in it is markup, so nothing needs escaping."""
    inside = [{"type": "text", "text": text}]
    return {
        "type": "rich_text",
        "block_id": block_id,
        "elements": [{"type": "rich_text_preformatted", "elements": inside}],
    }


def actions(block_id: str, *elements: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(label: str, *, action: str, value: str, style: str = "", confirm: Block | None = None) -> Block:
    made: Block = {"type": "button", "action_id": action, "text": plain_text(label), "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def overflow(action: str, options: Sequence[tuple[str, str]]) -> Block:
    """The `⋯` menu: pairs of label and value."""
    made = [{"text": plain_text(label), "value": value} for label, value in options]
    return {"type": "overflow", "action_id": action, "options": made}


def confirm(title: str, text: str, *, yes: str, no: str, style: str = "danger") -> Block:
    return {
        "title": plain_text(title),
        "text": mrkdwn(text),
        "confirm": plain_text(yes),
        "deny": plain_text(no),
        "style": style,
    }
