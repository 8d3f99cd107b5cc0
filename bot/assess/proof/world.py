"""Which policies can apply together: the requests of each such set are looked at on their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from bot.assess.compiled import Policy
from bot.assess.facts import Facts
from bot.assess.policy import Policies
from bot.assess.proof.atom import Applies
from bot.assess.proof.clusters import clusters
from bot.assess.proof.formula import Formula
from bot.assess.proof.values import domains, placed


@dataclass(frozen=True)
class World:
    """Policies that apply together, and the condition that exactly these do."""

    policies: tuple[Policy, ...]
    where: Formula


def worlds(policies: Policies) -> list[World]:
    armed = tuple(policies.armed.values())
    atoms = [Applies(policy) for policy in armed]
    found: dict[tuple[bool, ...], None] = {}
    for cluster in clusters(atoms):
        tried = domains(cluster, usual(armed[0]))
        for values in product(*tried.values()):
            named = placed(dict(zip(tried, values, strict=True)), {})
            found.setdefault(tuple(bool(atom.answer(named)) for atom in atoms))
    return [
        World(
            tuple(policy for policy, applies in zip(armed, answers, strict=True) if applies),
            _exactly(atoms, answers),
        )
        for answers in found
        if any(answers)
    ]


def _exactly(atoms: list[Applies], answers: tuple[bool, ...]) -> Formula:
    parts = [Formula("atom", atom=atom) for atom in atoms]
    return Formula(
        "and",
        tuple(
            part if applies else Formula("not", (part,)) for part, applies in zip(parts, answers, strict=True)
        ),
    )


def usual(policy: Policy) -> Mapping[str, Any]:
    """A request as the policy's own table has it, else the worst one: examples stay near to it."""
    table = policy.runbook.tests
    named = {"request.skill": "a-skill", "actor.principal": "somebody", **(table.base if table else {})}
    return Facts.of(named).named()
