"""What a command prints is made safe to show as it streams past: no secrets, nothing that steers a terminal.

This is a net for accidents, not a wall: a program that wants to leak can always encode in a way nobody lists.
"""

import base64
import html
import json
import re
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import quote, quote_plus

_SHORTEST_ENCODED = 4  # shorter secrets are looked for as they are: their encodings would match everywhere
_SHORTEST_LINE = 12  # a line of a many-line secret that is worth hiding by itself
_LONGEST_ESCAPE = 4096
_OVERLAP = 4  # how many lengths of the longest secret are held back for one that overlaps another

_ESCAPE = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours, cursor
    rf"|\x1b\][^\x07\x1b\n]{{0,{_LONGEST_ESCAPE}}}(?:\x07|\x1b\\)"  # titles, links
    rf"|\x1b[PX^_][^\x1b\n]{{0,{_LONGEST_ESCAPE}}}\x1b\\"
    r"|\x1b[ -/]{0,8}[0-OQ-WYZ\\`-~]"
)
# An escape whose end may still come; what is longer than this is none.
_UNFINISHED = re.compile(
    rf"\x1b(?:\[[0-?]{{0,64}}[ -/]{{0,8}}|[\]PX^_][^\x07\x1b\n]{{0,{_LONGEST_ESCAPE}}}\x1b?|[ -/]{{0,8}})?\Z"
)
# C0 but tab and newline, DEL, C1, direction overrides and other invisible steering, tags, lone surrogates.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def harmless(text: str) -> str:
    """The text without terminal escapes, each other control character replaced by something one can see."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HARMFUL.sub(_visible, text)


def _base64_cores(data: bytes) -> Iterable[str]:
    """The characters the bytes alone decide, for each of the three ways to fall into base64's groups."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode()
        core = encoded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def _variants(secret: str) -> Iterable[str]:
    yield secret
    if len(secret) < _SHORTEST_ENCODED:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield from _base64_cores(data)
    yield data.hex()
    yield data.hex().upper()
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped)[1:-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    lines = secret.split("\n")
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE)


class Redactor:
    """Replaces secrets in a stream by `[redacted:xxxx]`, also in their usual encodings and across chunks.

    `xxxx` begins the secret's SHA-256: it tells two secrets apart in a log and is too short to prove a guess.
    Nothing is held back but what could still become a secret, so that a line is shown as soon as it is there.
    """

    def __init__(self, secrets: Iterable[str], *, mark: str = "") -> None:
        """`mark` stands for every secret where not even the beginning of a digest may be known."""
        marks: dict[str, str] = {}
        for secret in secrets:
            if not (plain := harmless(secret).strip()):
                continue
            digest = sha256(plain.encode()).hexdigest()[:4]
            for variant in {*_variants(plain), *_variants(secret.strip())}:
                marks.setdefault(variant, mark or f"[redacted:{digest}]")
        self._marks = marks
        self._heads = frozenset(pattern[0] for pattern in marks)
        self._longest = max(map(len, marks), default=0)
        self._held = ""

    def feed(self, text: str) -> str:
        """What of the stream so far is safe to show."""
        if not self._marks:
            return text
        text = self._held + text
        spans = self._spans(text)
        end = self._undecided(text)
        for start, stop, _ in spans:
            if (
                start < end < stop
            ):  # a second secret may begin inside a first: decide on both, unless it never ends
                end = start if len(text) - start <= _OVERLAP * self._longest else stop
        self._held = text[end:]
        return _replaced(text[:end], [span for span in spans if span[1] <= end])

    def close(self) -> str:
        """The rest, once nothing more will come."""
        rest, self._held = self._held, ""
        return self.redact(rest)

    def redact(self, text: str) -> str:
        """A whole text, apart from the stream."""
        return _replaced(text, self._spans(text))

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where secrets stand, in order; overlapping ones are one span, so that none shows its end."""
        found: list[tuple[int, int, str]] = []
        for pattern, mark in self._marks.items():
            first = start = text.find(pattern)
            while start >= 0:
                stop = start + len(pattern)
                start = text.find(pattern, start + 1)
                if not 0 <= start < stop:
                    found.append((first, stop, mark))
                    first = start
        found.sort(key=lambda span: (span[0], -span[1]))
        merged: list[tuple[int, int, str]] = []
        for start, stop, mark in found:
            if merged and start < merged[-1][1]:
                first, last, first_mark = merged[-1]
                merged[-1] = (first, max(last, stop), first_mark)
            else:
                merged.append((start, stop, mark))
        return merged

    def _undecided(self, text: str) -> int:
        """From where on the text could be the beginning of a secret that is not complete yet."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[start] not in self._heads:
                continue
            tail = text[start:]
            if any(len(pattern) > len(tail) and pattern.startswith(tail) for pattern in self._marks):
                return start
        return len(text)


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    if not spans:
        return text
    pieces, at = [], 0
    for start, stop, mark in spans:
        pieces += [text[at:start], mark]
        at = stop
    return "".join([*pieces, text[at:]])


class Harmless:
    """`harmless` over a stream: an escape or a line end that is cut by a chunk is still seen whole."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        end = len(text)
        if "\x1b" in text and (unfinished := _UNFINISHED.search(text)):
            end = unfinished.start()
        elif text.endswith("\r"):
            end -= 1
        self._held = text[end:]
        return harmless(text[:end])

    def close(self) -> str:
        rest, self._held = self._held, ""
        return harmless(rest)
