"""All conditions of a policy are asked in one go, and each answers as it does alone."""

from __future__ import annotations

from random import Random

from bot.assess.compiled import Policy, View
from bot.assess.condition import Condition, ConditionError, Language
from bot.assess.facts import vocabulary
from bot.assess.gate import decide
from bot.assess.policy import Policies

from . import random_policies
from .writing import facts, gates, policies

LANGUAGE = Language(vocabulary())
LONG = " || ".join(['request.inputs.service == "' + "x" * 700 + '"'] * 5)


def compiled(*sources: str) -> list[Condition]:
    return [LANGUAGE.compile(source) for source in sources]


def one_by_one(policy: Policy, view: View) -> list[bool | str]:
    found: list[bool | str] = []
    for gate in policy.gates:
        try:
            found.append(policy.holds(gate.condition, view))
        except ConditionError as error:
            found.append(str(error))
    return found


def test_asked_together_or_one_by_one_the_answers_are_the_same() -> None:
    random, seen = Random(7), {True: 0, False: 0, "no answer": 0}
    requests = [random_policies.request(random) for _ in range(40)]
    for _ in range(60):
        for policy in Policies.load(random_policies.documents(random, guessing=True)).armed.values():
            assert policy.together is not None
            for request in requests:
                view = policy.view(request.named())
                alone = one_by_one(policy, view)
                said = policy.matches(view)
                assert [one if isinstance(one, bool) else str(one) for one in said] == alone
                for one in alone:
                    seen[one if isinstance(one, bool) else "no answer"] += 1
    assert min(seen.values()) > 100, seen


def test_a_comment_ends_with_its_own_condition() -> None:
    conditions = compiled('request.risk > 5 // ) || true, "', "request.destructive // not often", "true")
    together = LANGUAGE.together(conditions)
    assert together is not None
    assert together.hold(LANGUAGE.situation(facts(request__risk=20).named())) == [True, False, True]


def test_one_without_an_answer_is_named_and_the_others_keep_theirs() -> None:
    armed = policies(
        p=gates(
            "broken | 100 / request.risk > 3 | require: {all_of: [{group: sre}]}",
            "never | false | deny: Not now.",
            "stop | true | deny: Stop.",
        )
    )
    decision = decide(armed, facts(request__risk=0))
    assert [because.rule for because in decision.because] == ["p/broken", "p/stop"]
    assert "divide by zero" in decision.because[0].why


def test_more_than_the_library_takes_at_once_is_asked_one_by_one() -> None:
    long = [f"g{number} | {LONG} | allow: true" for number in range(40)]
    armed = policies(p=gates(*long, "stop | true | deny: Stop."))
    assert armed.armed["p"].together is None
    assert [because.rule for because in decide(armed, facts()).because] == ["p/stop"]
