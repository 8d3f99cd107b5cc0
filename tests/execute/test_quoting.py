"""Whatever a value is, the query around it stays what its author wrote."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.execute.connectors.quoting import filled
from bot.terms import Refused

VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ['"', "\\", '\\"', "${x}", "$other", "`", "'", "#", "\n", '"} or {a="', "\\u0022"]
)
QUERY = 'a{x=$one, y=~$two} |= $one # a "comment" without a place'


@given(VALUES, VALUES)
def test_values_are_strings_that_read_back_as_they_were(one: str, two: str) -> None:
    said = filled(QUERY, {"one": one, "two": two})
    pattern = QUERY
    for piece in re.split(r"\$one|\$two", QUERY):
        assert piece in said
    at, read = 0, []
    for piece in re.split(r"(\$one|\$two)", pattern):
        if piece.startswith("$"):
            value, length = json.JSONDecoder().raw_decode(said[at:])
            read.append(value)
            at += length
        else:
            assert said[at:].startswith(piece)
            at += len(piece)
    assert at == len(said)
    assert (read[0], read[2]) == (one, one)
    assert re.fullmatch(read[1], two), "as a pattern it matches itself"
    assert not re.fullmatch(read[1], f"{two}x")


@given(st.text(max_size=80))
def test_any_query_is_filled_or_refused(query: str) -> None:
    try:
        said = filled(query, {"v": 'x"y'})
    except Refused:
        return
    assert "$v" not in said or "$v" in query


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Refused, match="is no text"):
        filled("a{x=$v}", {"v": "\ud800"})
