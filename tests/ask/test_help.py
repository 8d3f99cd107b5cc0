"""Help shows what this person may ask for, ready to copy."""

from __future__ import annotations

from dataclasses import replace

from bot.ask.catalog import Catalog, Skill
from bot.ask.help import help_text, skill_help

from .conftest import DEPLOY, skill


def test_only_what_this_person_may_ask_for(catalog: Catalog) -> None:
    text = help_text(catalog, command="/assent", may_ask=lambda one: one.name == "deploy")
    assert "*deploy*" in text
    assert "restart-service" not in text
    assert "`/assent help deploy`" in text


def test_the_example_is_one_that_can_be_typed(catalog: Catalog) -> None:
    text = help_text(catalog, command="/assent", may_ask=lambda one: True)
    assert "`/assent deploy checkout 1.4.2 to staging`" in text
    assert "put checkout live" not in text


def test_the_form_stands_in_for_examples_that_are_only_phrases() -> None:
    only_phrases = skill(DEPLOY | {"examples": ["put checkout live"]})
    assert "`/a deploy service=… version=… [replicas=…] [share=…] [drain=…] [note=…] to …`" in help_text(
        Catalog({"deploy": only_phrases}), command="/a", may_ask=lambda one: True
    )


def test_an_unarmed_skill_is_not_offered(deploy: Skill) -> None:
    text = help_text(
        Catalog({"deploy": replace(deploy, unarmed="changed")}), command="/assent", may_ask=lambda one: True
    )
    assert text.startswith("There is nothing you may ask for yet.")


def test_one_skill_says_its_inputs_choices_and_defaults(deploy: Skill) -> None:
    text = skill_help(deploy, "/assent")
    assert "• *service*: The service; one of checkout, payments" in text
    assert "• *replicas*: How many run; a whole number; 2 when not said" in text
    assert "• *drain*: Finish open requests first; yes or no; true when not said" in text
    assert "• *note*: Why; optional" in text
    assert "• *environment*: development, staging, production" in text


def test_text_of_a_manifest_cannot_ping_or_link() -> None:
    loud = skill(DEPLOY | {"summary": "<!channel> & `x`", "owners": ["<@U1>"]})
    text = skill_help(loud, "/assent")
    assert "<" not in text
    assert "&lt;!channel&gt; &amp; ʼxʼ" in text


def test_help_says_how_to_say_why(deploy: Skill) -> None:
    text = skill_help(deploy, "/assent")
    assert "• *reason*: why you ask; optional" in text
    assert "• *break_glass*: yes asks for what a policy denies" in text
    listed = help_text(Catalog({"deploy": deploy}), command="/assent", may_ask=lambda one: True)
    assert '`reason="…"` and `incident=INC-42` behind any of these say why you ask' in listed


def test_a_deprecated_skill_says_what_to_use_and_every_skill_what_it_is_not_for() -> None:
    changed = {"lifecycle": "deprecated", "replaced_by": "ship", "not_for": ["deploy a database"]}
    text = skill_help(skill(DEPLOY | changed), "/assent")
    assert "Use *ship* instead." in text
    assert "*Not for*: deploy a database" in text
