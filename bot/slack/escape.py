"""Strings from outside, made safe to show: nothing invisible, nothing Slack obeys, cuts that are said."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by category that print as nothing."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Cut(NamedTuple):
    """Escaped text that fits; `whole` is False when something is missing from it."""

    text: str
    whole: bool


def visible(text: str) -> str:
    """Every control, direction-changing and zero-width character as its code point, `[U+202E]`.

    Line ends stay, whatever their form; a tab is a space.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(_shown(each) for each in text)


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character in _BLANKS or unicodedata.category(character) in _HIDDEN:
        return f"[U+{ord(character):04X}]"
    return character


def line(text: str) -> str:
    """One line, so that a value cannot draw lines of its own on a card."""
    return " ⏎ ".join(part for part in visible(text).split("\n") if part.strip())


def cut(text: str, room: int, *, more: str = "… and {} more characters") -> Cut:
    """Visible text, escaped for mrkdwn, in at most `room` characters.

    Escaping comes before measuring and an entity is never split. What is left out is counted aloud.
    """
    if len(text) <= room and (escaped := escape(text)) and len(escaped) <= room:
        return Cut(escaped, True)
    if not text:
        return Cut("", True)
    note = more.format(len(text))
    left, kept = max(0, room - len(note)), 0
    for each in text:
        left -= len(_ENTITIES.get(each, each))
        if left < 0:
            break
        kept += 1
    return Cut((escape(text[:kept]) + more.format(len(text) - kept))[:room], False)


def escape(text: str) -> str:
    """The three characters that Slack reads as markup; backticks too, which would end our own code spans."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "ˋ")


def words(text: str, room: int = 300) -> str:
    """A value from outside inside one of our sentences: one line, escaped, cut."""
    return cut(line(text), room).text


def plain(text: str, room: int) -> str:
    """The same for a plain-text field, where Slack reads no markup and would show entities as they are."""
    text = line(text)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def account(slack_user: str) -> str:
    """A mention when it is an account's id, and harmless text when it is anything else."""
    return f"<@{slack_user}>" if slack_user.isascii() and slack_user.isalnum() else words(slack_user, 40)
