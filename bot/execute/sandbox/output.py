"""What is kept of a command's output: the beginning, the end, the last line; never more than was allowed."""

import codecs
import json
import math
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from bot.execute.sandbox.harmless import Harmless, harmless
from bot.execute.sandbox.redaction import Redactor

LONGEST_LINE = 500  # characters of one progress line; a card shows far less
LONGEST_RESULT = 1 << 20  # a plan's details can be long; a result beyond this is none
DEEPEST_RESULT = 32


class Lines:
    """Tells each line as soon as it is complete, and keeps back a last one that could be the result."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._parts: list[str] = []
        self._size = 0
        self._waiting: str | None = None

    def feed(self, text: str) -> None:
        first, *others = text.split("\n")
        self._extend(first)
        for part in others:
            self._end()
            self._extend(part)

    def close(self) -> str | None:
        """The last line when it looks like an object; it has not been told to anyone."""
        self._end()
        return self._waiting

    def _extend(self, part: str) -> None:
        if part and self._size <= LONGEST_RESULT:
            self._parts.append(part[: LONGEST_RESULT + 1])
            self._size += len(part)

    def _end(self) -> None:
        line = "".join(self._parts).strip()
        too_long = self._size > LONGEST_RESULT
        self._parts, self._size = [], 0
        if not line:
            return
        if self._waiting is not None:
            self.tell(self._waiting)
        self._waiting = line if line.startswith("{") and not too_long else None
        if self._waiting is None:
            self.tell(line)

    def tell(self, line: str) -> None:
        self._on_line(line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…")


class Output:
    """One stream of a command: bytes in, harmless and redacted text kept, in bounded memory."""

    def __init__(
        self, *, limit: int, secrets: tuple[str, ...], on_line: Callable[[str], None] | None = None
    ) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._harmless = Harmless()
        self._redactor = Redactor(secrets)
        self._lines = Lines(on_line) if on_line else None
        self._head_size, self._tail_size = limit - limit // 2, limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self._seen = 0
        self.result: Mapping[str, object] | None = None

    def feed(self, data: bytes) -> None:
        self._keep(self._redactor.feed(self._harmless.feed(self._decode(data))))

    def close(self) -> None:
        """No more will come: what was held back is let go, and the last line may be the result."""
        rest = self._harmless.feed(self._decode(b"", True)) + self._harmless.close()
        self._keep(self._redactor.feed(rest) + self._redactor.close())
        if self._lines and (last := self._lines.close()) is not None:
            self.result = self._read(last)
            if self.result is None:
                self._lines.tell(last)

    @property
    def dropped(self) -> int:
        return self._seen - len(self._head) - min(len(self._tail), self._tail_size)

    def text(self) -> str:
        tail = self._tail[max(0, len(self._tail) - self._tail_size) :]
        if not self.dropped:
            return (self._head + tail).decode()
        head, end = self._head.decode(errors="ignore"), tail.decode(errors="ignore")
        return f"{head}\n[… {self.dropped} bytes not kept …]\n{end}"

    def _keep(self, text: str) -> None:
        if self._lines:
            self._lines.feed(text)
        data = text.encode()
        self._seen += len(data)
        room = self._head_size - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_size:
            del self._tail[: len(self._tail) - self._tail_size]

    def _read(self, line: str) -> Mapping[str, object] | None:
        return result_in(line, self._redactor)


def result_in(text: str, redactor: Redactor) -> dict[str, JsonValue] | None:
    """The JSON object that a text is, harmless and without secrets; None when it is none.

    Strings are gone through: what an escape in the JSON hid from the stream is plain to see only now.
    """
    try:
        value = json.loads(text, parse_constant=_not_json, parse_float=_finite)
        cleaned = _cleaned(value, redactor, DEEPEST_RESULT)
    except (ValueError, RecursionError):
        return None
    return cleaned if isinstance(cleaned, dict) else None


def _cleaned(value: JsonValue, redactor: Redactor, depth: int) -> JsonValue:
    if not depth:
        raise ValueError("nested too deep")
    match value:
        case str():
            return redactor.redact(harmless(value))
        case dict():
            return {
                redactor.redact(harmless(name)): _cleaned(item, redactor, depth - 1)
                for name, item in value.items()
            }
        case list():
            return [_cleaned(item, redactor, depth - 1) for item in value]
    return value


def _not_json(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large")
    return number
