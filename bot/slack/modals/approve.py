"""A yes that takes more than a press: why, or typing what it is about."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from bot.slack.cards.blocks import Block, plain_text, preformatted, section
from bot.slack.clicks import Press
from bot.slack.confirming import Confirming
from bot.slack.escape import plain, words

CALLBACK = "approve"
REASON, TYPED = "reason", "typed"
LONGEST = 500
_LABELLED = 150
"""A text up to so long is its field's label; a longer one stands above it."""


def approve(press: Press, headline: str, asked: Confirming) -> dict[str, Any]:
    """`press` is that of the button which cannot approve by itself."""
    blocks = [section("about", f"*{words(headline, 1000)}*\nThis runs when everybody needed has said yes.")]
    if asked.typed:
        blocks += _typed(asked.typed, first=not asked.reason)
    if asked.reason:
        hint = "It is shown on the card and kept in the record."
        blocks.append(_input(REASON, "Why do you approve?", LONGEST, hint=hint, multiline=True, first=True))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps(press.carried()),
        "title": plain_text(f"Approve {press.pressed.request}"[:24]),
        "submit": plain_text("Approve"),
        "close": plain_text("Back"),
        "blocks": blocks,
    }


def said(texts: Mapping[str, str]) -> dict[str, str]:
    """What was entered. An accent typed as two characters is the one it looks like."""
    return {
        REASON: texts.get(REASON, "").strip()[:LONGEST],
        TYPED: unicodedata.normalize("NFC", texts.get(TYPED, "")).strip(),
    }


def wrong(fields: Collection[str], entered: Mapping[str, str], wanted: str) -> dict[str, str]:
    """By field, what keeps the form open. A hint for the person: what counts is judged by the flow."""
    errors = {}
    if REASON in fields and not entered[REASON]:
        errors[REASON] = "Say why you approve, in a few words."
    if TYPED in fields and entered[TYPED] != wanted:
        errors[TYPED] = f"That is something else. Type exactly: {plain(wanted, 1000)}"
    return errors


def _typed(wanted: str, *, first: bool) -> list[Block]:
    longest = min(3000, max(len(wanted) * 2, 100))
    if len(wanted) <= _LABELLED:
        return [_input(TYPED, f"Type: {wanted}", longest, first=first)]
    return [preformatted("wanted", wanted[:3000]), _input(TYPED, "Type what stands above", longest)]


def _input(
    name: str, label: str, longest: int, *, hint: str = "", multiline: bool = False, first: bool = False
) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": multiline,
        "min_length": 1,
        "max_length": longest,
        "focus_on_load": first,
    }
    made: Block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element}
    return {**made, "hint": plain_text(hint)} if hint else made
