"""Denying asks for a reason: whoever asked should know what to change."""

from __future__ import annotations

import json
from typing import Any

from bot.slack.cards.blocks import plain_text, section
from bot.slack.clicks import Press
from bot.slack.escape import words

CALLBACK = "deny"
REASON = "reason"
LONGEST = 500


def deny(press: Press, headline: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(press.carried()),
        "title": plain_text(f"Deny {press.pressed.request}"[:24]),
        "submit": plain_text("Deny"),
        "close": plain_text("Back"),
        "blocks": [
            section("about", f"{words(headline, 600)}\nNothing runs when it is denied."),
            {
                "type": "input",
                "block_id": REASON,
                "label": plain_text("Why?"),
                "hint": plain_text("It is shown on the card and kept in the record."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": LONGEST,
                    "focus_on_load": True,
                },
            },
        ],
    }
