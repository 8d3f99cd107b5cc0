"""Secrets are hidden in what a command prints, as it streams past: `encodings` says what is looked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from bot.execute.sandbox.broken_lines import BREAK, BREAK_BEGINS, RUN, Joined, breaks_in
from bot.execute.sandbox.encodings import variants, wrapped_variants
from bot.execute.sandbox.harmless import harmless

_OVERLAP = 4  # how many lengths of the longest secret are held back for one that overlaps another


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
            for variant in {*variants(plain), *variants(secret.strip())}:
                marks.setdefault(variant, shown)
            wrapped |= dict.fromkeys(wrapped_variants(secret.strip()), shown)
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
        self._before = (self._before + text[:end])[-RUN:]
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
        if not self._wrapped or not (breaks := breaks_in(BREAK, before, text)):
            return
        joined = Joined(text, breaks)
        for pattern, mark in self._wrapped.items():
            start = joined.text.find(pattern)
            while start >= 0:
                yield joined.place(start), joined.place(start + len(pattern) - 1) + 1, mark
                start = joined.text.find(pattern, start + 1)

    def _undecided_over_lines(self, text: str) -> int:
        """From where on the text could be an encoding that goes on in the next line."""
        longest = max(map(len, self._wrapped), default=0)
        skipped = max(0, len(text) - 4 * longest - 256)  # a break is seldom longer than what it breaks
        before, tail = (self._before + text[:skipped])[-RUN:], text[skipped:]
        breaks = breaks_in(BREAK, before, tail)
        breaks += [
            one for one in breaks_in(BREAK_BEGINS, before, tail) if not breaks or breaks[-1][1] < one[1]
        ]
        if not longest or not breaks:
            return len(text)
        joined = Joined(tail, breaks)
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


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    if not spans:
        return text
    pieces, at = [], 0
    for start, stop, mark in spans:
        pieces += [text[at:start], mark]
        at = stop
    return "".join([*pieces, text[at:]])
