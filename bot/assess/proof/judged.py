"""What the policies decide for every request of a space: the same rules as `decide()`, for all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.assess.compiled import Policy, ReadyGate
from bot.assess.decision import Requirement
from bot.assess.demands import merged
from bot.assess.policy_table import least_people
from bot.assess.proof.formula import Formula, Reader, Split
from bot.assess.proof.space import Space
from bot.assess.proof.values import TooLarge

MOST_COMBINATIONS = 20_000
"""Combinations of requirements that are counted one by one."""


@dataclass(frozen=True)
class Rules:
    """The conditions of the policies that apply together, read once."""

    policies: tuple[Policy, ...]
    gates: tuple[tuple[ReadyGate, Formula], ...]
    askers: tuple[Formula, ...]
    """Who may ask, of each policy that says so."""

    @classmethod
    def of(cls, policies: Sequence[Policy], readers: dict[str, Reader]) -> Rules:
        gates = [
            (gate, readers[policy.name].read(gate.condition)) for policy in policies for gate in policy.gates
        ]
        askers = [
            readers[policy.name].membership(policy.runbook.may_request)
            for policy in policies
            if policy.runbook.may_request is not None
        ]
        return cls(tuple(policies), tuple(gates), tuple(askers))

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return (*(formula for _, formula in self.gates), *self.askers)


class Judged:
    """Masks of requests by how they are decided; an error in any gate denies."""

    def __init__(self, space: Space, rules: Rules) -> None:
        self.space, self.rules = space, rules
        self.gates: list[tuple[ReadyGate, Split]] = [
            (gate, space.split(formula)) for gate, formula in rules.gates
        ]
        refused = 0
        for formula in rules.askers:
            refused |= space.every & ~space.split(formula).true
        self._refused = refused
        self.allow, self.require, self.deny, self.silent = self._decided(self.gates)

    def without(self, gate: ReadyGate) -> tuple[int, int, int, int]:
        """The same if a gate were not there."""
        return self._decided([(one, split) for one, split in self.gates if one is not gate])

    def _decided(self, gates: Sequence[tuple[ReadyGate, Split]]) -> tuple[int, int, int, int]:
        allowed = required = 0
        denied = self._refused
        for gate, (true, false) in gates:
            denied |= self.space.every & ~(true | false)
            if gate.requirement is not None:
                required |= true
            elif gate.plain.allow:
                allowed |= true
            else:
                denied |= true
        silent = self.space.every & ~(allowed | required | denied)
        required &= ~denied
        return allowed & ~denied & ~required, required, denied | silent, silent

    @cached_property
    def _asking(self) -> list[tuple[ReadyGate, int]]:
        return [(gate, split.true) for gate, split in self.gates if gate.requirement is not None]

    def parties(self, within: int) -> Iterator[tuple[int, tuple[Requirement, ...]]]:
        """Requests that ask for approval, by who is asked. Raises TooLarge."""
        left: list[tuple[int, int, tuple[ReadyGate, ...]]] = [(0, within & self.require, ())]
        looked = 0
        while left:
            number, mask, asked = left.pop()
            if not mask:
                continue
            looked += 1
            if looked > MOST_COMBINATIONS:
                raise TooLarge(f"the gates ask for people in more than {MOST_COMBINATIONS:,} combinations")
            if number == len(self._asking):
                yield mask, merged(asked, self.rules.policies)
                continue
            gate, true = self._asking[number]
            left.append((number + 1, mask & ~true, asked))
            left.append((number + 1, mask & true, (*asked, gate)))

    def fewer_than(self, people: int, within: int) -> int:
        """Requests that could go ahead with fewer different people than these."""
        found = within & self.allow
        for mask, asked in self.parties(within):
            if least_people(asked) < people:
                found |= mask
        return found
