"""Each invariant's answer, and which gates do nothing.

PROVED is for every request within the facts' ranges, judged by everything that is armed. REFUTED has a
request that `decide()` was really run with. What lies between is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.assess.compiled import Policy, ReadyGate
from bot.assess.condition import Condition, ConditionError
from bot.assess.facts import Facts, vocabulary
from bot.assess.gate import decide, matching_rules
from bot.assess.policy import Policies
from bot.assess.promises import NO_DEAD_GATES, Invariant
from bot.assess.proof.formula import Formula, Reader
from bot.assess.proof.judged import Judged, Rules
from bot.assess.proof.space import Answers, Space
from bot.assess.proof.values import TooLarge
from bot.assess.proof.verdict import Example, Report, Silence, Verdict, Word, kept, objection
from bot.assess.proof.world import World, usual, worlds
from bot.assess.unfolding import gate_of, guards, told


def prove(policies: Policies) -> Report:
    """Every invariant of every armed policy, judged by all of them together."""
    return _Proof(policies).report()


class _Proof:
    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.readers = {name: Reader(policy) for name, policy in policies.armed.items()}
        self.answers: Answers = {}
        self.worlds = worlds(policies)
        self.dead: list[str] = []
        self.unsaid: dict[str, str] = {}
        """Gates of which it is not known whether they ever match."""

    def report(self) -> Report:
        for policy in self.policies.armed.values():
            for gate in policy.gates:
                if not guards(gate.id) and gate_of(gate.rule) not in self.dead:
                    self._look_for_a_match(policy, gate)
        verdicts = [
            self._no_dead_gates(policy) if given is None else self._verdict(policy, invariant, given)
            for policy in self.policies.armed.values()
            for invariant, given in policy.invariants
        ]
        changing: set[str] = set(self.dead)
        silent: list[Silence] = []
        unsaid = list(self.unsaid.values())
        for world in self.worlds:
            try:
                judged = self._judged(world)
            except TooLarge as error:
                changing |= {gate.rule for policy in world.policies for gate in policy.gates}
                names = ", ".join(policy.name for policy in world.policies)
                unsaid.append(f"{names}: not looked for shadowed gates and silence: {error}")
                continue
            changing |= _changing(judged)
            if found := judged.silent & judged.space.where & judged.space.realised:
                names_of = tuple(policy.name for policy in world.policies)
                silent.append(Silence(names_of, self._example(judged.space, found)))
        gates = [gate.rule for policy in self.policies.armed.values() for gate in policy.gates]
        changing |= {rule for rule in gates if guards(rule) or gate_of(rule) in self.dead}
        shadowed = tuple(rule for rule in gates if rule not in changing)
        return Report(tuple(verdicts), tuple(self.dead), shadowed, tuple(silent), tuple(unsaid))

    def _judged(self, world: World, given: Formula | None = None, policy: Policy | None = None) -> Judged:
        rules = Rules.of(world.policies, self.readers)
        where = world.where if given is None else Formula("and", (world.where, given))
        base = usual(policy or world.policies[0])
        return Judged(Space(rules.formulas, where=where, base=base, answers=self.answers), rules)

    def _look_for_a_match(self, policy: Policy, gate: ReadyGate) -> None:
        """Looks at the one gate alone: how many others there are does not matter."""
        formula = self.readers[policy.name].read(gate.condition)
        possible = False
        for world in self._of(policy):
            try:
                space = Space([formula], where=world.where, base=usual(policy), answers=self.answers)
            except TooLarge as error:
                self.unsaid[gate.rule] = f"{gate.rule}: not known whether it ever matches: {error}"
                return
            matching = space.split(formula).true & space.where
            possible = possible or bool(matching)
            real = matching & space.realised
            if real and gate.rule in matching_rules(self.policies, Facts.of(space.example(real))):
                return
        if possible:
            guessed = _quoted(space.guessed)
            self.unsaid[gate.rule] = (
                f"{gate.rule}: no request was found that it matches; it rests on {guessed}"
            )
        else:
            self.dead.append(gate.rule)

    def _of(self, policy: Policy) -> Iterator[World]:
        return (world for world in self.worlds if policy in world.policies)

    def _no_dead_gates(self, policy: Policy) -> Verdict:
        rules = [gate.rule for gate in policy.gates]
        dead = [rule for rule in rules if rule in self.dead]
        unknown = [self.unsaid[rule] for rule in rules if rule in self.unsaid]
        said = f"{', '.join(map(told, dead))}: no request matches" if dead else "; ".join(unknown)
        word: Word = "REFUTED" if dead else "UNKNOWN" if unknown else "PROVED"
        return Verdict(policy.name, NO_DEAD_GATES, word, said=said)

    def _verdict(self, policy: Policy, invariant: Invariant, given: Condition) -> Verdict:
        formula = self.readers[policy.name].read(given)
        unknown: tuple[Word, str] | None = None
        looked = 0
        for world in self._of(policy):
            try:
                judged = self._judged(world, formula, policy)
                bad = _violating(invariant, judged)
            except TooLarge as error:
                unknown = ("TOO LARGE", str(error))
                continue
            looked += judged.space.where.bit_count()
            if not bad:
                continue
            if real := bad & judged.space.realised:
                example = self._example(judged.space, real)
                if self._is_given(policy, given, example) and not kept(invariant, example.decision):
                    said = objection(invariant, example)
                    return Verdict(policy.name, invariant.id, "REFUTED", looked, said, example)
                unknown = ("UNKNOWN", "the request that should have shown it is decided otherwise")
            else:
                unknown = (
                    "UNKNOWN",
                    f"no request was found that shows it; it rests on {_quoted(judged.space.guessed)}",
                )
        if unknown is not None:
            return Verdict(policy.name, invariant.id, unknown[0], looked, unknown[1])
        if not looked:
            said = "its `given` is true for no request, so it claims nothing"
            return Verdict(policy.name, invariant.id, "VACUOUS", 0, said)
        return Verdict(policy.name, invariant.id, "PROVED", looked)

    def _example(self, space: Space, mask: int) -> Example:
        facts = Facts.of(space.example(mask))
        return Example(facts.named(), decide(self.policies, facts), tuple(space.facts))

    def _is_given(self, policy: Policy, given: Condition, example: Example) -> bool:
        everything = replace(policy, named_by_rules=frozenset(vocabulary()))
        try:
            return everything.holds(given, everything.view(example.facts))
        except ConditionError:
            return False


def _violating(invariant: Invariant, judged: Judged) -> int:
    bad = 0
    masks = {"allow": judged.allow, "require": judged.require, "deny": judged.deny}
    for effect, mask in masks.items():
        if effect not in invariant.may_be:
            bad |= mask
    if invariant.min_people is not None:
        bad |= judged.fewer_than(invariant.min_people, judged.space.where)
    return bad & judged.space.where


def _changing(judged: Judged) -> set[str]:
    """The gates without which some request would be decided otherwise, or by others."""
    found = set()
    for gate, split in judged.gates:
        allow, require, deny, _ = judged.without(gate)
        changed = (allow ^ judged.allow) | (require ^ judged.require) | (deny ^ judged.deny)
        if gate.requirement is not None:
            asked = split.true & judged.require
            for other, same in judged.gates:
                if other is not gate and _demand(other) == _demand(gate):
                    asked &= ~same.true
            changed |= asked
        if changed & judged.space.where:
            found.add(gate.rule)
    return found


def _demand(gate: ReadyGate) -> tuple[object, ...] | None:
    """All that a gate which asks adds to a decision, whatever it is called."""
    plain, asked = gate.plain, gate.requirement
    if asked is None or plain.require is None:
        return None
    glass = plain.broken_glass.model_copy(update={"rule": ""}) if plain.broken_glass else None
    named = asked.model_copy(update={"rule": ""})
    return named, plain.require.deny, frozenset(plain.require.veto), glass, plain.ttl_s


def _quoted(conditions: list[str]) -> str:
    return ", ".join(f"`{one}`" for one in conditions) or "nothing that is known"
