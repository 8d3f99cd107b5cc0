"""A yes that takes more than a press: why, or typing what it is about."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from bot.slack.cards.blocks import Block, preformatted, section
from bot.slack.clicks import Press
from bot.slack.confirming import Confirming
from bot.slack.escape import plain, words
from bot.slack.modals.saying import LONGEST, REASON, saying, text

CALLBACK = "approve"
TYPED = "typed"
_LABELLED = 150
"""A text up to so long is its field's label; a longer one stands above it."""


def approve(press: Press, headline: str, asked: Confirming, *, told: str = "") -> dict[str, Any]:
    """`press` is that of the button which cannot approve by itself; `told` is why this person's yes would not
    count, as far as is known. It is only said here: the click is judged like every other.
    """
    blocks = [section("about", f"*{words(headline, 1000)}*\nThis runs when everybody needed has said yes.")]
    if told:
        blocks.append(section("told", f"⚠️ {words(told, 1000)}"))
    if asked.typed:
        blocks += _typed(asked.typed)
    if asked.reason:
        hint = "It is shown on the card and kept in the record."
        blocks.append(text(REASON, "Why do you approve?", hint=hint, first=not asked.typed))
    return saying(press, CALLBACK, "Approve", "Approve", blocks)


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


def _typed(wanted: str) -> list[Block]:
    longest = min(3000, max(len(wanted) * 2, 100))
    if len(wanted) <= _LABELLED:
        return [text(TYPED, f"Type: {wanted}", longest=longest, lines=False)]
    above = preformatted("wanted", wanted[:3000])
    return [above, text(TYPED, "Type what stands above", longest=longest, lines=False)]
