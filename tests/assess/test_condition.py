"""The one door to CEL: what the library would do by itself, and what comes of it here."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import given
from hypothesis import strategies as st

from bot.assess.condition import Condition, ConditionError, ConditionFault, Language
from bot.assess.facts import vocabulary

from .writing import facts

LANGUAGE = Language(vocabulary())


def holds(source: str, **changed: object) -> bool:
    return LANGUAGE.compile(source).holds(LANGUAGE.situation(facts(**changed).named()))


def fault(source: str) -> ConditionFault:
    with pytest.raises(ConditionFault) as raised:
        LANGUAGE.compile(source)
    return raised.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('request.environment == "staging"', True),
        ('request.environment in ["production", "staging"]', True),
        ("request.risk >= 40", False),
        ("request.cost_usd < 5.0 && !request.destructive", True),
        ('"engineers" in actor.groups', True),
        ('actor.groups.exists(g, g.startswith("eng"))'.replace("startswith", "startsWith"), True),
        ("has(request.inputs.service)", True),
        ("has(request.inputs.ticket)", False),
        ('request.inputs.service == "checkout"', True),
        ("size(freeze.active) > 0", False),
    ],
)
def test_conditions_say_what_they_read_like(source: str, expected: bool) -> None:
    assert holds(source) is expected


class TestErrorsAreNeverTrue:
    def test_the_library_answers_an_error_with_something_true(self) -> None:
        """Why the result must be True itself: this is what a naive caller would take for a yes."""
        env = cel.NewEnv(variables={"n": cel.Type.INT})
        assert bool(env.compile("1 / n > 0").eval(data={"n": 0}).value())

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ('request.inputs["ticket"] == "X"', "Key not found"),
            ("100 / (request.risk - 20) > 1", "divide by zero"),
            ('request.skill.matches("(")', "regular expression"),
            ('timestamp(request.skill) > timestamp("2026-01-01T00:00:00Z")', "Timestamp"),
        ],
    )
    def test_an_error_while_judging(self, source: str, words: str) -> None:
        with pytest.raises(ConditionError, match=words):
            holds(source)

    def test_a_fact_that_was_not_given(self) -> None:
        condition = LANGUAGE.compile("request.risk > 1")
        with pytest.raises(ConditionError, match=r"request\.risk"):
            condition.holds(LANGUAGE.situation({}))

    @pytest.mark.parametrize("given", ["x", None, 2**70, [1], 1.5])
    def test_a_fact_of_another_type(self, given: Any) -> None:
        condition = LANGUAGE.compile("request.risk > 1")
        with pytest.raises(ConditionError):
            condition.holds(LANGUAGE.situation({"request.risk": given}))

    def test_half_a_character_is_an_error_and_not_a_crash(self) -> None:
        condition = LANGUAGE.compile('actor.principal == "alice"')
        with pytest.raises(ConditionError):
            condition.holds(LANGUAGE.situation({"actor.principal": "\ud800"}))

    @pytest.mark.parametrize("answer", ["an error", 1, 0, None, [True]])
    def test_only_true_and_false_are_answers(self, answer: object) -> None:
        class Evaluated:
            def eval(self, activation: object) -> Evaluated:
                return self

            def value(self) -> object:
                return answer

        with pytest.raises(ConditionError):
            Condition("x", frozenset(), Evaluated()).holds(LANGUAGE.situation({}))


class TestFaultsAreSeenWhenLoading:
    def test_an_unknown_fact_is_guessed(self) -> None:
        said = fault('request.enviroment == "staging"')
        assert said.message == "there is no fact request.enviroment"
        assert said.hint == "Did you mean request.environment?"

    def test_the_place_is_told_also_on_a_later_line(self) -> None:
        said = fault('request.risk > 1\n  && request.environment == "prd"')
        assert (said.line, said.column) == (2, 26)

    @pytest.mark.parametrize(
        "source",
        [
            'request.environment == "prd"',
            '"prd" == request.environment',
            'request.environment != "prd"',
            'request.environment in ["staging", "prd"]',
            '!(request.risk > 3 || request.environment == "prd")',
            'actor.groups.exists(g, g == "x" && request.environment == "prd")',
        ],
    )
    def test_a_word_the_fact_can_never_be(self, source: str) -> None:
        said = fault(source)
        assert said.message == 'request.environment is never "prd"'
        assert "Did you mean production?" in said.hint

    @pytest.mark.parametrize(
        "source", ["request.risk > 700", "-5 < request.risk", "evidence.success_lb >= 95.0"]
    )
    def test_a_number_the_fact_can_never_be(self, source: str) -> None:
        assert "is never" in fault(source).message

    def test_a_whole_number_for_money(self) -> None:
        assert fault("request.cost_usd > 5").hint == "Write the number with a decimal point: 5.0."

    @pytest.mark.parametrize("source", ["request.risk", "request.skill", "[true]", "1 + 1"])
    def test_what_is_neither_true_nor_false(self, source: str) -> None:
        assert "true or false" in fault(source).message

    @pytest.mark.parametrize(
        "source", ["dyn(request.risk) == 1", '[1, "a"] == []', '{"a": 1, "b": "c"} == {}']
    )
    def test_values_without_a_type(self, source: str) -> None:
        assert "mixed or unknown type" in fault(source).message

    @pytest.mark.parametrize("name", ["skill.open_world", "request.destructive", "skill. open_world"])
    def test_has_of_a_fact_is_not_a_question(self, name: str) -> None:
        assert "is always there" in fault(f"request.risk > 1 && has({name})").message

    def test_brackets_around_a_fact_are_fine(self) -> None:
        assert holds("(skill.open_world) || !(skill.open_world)") is True

    @pytest.mark.parametrize("source", ["", "request.risk >", "request.risk = 1", "a b", '"\\0', "((("])
    def test_what_is_not_cel(self, source: str) -> None:
        assert fault(source).message

    def test_a_very_long_condition(self) -> None:
        assert "at most" in fault("request.risk > 1 && " * 400 + "true").message

    @pytest.mark.parametrize("source", ["(" * 500 + "true" + ")" * 500, "[" * 200 + "]" * 200 + " == []"])
    def test_a_very_deep_condition(self, source: str) -> None:
        assert fault(source).message

    def test_a_deep_tree_of_operators_is_refused_and_not_walked(self) -> None:
        assert "recursion" in fault("1" + " + 1" * 300 + " > 0").message


@given(st.text(alphabet="abc .\"'()[]{}&|!=<>0159_requst\n\\", max_size=40))
def test_any_text_is_a_condition_or_a_fault(source: str) -> None:
    """Whatever somebody writes, the process stays up and the answer is one of the two."""
    with contextlib.suppress(ConditionFault):
        assert LANGUAGE.compile(source).source == source


@given(st.text(max_size=30).filter(str.isprintable))
def test_strings_are_compared_as_a_whole(text: str) -> None:
    assert holds('request.inputs["x"] == request.inputs["y"]', request__inputs={"x": text, "y": text}) is True
    longer = {"x": text, "y": f"{text}!"}
    assert holds('request.inputs["x"] == request.inputs["y"]', request__inputs=longer) is False
