"""What the audit does not have, and what it keeps saying all the same."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from bot.settle.discretion import OPEN, REDACTED, Discretion

VALUE = "pä55/word ?"
KEPT = {
    "kind": "decided",
    "request": "r-1",
    "principal": "alice",
    "digest": "sha256:alice",
    "policy": "alice",
    "effect": "allow",
}


@pytest.mark.parametrize(
    "said",
    [
        f"There is no {VALUE}.",
        quote(VALUE, safe=""),
        quote(VALUE, safe="").lower(),
        base64.b64encode(f"x{VALUE}".encode()).decode(),
        json.dumps({"a": VALUE}),
        VALUE.encode().hex(),
        repr([VALUE]),
    ],
)
@pytest.mark.parametrize("field", ["reason", "detail", "facts"])
def test_a_value_is_hidden_however_it_is_said(said: str, field: str) -> None:
    discreet = Discretion(["word"], {"word": VALUE})
    for shape in (said, [said], {"plan.labels": {"a": said}}, {"plan.labels": {said: [{"b": said}]}}):
        told = json.dumps(discreet.audited({field: shape}), ensure_ascii=False)
        assert said not in told
        assert json.dumps(said, ensure_ascii=False)[1:-1] not in told
        assert REDACTED in told


def test_the_inputs_are_hidden_by_their_names_whatever_they_are() -> None:
    inputs = {"count": 5, "sure": True, "word": "x", "open": "said"}
    discreet = Discretion(["count", "sure", "word"], inputs)
    told = discreet.audited({"detail": {"inputs": inputs}, "facts": {"request.inputs": inputs, "n": 5}})
    hidden = {"count": REDACTED, "sure": REDACTED, "word": REDACTED, "open": "said"}
    assert told == {"detail": {"inputs": hidden}, "facts": {"request.inputs": hidden, "n": 5}}


def test_short_values_are_hidden_as_words_and_not_inside_of_others() -> None:
    discreet = Discretion(["word", "count"], {"word": "eu", "count": 12})
    assert discreet.audited({"reason": "neutral eu, eu-west 12 of 112 europe"}) == {
        "reason": f"neutral {REDACTED}, {REDACTED}-west {REDACTED} of 112 europe"
    }


def test_what_the_audit_says_itself_stays() -> None:
    assert Discretion(["who"], {"who": "alice"}).audited({**KEPT, "reason": "alice"}) == {
        **KEPT,
        "reason": REDACTED,
    }


def test_without_names_nothing_is_hidden() -> None:
    assert OPEN.audited({"reason": "alice"}) == {"reason": "alice"}
    assert Discretion(["other"], {"word": VALUE}).audited({"reason": VALUE}) == {"reason": VALUE}
