"""`models.yaml`: which model stands behind a tier, and where its key may go."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import pytest

from bot.ask.reading import Unreadable, read_as
from bot.assess.models import Models


def tier(**said: object) -> dict[str, object]:
    whole = {"model": "openai/tiny", "api_base": "https://models.acme.test/v1", **said}
    return {"version": "1", "tiers": {"small": whole}}


def test_units_are_called_as_the_tier_unless_they_are_named() -> None:
    assert read_as(Models, tier()).units("small") == ("small_input_tokens", "small_output_tokens")
    assert read_as(Models, tier(unit="tiny")).units("small") == ("tiny_input_tokens", "tiny_output_tokens")


@pytest.mark.parametrize("base", ["http://127.0.0.1:11434/v1", "http://localhost:8000/v1", "http://[::1]/v1"])
def test_a_key_may_go_to_this_machine_in_the_clear(base: str) -> None:
    assert (
        read_as(Models, tier(api_base=base, credential={"from": "env:KEY"})).tiers["small"].api_base == base
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"api_base": "http://models.acme.test/v1", "credential": {"from": "env:KEY"}}, "https:// address", id="a key in the clear"),
        pytest.param({"api_base": "https://me:sk-1@models.acme.test/v1"}, "a key stands in credential", id="a key in the address"),
        pytest.param({"api_base": "https://models.acme.test/v1?key=sk-1"}, "no name, password, query", id="a key in the query"),
        pytest.param({"api_base": "models.acme.test/v1"}, "http:// or https://", id="no address"),
        pytest.param({"model": "bedrock/tiny"}, "a model is openai/NAME", id="a provider nobody tried"),
        pytest.param({"max_answer_tokens": 1}, "greater than or equal to 64", id="no room for an answer"),
        pytest.param({"max_tokens": 100}, 'unknown key "max_tokens"', id="a key misspelt"),
    ],
)  # fmt: skip
def test_what_is_not_right_is_said(said: dict[str, object], why: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read_as(Models, tier(**said))
    assert why in str(raised.value)
