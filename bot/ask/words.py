"""Typed text as words, the way a shell would read it, forgiving what phones and Slack do to quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.ask.unseen import unseen
from bot.terms import Refused

MOST_CHARACTERS = 2000

_DOUBLE, _SINGLE = '"“”„‟', "'‘’‚‛"
_QUOTES = frozenset(_DOUBLE + _SINGLE)
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=")
_PLAIN = re.compile(
    rf"(?:([A-Za-z][A-Za-z0-9_-]*)=|(?![A-Za-z][A-Za-z0-9_-]*=))([^\s={_DOUBLE}{_SINGLE}]\S*)\s*"
)
"""A word without quotes that nothing can be said against: nearly every one, in one look."""
_BARE = re.compile(r"\S*")
_SLACK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>|&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word, or `key=value`. A quoted word is a value and never a word of the grammar."""

    text: str
    key: str | None = None
    quoted: bool = False

    def says(self, *words: str) -> bool:
        return self.key is None and not self.quoted and self.text.lower() in words


def words(text: str) -> list[Word]:
    """Split what a person typed; raises Refused for too much, for hidden characters, for an open quote."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"That is {len(text):,} characters. Up to {MOST_CHARACTERS:,} can be read.")
    if found := unseen(text, allowed="\n\r\t"):
        raise Refused(f"Your text has {found[1]}, which nobody can see. Type it again without it.")
    rest, position, found_words = from_slack(text).strip(), 0, []
    while position < len(rest):
        if plain := _PLAIN.match(rest, position):
            found_words.append(Word(plain[2], plain[1]))
            position = plain.end()
        else:
            word, after = _next(rest[position:])
            found_words.append(word)
            rest, position = after.lstrip(), 0
    return found_words


def from_slack(text: str) -> str:
    """What the person typed, of what Slack made of it: links, mentions and the three escaped characters.

    A link is its address, not its label, which may say anything; unless Slack made the link itself and the
    label is what was typed.
    """

    def typed(match: re.Match[str]) -> str:
        kind, target, label, entity = match.groups()
        if entity:
            return _ENTITIES[entity]
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":
            return label or f"@{target}"
        if kind == "@":
            return f"@{target}"
        made_by_slack = label and target.removesuffix("/").endswith((f"://{label}", f"mailto:{label}"))
        return str(label if made_by_slack else target)

    return _SLACK.sub(typed, text)


def _next(rest: str) -> tuple[Word, str]:
    match = _KEY.match(rest)
    key = match[1] if match else None
    value = rest[match.end() :] if match else rest
    if value[:1] in _QUOTES:
        text, after = _quoted(value)
        if after and not after[0].isspace():
            raise Refused(f"After the quoted {text!r} a space is missing.")
        return Word(text, key, quoted=True), after
    text = value[: _BARE.match(value).end()]  # type: ignore[union-attr]  # it matches nothing at least
    if (key and not text) or text.strip("=") == "":
        raise Refused("Write key=value without spaces around the equals sign, such as version=1.4.2.")
    return Word(text, key), value[len(text) :]


def _quoted(value: str) -> tuple[str, str]:
    """The text up to the closing quote, and what follows.

    A typographic quote is closed by any of its kind, since phones pair them freely; a straight one only by
    itself. In double quotes a backslash keeps the next quote or backslash.
    """
    opening = value[0]
    closing = opening if opening in "\"'" else _DOUBLE if opening in _DOUBLE else _SINGLE
    said, position = [], 1
    while position < len(value):
        char = value[position]
        if char == "\\" and opening == '"' and value[position + 1 : position + 2] in ("\\", '"'):
            said.append(value[position + 1])
            position += 2
        elif char in closing:
            return "".join(said), value[position + 1 :]
        else:
            said.append(char)
            position += 1
    raise Refused(f"The quote before {value[1:21]!r} is never closed.")


def quoted(text: str) -> str:
    """The text so that it is read back as one value."""
    plain = text and not any(char.isspace() or char in f"=\\{_DOUBLE}{_SINGLE}" for char in text)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
