"""What a skill keeps out of the audit: the values of some inputs, wherever somebody says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from bot.execute.sandbox.redaction import Redactor

REDACTED = "[redacted]"
"""Not even a digest: what can be guessed can be found by it."""

_SHORT = 4
"""A shorter value is looked for as a whole word: as a part of words it would be everywhere."""
_OWN_WORDS = frozenset(
    {"kind", "request", "principal", "digest", "policy", "policy_digest", "step", "phase", "tier", "effect"}
    | {"skill", "version", "environment", "evidence", "channel", "message_ts"}
)
"""What the audit itself has to say; a person who is named in an input is still who pressed the button."""


class Discretion:
    """Hides the values of the inputs called `names` in what is said of one request.

    Text is searched for each value and its usual encodings; data is gone through, and where inputs are kept
    by their names the whole value is replaced, also a number or a yes.
    """

    def __init__(self, names: Iterable[str], inputs: Mapping[str, JsonValue]) -> None:
        self._names = frozenset(names)
        values = [inputs[name] for name in self._names if name in inputs]
        said = [str(one) for one in values if not isinstance(one, bool) and str(one).strip()]
        self._long = Redactor((one for one in said if len(one.strip()) >= _SHORT), mark=REDACTED)
        short = [re.escape(one.strip()) for one in said if len(one.strip()) < _SHORT]
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None

    def audited(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The fields of one audit entry without the values."""
        if not self._names:
            return dict(fields)
        return {name: self._field(name, value) for name, value in fields.items()}

    def _field(self, name: str, value: JsonValue) -> JsonValue:
        if name.rpartition(".")[2] in _OWN_WORDS:
            return value
        if isinstance(value, dict):
            if name.rpartition(".")[2] == "inputs":
                value = {each: REDACTED if each in self._names else one for each, one in value.items()}
            elif name in ("detail", "facts"):
                return {each: self._field(each, one) for each, one in value.items()}
        return self._hidden(value)

    def _hidden(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                text = self._long.redact(value)
                return self._short.sub(REDACTED, text) if self._short else text
            case list():
                return [self._hidden(one) for one in value]
            case dict():
                return {str(self._hidden(name)): self._hidden(one) for name, one in value.items()}
        return value


OPEN = Discretion((), {})
"""Nothing is hidden."""
