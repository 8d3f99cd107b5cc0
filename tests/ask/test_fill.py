"""`${…}`: what is known gets in as plain text, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ask.fill import fill, names
from bot.assess.assessment import Plan, Target
from bot.terms import Environment, Refused, RequestId

PLAN = Plan(
    summary="1.4.1 → 1.4.2",
    target=Target(identity="host/checkout", revision="r7"),
    resolved={
        "commit": "c0ffee",
        "count": 3,
        "on": True,
        "list": [1],
        "evil": "--upload-pack=x",
        "nul": "a\0b",
    },
)


def filled(template: str, **more: Any) -> str:
    known: dict[str, Any] = {
        "inputs": {"version": "1.4.2", "replicas": 4, "drain": False, "text": "${environment}"},
        "environment": Environment.STAGING,
        "request": RequestId("r-42"),
        "plan": PLAN,
        "idempotency_key": "r-42/switch",
    }
    return fill(template, **(known | more))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("plain", "plain", id="nothing to fill"),
        pytest.param("${inputs.version}", "1.4.2", id="text"),
        pytest.param("--replicas=${inputs.replicas}", "--replicas=4", id="number inside"),
        pytest.param("${inputs.drain} ${plan.resolved.on}", "false true", id="booleans"),
        pytest.param("${environment}/${request.id}", "staging/r-42", id="two"),
        pytest.param("${plan.resolved.commit}@${plan.target.revision}", "c0ffee@r7", id="plan"),
        pytest.param("${idempotency_key}", "r-42/switch", id="key"),
        pytest.param("${inputs.text}", "${environment}", id="a value is never read again"),
        pytest.param("ref=${plan.resolved.evil}", "ref=--upload-pack=x", id="a dash inside is no option"),
        pytest.param("$HOME $(id) `id`", "$HOME $(id) `id`", id="no shell"),
    ],
)
def test_fill(template: str, expected: str) -> None:
    assert filled(template) == expected


@pytest.mark.parametrize(
    ("template", "more", "says"),
    [
        pytest.param("${inputs.colour}", {}, "Nothing is known for ${inputs.colour}", id="no such input"),
        pytest.param("${plan.resolved.x}", {}, "the plan did not give it", id="not in the plan"),
        pytest.param("${plan.resolved.commit}", {"plan": None}, "Nothing is known", id="before the plan"),
        pytest.param("${idempotency_key}", {"idempotency_key": None}, "Nothing is known", id="no key"),
        pytest.param("${request.id}", {"request": None}, "Nothing is known", id="no request"),
        pytest.param("${plan.resolved.list}", {}, "not a text, a number, true or false", id="a list"),
        pytest.param("${plan.resolved.evil}", {}, "may not start with a dash", id="becomes an option"),
        pytest.param("${plan.resolved.nul}", {}, "control characters", id="null byte"),
        pytest.param("${inputs.n}", {"inputs": {"n": float("inf")}}, "not a text, a number", id="not finite"),
    ],
)
def test_what_cannot_be_filled_is_refused(template: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says.replace("$", r"\$").replace(".", r"\.")):
        filled(template, **more)


SAID = {
    "think": {"cause": "disk\nfull\x00", "n": -9, "option": "--force", "made": "${environment}", "all": ["x"]}
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("${steps.think.cause}", "disk full ", id="on one line"),
        pytest.param("--n=${steps.think.n}", "--n=-9", id="a number behind its option"),
        pytest.param("${steps.think.made}", "${environment}", id="never read again"),
    ],
)
def test_what_a_model_said_is_text(template: str, expected: str) -> None:
    assert filled(template, said=SAID) == expected


@pytest.mark.parametrize(
    ("template", "says"),
    [
        pytest.param("${steps.think.option}", "may not start with a dash", id="an option"),
        pytest.param("${steps.think.n}", "may not start with a dash", id="a number that is an option"),
        pytest.param("${steps.think.all}", "not a text, a number", id="a list"),
        pytest.param("${steps.think.other}", "Nothing is known", id="what it did not say"),
        pytest.param("${steps.other.cause}", "Nothing is known", id="a step that said nothing"),
        pytest.param("${steps.think}", "Nothing is known", id="all of it"),
    ],
)
def test_what_a_model_said_becomes_no_option(template: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        filled(template, said=SAID)


def test_names_are_listed_and_an_open_mark_is_seen() -> None:
    assert names("a ${b.c} ${d} ${e") == ("b.c", "d", "${")
