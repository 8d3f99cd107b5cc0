"""Forms: every field that is wrong is said at its field, and nothing runs until none is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.ask.catalog import Catalog, Input, Skill
from bot.ask.grammar import Complete, FieldErrors, complete, parse
from bot.terms import Environment, Refused


def test_a_form_makes_the_same_invocation_as_the_words(deploy: Skill, catalog: Catalog) -> None:
    form = complete(deploy, {"service": "checkout", "version": " 1.4.2 ", "drain": "false"}, "staging")
    assert Complete(form) == parse("deploy checkout 1.4.2 drain=off to staging", catalog)


def test_every_wrong_field_is_named(deploy: Skill) -> None:
    with pytest.raises(FieldErrors) as refused:
        complete(deploy, {"service": "checkot", "replicas": "0", "note": "a\u200bb"}, "mars")
    assert refused.value.errors == {
        "service": "service cannot be checkot. Did you mean checkout? Known: checkout, payments.",
        "version": "Say the version: A released version, e.g. 1.4.2.",
        "replicas": "replicas cannot be 0. It is at least 1 and at most 12. How many run.",
        "note": "note has U+200B (zero width space), which nobody can see. Type it again without it.",
        "environment": "mars is no environment. deploy runs in development, staging or production.",
    }
    assert str(refused.value) == "\n".join(refused.value.errors.values())


@pytest.mark.parametrize("environment", [None, ""])
def test_the_environment_is_asked_for_when_there_are_several(deploy: Skill, environment: str | None) -> None:
    with pytest.raises(FieldErrors) as refused:
        complete(deploy, {"service": "checkout", "version": "1.4.2"}, environment)
    assert refused.value.errors == {"environment": "Say where: development, staging or production."}


def test_the_only_environment_need_not_be_chosen(catalog: Catalog) -> None:
    assert (
        complete(catalog["restart-service"], {"service": "checkout"}, None).environment is Environment.STAGING
    )


def test_a_form_of_an_older_version_is_opened_again(deploy: Skill) -> None:
    with pytest.raises(Refused, match=r"deploy has no input colour any more\. Open the form again\."):
        complete(deploy, {"colour": "blue"}, "staging")


def test_an_empty_optional_field_takes_its_default_or_stays_unsaid(deploy: Skill) -> None:
    form = complete(
        deploy, {"service": "checkout", "version": "1.4.2", "replicas": " ", "note": ""}, "staging"
    )
    assert form.inputs["replicas"] == 2
    assert "note" not in form.inputs


_TEXTS = st.text(st.sampled_from("a1-\nٱ"), max_size=4)
_SCALARS = st.one_of(
    st.booleans(), st.integers(-3, 3), st.sampled_from((0.0, 1.0, 1.5, -0.0, float("inf"))), _TEXTS
)


@given(
    one=st.builds(
        Input,
        type=st.sampled_from(("string", "integer", "number", "boolean")),
        description=st.just("Something."),
        enum=st.none() | st.lists(_SCALARS, min_size=1, max_size=3).map(tuple),
        pattern=st.none() | st.sampled_from((r"[a-z]+", r"^a", r"\d+$", r"a\z", r"a|1")),
        minimum=st.none() | st.integers(-2, 2).map(float),
        maximum=st.none() | st.integers(-2, 2).map(float),
        min_length=st.none() | st.integers(0, 3),
        max_length=st.none() | st.integers(1, 3),
    ),
    found=_SCALARS,
)
def test_a_value_keeps_to_its_input_exactly_when_json_schema_says_so(
    one: Input, found: str | int | float | bool
) -> None:
    broken = [error.validator for error in Draft202012Validator(one.as_json_schema()).iter_errors(found)]
    assert (one.broken_by(found) in broken) if broken else one.broken_by(found) is None
