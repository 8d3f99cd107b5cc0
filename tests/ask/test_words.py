"""Typed text as words: the quick way to a plain word reads what the whole way reads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask import words as module
from bot.ask.words import Word, words
from bot.terms import Refused

LETTERS = st.text(st.sampled_from("ab1=-_\"'“’\\ \n\u00a0é"), max_size=14)


def read(text: str) -> list[Word] | str:
    try:
        return words(text)
    except Refused as refused:
        return str(refused)


@given(LETTERS)
def test_both_ways_read_the_same(text: str) -> None:
    quickly = read(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PLAIN", re.compile(r"(?!)"))
        assert quickly == read(text)
