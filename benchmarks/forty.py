"""Forty gates in four policies and four hundred requests, in no engine's own words.

A gate is a list of clauses that must all hold. That is less than each of the languages can say and enough for
what policies say, so that all of them can be given exactly the same (`benchmarks/engines.py`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

Effect = Literal["allow", "require", "deny"]
Is = Literal["is", "is not", "one of", "at least", "below", "above", "past", "has", "lacks", "any"]


@dataclass(frozen=True, slots=True)
class Clause:
    """`past` compares with another fact, `has` and `lacks` look into a list, `any` wants one in it."""

    fact: str
    op: Is
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class Gate:
    policy: str
    id: str
    effect: Effect
    all: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out, and every gate of that effect that matched: none when it was silence."""

    effect: Effect
    gates: frozenset[str]


PRODUCTION = Clause("request.environment", "is", "production")
DEVELOPING = Clause("request.environment", "is", "development")
TRYING = Clause("request.environment", "one of", ["development", "staging"])
CHANGES = Clause("request.mode", "is", "mutate")
LOOKS = Clause("request.mode", "is", "read_only")
DESTROYS = Clause("request.destructive", "is", True)
SPARES = Clause("request.destructive", "is", False)
PROVEN = Clause("evidence.success_lb", "at least", 0.6)
FROZEN = Clause("freeze.active", "any")


def risk(op: Is, value: int) -> Clause:
    return Clause("request.risk", op, value)


def plan(op: Is, value: int) -> Clause:
    return Clause("plan.changes", op, value)


def skill(*names: str) -> Clause:
    return Clause("request.skill", "one of", list(names))


def dollars(op: Is, value: float) -> Clause:
    return Clause("request.ceiling_usd", op, value)


def asked_by(group: str) -> Clause:
    return Clause("actor.groups", "has", group)


def not_by(group: str) -> Clause:
    return Clause("actor.groups", "lacks", group)


def lifecycle(word: str) -> Clause:
    return Clause("skill.lifecycle", "is", word)


_POLICIES: Mapping[str, tuple[tuple[str, Effect, tuple[Clause, ...]], ...]] = {
    "deployments": (
        ("look", "allow", (LOOKS, SPARES, dollars("below", 5.0))),
        ("costly-look", "require", (LOOKS, dollars("at least", 5.0))),
        ("try-it-out", "allow", (TRYING, CHANGES, risk("below", 40))),
        ("risky-try", "require", (TRYING, CHANGES, risk("at least", 40))),
        ("two-people", "require", (PRODUCTION, CHANGES)),
        ("high-risk", "require", (PRODUCTION, CHANGES, risk("at least", 70))),
        ("large-change", "require", (CHANGES, plan("above", 25))),
        ("draft", "deny", (PRODUCTION, CHANGES, lifecycle("draft"))),
        ("freeze", "deny", (PRODUCTION, CHANGES, FROZEN, not_by("incident"))),
        ("unbounded", "deny", (CHANGES, plan("at least", 1000))),
    ),
    "access": (
        ("grant-read", "allow", (skill("grant-access"), LOOKS)),
        ("grant", "require", (skill("grant-access"), CHANGES, PRODUCTION)),
        ("grant-at-once", "require", (skill("grant-access"), CHANGES, plan("above", 5))),
        ("contractors", "deny", (asked_by("contractors"), PRODUCTION, CHANGES)),
        ("contractors-try", "require", (asked_by("contractors"), TRYING, CHANGES, risk("at least", 20))),
        ("rotate", "require", (skill("rotate-key"), PRODUCTION, CHANGES)),
        ("rotate-in-a-freeze", "require", (skill("rotate-key"), FROZEN)),
        ("rotate-draft", "deny", (skill("rotate-key"), lifecycle("draft"))),
        ("on-call-restart", "require", (skill("restart-service"), asked_by("sre"), PRODUCTION, CHANGES)),
        ("restart-elsewhere", "allow", (skill("restart-service"), TRYING, SPARES)),
    ),
    "data": (
        ("restore", "require", (skill("restore-backup"), CHANGES)),
        ("restore-production", "require", (skill("restore-backup"), PRODUCTION)),
        ("destroys", "require", (DESTROYS, CHANGES)),
        ("destroys-in-production", "deny", (DESTROYS, PRODUCTION, not_by("data-owners"))),
        ("destroys-much", "deny", (DESTROYS, plan("above", 100), not_by("data-owners"))),
        ("outside", "require", (Clause("skill.open_world", "is", True), CHANGES, risk("at least", 30))),
        ("outside-draft", "deny", (Clause("skill.open_world", "is", True), lifecycle("draft"), PRODUCTION)),
        ("not-repeatable", "require", (Clause("skill.idempotent", "is", False), CHANGES, plan("above", 50))),
        ("export", "require", (skill("export-data"), Clause("request.environment", "is not", "development"))),
        ("export-made-up", "allow", (skill("export-data"), DEVELOPING)),
    ),
    "spending": (
        ("over-budget", "deny", (Clause("request.ceiling_usd", "past", "budget.left_usd"),)),
        ("dear", "require", (dollars("at least", 25.0),)),
        ("very-dear", "require", (dollars("at least", 100.0), not_by("finops"))),
        ("dear-try", "deny", (TRYING, dollars("at least", 100.0))),
        ("estimate-off", "require", (Clause("request.cost_usd", "above", 20.0), lifecycle("draft"))),
        ("last-dollars", "require", (Clause("budget.left_usd", "below", 10.0), CHANGES)),
        ("deprecated", "require", (lifecycle("deprecated"), CHANGES, PRODUCTION)),
        ("unproven", "require", (Clause("evidence.runs", "below", 5), PRODUCTION, risk("at least", 50))),
        ("proven", "allow", (PROVEN, TRYING, SPARES, risk("below", 60))),
        ("unlikely", "deny", (Clause("evidence.success_lb", "below", 0.2), PRODUCTION, risk("at least", 70))),
    ),
}  # fmt: skip

GATES = tuple(
    Gate(policy, id_, effect, clauses)
    for policy, gates in _POLICIES.items()
    for id_, effect, clauses in gates
)
SKILLS = ("deploy", "restart-service", "rotate-key", "grant-access", "restore-backup", "export-data")
Request = Mapping[str, JsonValue]


def requests(count: int, *, seed: int = 40) -> list[Request]:
    """Drawn so that every gate speaks and every verdict is common; the same ones for the same seed."""
    drawn = random.Random(seed)

    def subset(*words: str) -> list[JsonValue]:
        return [word for word in words if drawn.random() < 0.25]

    return [
        {
            "request.skill": drawn.choice(SKILLS),
            "request.environment": drawn.choice(("development", "staging", "production")),
            "request.mode": drawn.choice(("read_only", "mutate")),
            "request.destructive": drawn.random() < 0.2,
            "request.risk": drawn.randint(0, 100),
            "request.cost_usd": drawn.randint(0, 3000) / 100,
            "request.ceiling_usd": drawn.choice((0.5, 2.0, 5.0, 24.99, 25.0, 60.0, 150.0)),
            "actor.groups": subset("engineers", "contractors", "sre", "incident", "data-owners", "finops"),
            "plan.changes": drawn.choice((0, 1, 5, 6, 25, 26, 51, 101, 1000)),
            "skill.lifecycle": drawn.choice(("draft", "stable", "stable", "deprecated")),
            "skill.open_world": drawn.random() < 0.3,
            "skill.idempotent": drawn.random() < 0.7,
            "freeze.active": subset("year-end", "weekend"),
            "budget.left_usd": drawn.choice((1.0, 5.0, 25.0, 100.0, 400.0, 400.0)),
            "evidence.runs": drawn.randint(0, 40),
            "evidence.success_lb": drawn.randint(0, 100) / 100,
        }
        for _ in range(count)
    ]  # fmt: skip
