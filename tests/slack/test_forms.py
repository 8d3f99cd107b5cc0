"""The guided form: short, and what may be said about the request itself is carried through it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ask.catalog import Catalog, Skill
from bot.ask.grammar import Incomplete, parse
from bot.playground.blocks import view_faults
from bot.slack.modals.inputs import form
from tests.ask.conftest import DEPLOY, skill


@pytest.fixture
def deploy() -> Skill:
    return skill(DEPLOY)


def asked_for(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


INPUTS = ["service", "version", "replicas", "share", "drain", "note", "environment"]


@pytest.mark.parametrize(
    ("looked_at", "more"),
    [
        pytest.param((), ["reason"], id="why is always worth a line"),
        pytest.param(("request.incident",), ["reason", "incident"], id="a policy looks at the incident"),
        pytest.param(
            ("request.incident", "request.break_glass"),
            ["reason", "incident", "break_glass"],
            id="a policy lets its no be overridden",
        ),
    ],
)
def test_the_form_asks_only_for_what_somebody_looks_at(
    deploy: Skill, looked_at: tuple[str, ...], more: list[str]
) -> None:
    view = form(deploy, {"channel": "C1"}, looked_at=looked_at)
    assert asked_for(view) == [*INPUTS, *more]
    assert view_faults(view, "modal") == []


def test_what_was_typed_about_the_request_is_in_the_form(deploy: Skill) -> None:
    typed = 'deploy checkout break_glass=yes incident=INC-42 reason="cannot pay"'
    asked = parse(typed, Catalog({"deploy": deploy}))
    assert isinstance(asked, Incomplete)
    view = form(deploy, {"channel": "C1"}, known=asked, looked_at=("request.break_glass",))
    filled = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert filled["reason"]["initial_value"] == "cannot pay"
    assert filled["incident"]["initial_value"] == "INC-42"
    assert filled["break_glass"]["initial_option"]["value"] == "yes"


def test_a_skill_that_has_an_input_of_that_name_keeps_it() -> None:
    inputs = DEPLOY["inputs"]
    own = {**inputs, "properties": {**inputs["properties"], "reason": {"type": "string", "description": "R"}}}
    view = form(skill(DEPLOY | {"inputs": own}), {"channel": "C1"})
    assert asked_for(view).count("reason") == 1
