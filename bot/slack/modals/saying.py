"""A form in which somebody answers a button in words of their own."""

from __future__ import annotations

import json
from typing import Any

from bot.slack.cards.blocks import Block, plain_text
from bot.slack.clicks import Press

REASON = "reason"
LONGEST = 500
"""As much as is kept of what somebody writes."""


def saying(press: Press, callback: str, title: str, submit: str, blocks: list[Block]) -> dict[str, Any]:
    """The form keeps the button that opened it, so that its answer is an answer to that button."""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps(press.carried()),
        "title": plain_text(f"{title} {press.pressed.request}"[:24]),
        "submit": plain_text(submit),
        "close": plain_text("Back"),
        "blocks": blocks,
    }


def text(
    name: str, label: str, *, longest: int = LONGEST, hint: str = "", lines: bool = True, first: bool = True
) -> Block:
    """A field that must be filled in; `first` has the cursor, `lines` may have several."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": lines,
        "min_length": 1,
        "max_length": longest,
        "focus_on_load": first,
    }
    made: Block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element}
    return {**made, "hint": plain_text(hint)} if hint else made
