"""The proof and `decide()` are two ways to one answer: for random policies and requests they never differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from bot.assess.condition import ConditionError
from bot.assess.decision import Decision, RequireApproval, Requirement
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Policies
from bot.assess.policy_table import least_people, people_needed
from bot.assess.proof import space
from bot.assess.proof.formula import Reader
from bot.assess.proof.judged import Judged, Rules
from bot.assess.proof.proof import prove
from bot.assess.proof.space import Answers, Space
from bot.assess.proof.values import TooLarge
from bot.assess.proof.verdict import Verdict, kept
from bot.assess.proof.world import usual, worlds
from bot.assess.trace import trace

from . import random_policies

SEEDS, POLICIES, REQUESTS = range(8), 25, 250
"""Multiplied: 50,000 requests that are looked up in a space and really decided."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small policies rather than a few large ones; how much is looked at changes no answer."""
    monkeypatch.setattr(space, "MOST_ANSWERS", 1500)
    monkeypatch.setattr(space, "MOST_TRIED", 5000)


@cache
def requests() -> list[Facts]:
    random = Random(0)
    return [random_policies.request(random) for _ in range(3000)]


def of(policies: Policies, random: Random, count: int) -> list[Facts]:
    """Requests that some policy applies to."""
    some = [one for one in requests() if policies.for_skill(one.request.skill, one.request.version)]
    return random.choices(some, k=count)


def judged(policies: Policies) -> list[Judged]:
    """One for each set of policies that apply together. Raises TooLarge."""
    readers = {name: Reader(policy) for name, policy in policies.armed.items()}
    answers: Answers = {}
    found = []
    for world in worlds(policies):
        rules = Rules.of(world.policies, readers)
        base = usual(world.policies[0])
        whole = Space(rules.formulas, where=world.where, base=base, answers=answers)
        found.append(Judged(whole, rules))
    return found


Asked = tuple[str, int | None, tuple[Requirement, ...]]
"""What was decided, how many people it takes, and whom it asks: all that a proof speaks of."""


def abstractly(one: Judged, bit: int) -> Asked:
    """What the masks say of one request."""
    [effect] = [
        effect
        for effect, mask in (("allow", one.allow), ("require", one.require), ("deny", one.deny))
        if mask >> bit & 1
    ]
    if effect != "require":
        return effect, 0 if effect == "allow" else None, ()
    [(_, asked)] = one.parties(1 << bit)
    return effect, least_people(asked), asked


def really(decision: Decision) -> Asked:
    """Who is left out by name is known of a request alone, and takes nobody's place."""
    asked = decision.requirements if isinstance(decision, RequireApproval) else ()
    named = tuple(one.model_copy(update={"barred": ()}) if one.barred else one for one in asked)
    return decision.effect, people_needed(decision), named


def answerable(decision: Decision) -> tuple[object, ...]:
    """Everything about who answers and what follows; which gate says it first is all the same."""
    effect, people, asked = really(decision)
    if not isinstance(decision, RequireApproval):
        return (effect,)
    demands = frozenset(one.model_copy(update={"rule": ""}) for one in asked)
    glass = frozenset(one.model_copy(update={"rule": ""}) for one in decision.broken_glass)
    return effect, people, demands, decision.denials, frozenset(decision.veto), glass


def some(seed: int, *, guessing: bool, invariants: int = 0) -> Iterator[tuple[Random, Policies]]:
    random = Random(seed)
    while True:
        yield (
            random,
            Policies.load(random_policies.documents(random, guessing=guessing, invariants=invariants)),
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_every_request_is_in_a_cell_that_is_decided_as_it_is(seed: int) -> None:
    compared = looked = 0
    for random, policies in some(seed, guessing=seed % 2 == 0):
        if looked == POLICIES:
            break
        try:
            spaces = judged(policies)
        except TooLarge:
            continue
        looked += 1
        for facts in of(policies, random, REQUESTS):
            applying = policies.for_skill(facts.request.skill, facts.request.version)
            [one] = [other for other in spaces if other.rules.policies == applying]
            bit = one.space.bit_of(facts.named())
            assert bit is not None, (one.space.facts, facts)
            assert abstractly(one, bit) == really(decide(policies, facts)), facts
            compared += 1
        for one in spaces:
            if found := one.space.realised & one.space.where & random.getrandbits(one.space.size):
                facts = Facts.of(one.space.example(found))
                bit = one.space.bit_of(facts.named())
                assert bit is not None
                assert found >> bit & 1, "an example is one of those asked for"
                assert abstractly(one, bit) == really(decide(policies, facts))
    assert compared == POLICIES * REQUESTS


def broken(policies: Policies, verdict: Verdict, seen: list[Facts]) -> list[Facts]:
    """The requests that show by themselves that the invariant does not hold."""
    policy = policies.armed[verdict.policy]
    [(invariant, given)] = [one for one in policy.invariants if one[0].id == verdict.invariant]
    assert given is not None
    found = []
    for facts in seen:
        if not policy.applies_to(facts.request.skill, facts.request.version):
            continue
        values = facts.named()
        lets = policy.language.situation(values)
        for name, condition in policy.lets:
            with suppress(ConditionError):
                values = {**values, name: condition.holds(lets)}
        with suppress(ConditionError):
            if given.holds(policy.language.situation(values)) and not kept(
                invariant, decide(policies, facts)
            ):
                found.append(facts)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_what_is_proved_no_request_refutes_and_what_is_refuted_one_does(seed: int) -> None:
    words = set()
    for number, (random, policies) in enumerate(some(100 + seed, guessing=seed % 2 == 0, invariants=3)):
        if number == 12:
            break
        seen = of(policies, random, 60)
        for verdict in prove(policies).verdicts:
            words.add(verdict.word)
            assert "decided otherwise" not in verdict.said
            if verdict.word == "REFUTED":
                assert verdict.example is not None
                assert broken(policies, verdict, [Facts.of(dict(verdict.example.facts))])
            elif verdict.word in ("PROVED", "VACUOUS"):
                assert not broken(policies, verdict, seen), verdict
    assert {"PROVED", "REFUTED"} <= words


@pytest.mark.parametrize("seed", range(2))
def test_dead_and_shadowed_gates_are(seed: int) -> None:
    for number, (random, policies) in enumerate(some(200 + seed, guessing=bool(seed))):
        if number == 8:
            break
        report = prove(policies)
        for facts in of(policies, random, 60):
            traced = {one.rule: one for one in trace(policies, facts)}
            assert not any(traced[rule].matched for rule in report.dead if rule in traced)
            for rule in report.shadowed:
                without = decide(_without(policies, rule), facts)
                assert answerable(without) == answerable(decide(policies, facts)), (rule, facts)


def _without(policies: Policies, rule: str) -> Policies:
    policy = policies.armed[rule.partition("/")[0]]
    rest = tuple(one for one in policy.gates if one.rule != rule)
    return replace(policies, armed={**policies.armed, policy.name: replace(policy, gates=rest)})
