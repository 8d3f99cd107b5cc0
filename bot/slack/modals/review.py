"""Broken glass is looked at afterwards: what was found is written down once."""

from __future__ import annotations

from typing import Any

from bot.flow.request import Request
from bot.slack.cards import asked, parts
from bot.slack.cards.blocks import section
from bot.slack.cards.status import word
from bot.slack.clicks import Press
from bot.slack.escape import words
from bot.slack.modals.saying import REASON, saying, text

CALLBACK = "review"


def review(press: Press, request: Request) -> dict[str, Any]:
    said = request.invocation
    blocks = [
        section("about", f"*{words(parts.headline(request), 600)}*\n{words(word(request), 80)}."),
        section("why", f"*{words(said.incident, 200)}*: {words(said.reason, 1000)}"),
    ]
    if told := asked.overridden(request, 1500):
        blocks.append(section("glass", told))
    hint = "Was it right? What should change? It is shown on the card and kept in the record."
    return saying(press, CALLBACK, "Review", "Keep", [*blocks, text(REASON, "What did you find?", hint=hint)])
