"""Denying asks for a reason: whoever asked should know what to change."""

from __future__ import annotations

from typing import Any

from bot.slack.cards.blocks import section
from bot.slack.clicks import Press
from bot.slack.escape import words
from bot.slack.modals.saying import REASON, saying, text

CALLBACK = "deny"


def deny(press: Press, headline: str) -> dict[str, Any]:
    about = section("about", f"{words(headline, 600)}\nNothing runs when it is denied.")
    why = text(REASON, "Why?", hint="It is shown on the card and kept in the record.")
    return saying(press, CALLBACK, "Deny", "Deny", [about, why])
