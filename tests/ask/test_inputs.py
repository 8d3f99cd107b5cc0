"""Forms: every field that is wrong is said at its field, and nothing runs until none is."""

from __future__ import annotations

import pytest

from bot.ask.catalog import Catalog, Skill
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
