"""A modal that only says something."""

from __future__ import annotations

from typing import Any

from bot.slack.cards.blocks import plain_text, section
from bot.slack.escape import cut, visible


def notice(title: str, text: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain_text(title[:24]),
        "close": plain_text("Close"),
        "blocks": [section("notice", cut(visible(text), 2900).text or "Nothing to say.")],
    }
