"""What a command prints is made safe to show as it streams past: no secrets, nothing that steers a terminal.

This is a net for accidents, not a wall: a program that wants to leak can always encode in a way nobody lists.
"""

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
_ALSO_ESCAPED = ("", "<>&", "<>&'", "<>&'\"+`")
"""What programs escape in JSON besides, so that it may stand in a web page."""

_RUN = 32  # so much of an encoding stands before a line break at least: 60, 64 and 76 are usual
# Where an encoding goes on in the next line: as it is, indented, or with the line break escaped in JSON.
_BREAK = re.compile(r"(?:\n|\\r\\n|\\n)[ \t]*")
_BREAK_BEGINS = re.compile(r"(?:\n[ \t]*|\\r\\|\\r|\\n[ \t]*|\\|[ \t]+)\Z")
_ENCODED = re.compile(rf"[A-Za-z0-9+/_-]{{{_RUN}}}\Z")


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


def _wrapped_variants(secret: str) -> Iterable[str]:
    """Those that programs write over several lines when they are long."""
    if len(secret) < _SHORTEST_ENCODED:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield from _base64_cores(data)
    yield data.hex()
    yield data.hex().upper()


def _escaped(secret: str, more: str) -> str:
    """As JSON in ASCII, with these characters escaped by their numbers as well."""
    return "".join(f"\\u{ord(one):04x}" if one in more else json.dumps(one)[1:-1] for one in secret)


def _variants(secret: str) -> Iterable[str]:
    yield secret
    if len(secret) < _SHORTEST_ENCODED:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield from _wrapped_variants(secret)
    for quoted in (quote(data, safe=""), quote(data), quote(data, safe="!'()*"), quote_plus(data)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)
    as_it_is = json.dumps(secret, ensure_ascii=False)[1:-1]
    for escaped in (as_it_is, *(_escaped(secret, more) for more in _ALSO_ESCAPED)):
        for one in (escaped, _ESCAPED.sub(lambda found: "\\u" + found[1].upper(), escaped)):
            yield one
            yield one.replace("/", "\\/")
            yield json.dumps(one)[1:-1]
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1])
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
        wrapped: dict[str, str] = {}
        for secret in secrets:
            if not (plain := harmless(secret).strip()):
                continue
            digest = sha256(plain.encode()).hexdigest()[:4]
            shown = mark or f"[redacted:{digest}]"
            for variant in {*_variants(plain), *_variants(secret.strip())}:
                marks.setdefault(variant, shown)
            wrapped |= dict.fromkeys(_wrapped_variants(secret.strip()), shown)
        self._marks, self._wrapped = marks, wrapped
        self._by_head, self._wrapped_by_head = _by_head(marks), _by_head(wrapped)
        self._longest = max(map(len, marks), default=0)
        self._held = ""
        self._before = ""

    def feed(self, text: str) -> str:
        """What of the stream so far is safe to show."""
        if not self._marks:
            return text
        text = self._held + text
        spans = self._spans(text, before=self._before)
        end = min(_unfinished(text, self._by_head, self._longest), self._undecided_over_lines(text))
        for start, stop, _ in spans:
            if (
                start < end < stop
            ):  # a second secret may begin inside a first: decide on both, unless it never ends
                end = start if len(text) - start <= _OVERLAP * self._longest else stop
        self._held = text[end:]
        self._before = (self._before + text[:end])[-_RUN:]
        return _replaced(text[:end], [span for span in spans if span[1] <= end])

    def close(self) -> str:
        """The rest, once nothing more will come."""
        rest, self._held = self._held, ""
        return _replaced(rest, self._spans(rest, before=self._before))

    def redact(self, text: str) -> str:
        """A whole text, apart from the stream."""
        return _replaced(text, self._spans(text))

    def _spans(self, text: str, *, before: str = "") -> list[tuple[int, int, str]]:
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
        found += self._over_lines(text, before)
        found.sort(key=lambda span: (span[0], -span[1]))
        merged: list[tuple[int, int, str]] = []
        for start, stop, mark in found:
            if merged and start < merged[-1][1]:
                first, last, first_mark = merged[-1]
                merged[-1] = (first, max(last, stop), first_mark)
            else:
                merged.append((start, stop, mark))
        return merged

    def _over_lines(self, text: str, before: str) -> Iterator[tuple[int, int, str]]:
        """Encodings that are broken into lines. `before` was shown: it only tells what a break is."""
        if not self._wrapped or not (breaks := _breaks(_BREAK, before, text)):
            return
        joined = _Joined(text, breaks)
        for pattern, mark in self._wrapped.items():
            start = joined.text.find(pattern)
            while start >= 0:
                yield joined.place(start), joined.place(start + len(pattern) - 1) + 1, mark
                start = joined.text.find(pattern, start + 1)

    def _undecided_over_lines(self, text: str) -> int:
        """From where on the text could be an encoding that goes on in the next line."""
        longest = max(map(len, self._wrapped), default=0)
        skipped = max(0, len(text) - 4 * longest - 256)  # a break is seldom longer than what it breaks
        before, tail = (self._before + text[:skipped])[-_RUN:], text[skipped:]
        breaks = _breaks(_BREAK, before, tail)
        breaks += [
            one for one in _breaks(_BREAK_BEGINS, before, tail) if not breaks or breaks[-1][1] < one[1]
        ]
        if not longest or not breaks:
            return len(text)
        joined = _Joined(tail, breaks)
        at = _unfinished(joined.text, self._wrapped_by_head, longest)
        return skipped + joined.place(at) if at < len(joined.text) else len(text)


def _by_head(patterns: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pattern in patterns:
        found.setdefault(pattern[0], []).append(pattern)
    return found


def _unfinished(text: str, patterns: Mapping[str, Sequence[str]], longest: int) -> int:
    """From where on the text could be the beginning of a pattern that is not complete yet."""
    for start in range(max(0, len(text) - longest + 1), len(text)):
        if (candidates := patterns.get(text[start])) is None:
            continue
        tail = text[start:]
        if any(len(pattern) > len(tail) and pattern.startswith(tail) for pattern in candidates):
            return start
    return len(text)


def _breaks(pattern: re.Pattern[str], before: str, text: str) -> list[tuple[int, int]]:
    """Where breaks of an encoding stand in a text that comes after another."""
    whole, shift = before + text, len(before)
    found = []
    for one in pattern.finditer(whole, max(0, shift - _RUN)):
        start = one.start()
        while start and whole[start - 1] in " \t":
            start -= 1
        if one.end() > shift and _ENCODED.search(whole, max(0, start - _RUN), start):
            found.append((max(0, start - shift), one.end() - shift))
    return found


class _Joined:
    """A text without some of its parts, and where in the whole each character of it stands."""

    def __init__(self, text: str, without: Sequence[tuple[int, int]]) -> None:
        pieces, at = [], 0
        self._cuts: list[tuple[int, int]] = []
        removed = 0
        for start, stop in without:
            pieces.append(text[at:start])
            removed += stop - start
            self._cuts.append((stop - removed, removed))
            at = stop
        self.text = "".join([*pieces, text[at:]])

    def place(self, index: int) -> int:
        """An index of the joined text in the whole one."""
        cut = bisect_right(self._cuts, index, key=lambda one: one[0]) - 1
        return index + (self._cuts[cut][1] if cut >= 0 else 0)


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
