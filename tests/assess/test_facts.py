"""The closed vocabulary: what is not known is at its worst, and nothing odd gets in."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.assess.facts import Facts, vocabulary

from .writing import facts

NEEDED = {"request.skill": "deploy", "actor.principal": "alice"}


def test_what_is_not_known_is_at_its_worst() -> None:
    seen = Facts.of(NEEDED).named()
    assert seen["request.environment"] == "production"
    assert seen["request.mode"] == "mutate"
    assert seen["request.destructive"] is True
    assert seen["request.risk"] == 100
    assert seen["request.ceiling_usd"] == 1e9
    assert seen["budget.left_usd"] == 0.0
    assert seen["freeze.active"] == ["undetermined"]
    assert seen["skill.lifecycle"] == "draft"
    assert (seen["evidence.runs"], seen["evidence.success_lb"]) == (0, 0.0)


@pytest.mark.parametrize("missing", NEEDED)
def test_who_asks_for_what_has_no_default(missing: str) -> None:
    with pytest.raises(ValidationError):
        Facts.of({name: value for name, value in NEEDED.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request.environment", "prod\0evil"),
        ("request.environment", "prod"),
        ("actor.principal", "alice\0"),
        ("actor.principal", "alice\nbob"),
        ("actor.groups", ["sre\x1b"]),
        ("request.inputs", {"service": "check\0out"}),
        ("request.inputs", {"na\0me": "x"}),
        ("plan.target", "\ud800"),
        ("request.risk", 101),
        ("request.risk", True),
        ("request.risk", "5"),
        ("request.risk", 5.0),
        ("request.cost_usd", float("nan")),
        ("request.cost_usd", float("inf")),
        ("request.destructive", 1),
        ("request.skill", "x" * 2001),
        ("plan.targets", ["x"] * 1001),
        ("evidence.runs", 2**70),
        ("request.inputs", {"a": {"b": "c"}}),
        ("request.colour", "red"),
        ("weather.rain", True),
        ("request", {"skill": "deploy", "x": 1}),
    ],
)
def test_what_is_no_fact_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Facts.of({**NEEDED, name: value})  # type: ignore[dict-item]


def test_facts_are_read_back_from_what_is_stored() -> None:
    seen = facts(request__inputs={"a": "b"}, freeze__active=["weekend"])
    assert Facts.of(seen.named()) == seen


def test_facts_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        facts().request.risk = 0  # type: ignore[misc]


def test_the_vocabulary_is_what_facts_have() -> None:
    assert set(vocabulary()) == set(facts().named())
    environment = vocabulary()["request.environment"]
    assert environment.values == ("development", "staging", "production")
    assert (vocabulary()["request.risk"].low, vocabulary()["request.risk"].high) == (0, 100)
