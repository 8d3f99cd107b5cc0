"""The small words of a policy file: durations, ids, texts, conditions."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.ask.manifest.words import written

_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(text: object) -> object:
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a duration is a whole number and a unit, such as 30m, 4h or 2d")
    return int(found[1]) * _SECONDS[found[2]]


Duration = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=written(_DURATION))]
Id = Annotated[str, Field(pattern=r"\A[A-Za-z0-9]+(-[A-Za-z0-9]+)*\z", max_length=64)]
Word = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9_]*\z", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Condition = Annotated[str, Field(min_length=1, max_length=4000)]
