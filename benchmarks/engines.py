"""Three engines for the same gates: ours, Cedar from Python (`cedarpy`), Rego from Python (`regopy`).

What each is spared, because its interface lets a program do it beforehand:

- Assent: the policies are loaded and compiled, the facts are checked (`Facts`).
- Cedar: the policy set and the (empty) entities are parsed, the context is already written as JSON, ids of
  entities are given in parts. Money is whole micro-dollars, its fastest number. A gate is one `permit` or
  one `forbid`; what asks for approval is a `permit` known by its `@id`: one call answers everything.
- Rego: the module is compiled into a bundle with the one rule that is asked for as its entry point, the input
  is built. `regopy` is Microsoft's interpreter in C++; the package index has no `regorus` by that name.

What is timed is the call with one request, until its answer is there as Python objects. What is not: drawing
the request, and reading the gates out of the answer. Ours says who must approve as well, which the others are
not asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import JsonValue

from benchmarks.forty import Clause, Effect, Gate, Request, Verdict
from bot.assess.decision import Decision
from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Document, Policies


class Engine(Protocol):
    name: str
    library: str

    def question(self, request: Request) -> Callable[[], Any]:
        """A call that is nothing but the decision: what can be prepared is."""
        ...

    def verdict(self, answer: Any) -> Verdict: ...


class Assent:
    name, library = "Assent", "assent"

    def __init__(self, gates: Sequence[Gate]) -> None:
        asked = {"all_of": [{"group": "service-owners", "count": 1}, {"group": "release", "count": 1}]}
        effects: Mapping[Effect, dict[str, Any]] = {
            "allow": {"allow": True},
            "require": {"require": asked},
            "deny": {"deny": "Not like this."},
        }
        documents = {
            f"policies/{policy}.yaml": Document(
                {
                    "policy": policy,
                    "version": 1,
                    "owner": "@platform",
                    "purpose": "What is compared.",
                    "applies_to": ["*"],
                    "gates": [
                        {
                            "id": gate.id,
                            "why": "It is compared.",
                            "when": " && ".join(map(cel, gate.all)),
                            **effects[gate.effect],
                        }
                        for gate in gates
                        if gate.policy == policy
                    ],
                },
                {(): (1, 1)},
            )
            for policy in dict.fromkeys(gate.policy for gate in gates)
        }
        self.policies = Policies.load(documents)
        self._ids = frozenset(gate.id for gate in gates)

    def question(self, request: Request) -> Callable[[], Any]:
        policies, facts = self.policies, Facts.of({"actor.principal": "alice", **request})
        return lambda: decide(policies, facts)

    def conditions(self, request: Request) -> Callable[[], Any]:
        """The forty conditions and no decision, each asked of the library by itself."""
        values = Facts.of({"actor.principal": "alice", **request}).named()
        asked = [
            (gate.condition, policy.view(values).situation)
            for policy in self.policies.armed.values()
            for gate in policy.gates
        ]
        return lambda: [condition.holds(situation) for condition, situation in asked]

    def verdict(self, answer: Decision) -> Verdict:
        spoke = {because.rule.partition("/")[2] for because in answer.because}
        return Verdict(answer.effect, self._ids & spoke)


class Cedar:
    """Raises ImportError where `cedarpy` is not installed."""

    name, library = "Cedar", "cedarpy"

    def __init__(self, gates: Sequence[Gate]) -> None:
        import cedarpy

        self._effects = {gate.id: gate.effect for gate in gates}
        self._facts = sorted(facts_of(gates))
        self._ask = cedarpy.is_authorized
        self._entities = cedarpy.Entities.from_json_str("[]")
        self._policies = cedarpy.PolicySet.from_str("\n".join(map(_cedar_policy, gates)))

    def question(self, request: Request) -> Callable[[], Any]:
        numbers = {fact: micros(fact, request[fact]) for fact in self._facts}
        asked = {
            "principal": {"type": "Principal", "id": "alice"},
            "action": {"type": "Action", "id": "run"},
            "resource": {"type": "Skill", "id": request["request.skill"]},
            "context": json.dumps(nested(numbers)),
        }
        return lambda: self._ask(asked, self._policies, self._entities)

    def verdict(self, answer: Any) -> Verdict:
        if answer.diagnostics.errors:
            raise ValueError(f"Cedar could not judge: {answer.diagnostics.errors[0]}")
        spoke = frozenset(answer.diagnostics.id_annotations_by_reason.values())
        asking = frozenset(gate for gate in spoke if self._effects[gate] == "require")
        if not answer.allowed:
            return Verdict("deny", spoke)
        return Verdict("require", asking) if asking else Verdict("allow", spoke)


def _cedar_policy(gate: Gate) -> str:
    word = "forbid" if gate.effect == "deny" else "permit"
    when = " && ".join(map(cedar, gate.all))
    return f'@id("{gate.id}") {word} (principal, action, resource) when {{ {when} }};'


class Rego:
    """Raises ImportError where `regopy` is not installed."""

    name, library = "Rego", "regopy"

    def __init__(self, gates: Sequence[Gate]) -> None:
        import regopy

        self._facts = sorted(facts_of(gates))
        rules = [
            f'{gate.effect} contains "{gate.id}" if {{ {"; ".join(map(rego, gate.all))} }}' for gate in gates
        ]
        builder = regopy.Interpreter()
        builder.add_module("gate.rego", "\n".join((_VERDICT, *rules)))
        self._input = regopy.Input
        self._bundle = builder.build(None, ["gate/verdict"])
        self._run = regopy.Interpreter()

    def question(self, request: Request) -> Callable[[], Any]:
        run, bundle = self._run, self._bundle
        given = self._input(nested({fact: request[fact] for fact in self._facts}))

        def ask() -> Any:
            run.set_input(given)
            return run.query_bundle_entrypoint(bundle, "gate/verdict")

        return ask

    def verdict(self, answer: Any) -> Verdict:
        [said] = answer.results[0].expressions
        return Verdict(said["effect"], frozenset(said["gates"]))


_VERDICT = """\
package gate
verdict := {"effect": "deny", "gates": deny} if count(deny) > 0
else := {"effect": "require", "gates": require} if count(require) > 0
else := {"effect": "allow", "gates": allow} if count(allow) > 0
else := {"effect": "deny", "gates": []}
"""


def facts_of(gates: Sequence[Gate]) -> set[str]:
    """What the gates look at: nobody is handed more than that."""
    clauses = [clause for gate in gates for clause in gate.all]
    return {clause.fact for clause in clauses} | {str(one.value) for one in clauses if one.op == "past"}


_SIGNS = {
    "is": "{0} == {1}",
    "is not": "{0} != {1}",
    "at least": "{0} >= {1}",
    "below": "{0} < {1}",
    "above": "{0} > {1}",
    "past": "{0} > {1}",
}
_CEL = {
    **_SIGNS,
    "one of": "{0} in {1}",
    "has": "{1} in {0}",
    "lacks": "!({1} in {0})",
    "any": "size({0}) > 0",
}
_CEDAR = {
    **_SIGNS,
    "one of": "{1}.contains({0})",
    "has": "{0}.contains({1})",
    "lacks": "!{0}.contains({1})",
    "any": "!{0}.isEmpty()",
}
_REGO = {
    **_SIGNS,
    "one of": "{0} in {1}",
    "has": "{1} in {0}",
    "lacks": "not {1} in {0}",
    "any": "count({0}) > 0",
}


def cel(clause: Clause) -> str:
    other = clause.value if clause.op == "past" else json.dumps(clause.value)
    return _CEL[clause.op].format(clause.fact, other)


def cedar(clause: Clause) -> str:
    value = json.dumps(micros(clause.fact, clause.value))
    other = f"context.{clause.value}" if clause.op == "past" else value
    return _CEDAR[clause.op].format(f"context.{clause.fact}", other)


def rego(clause: Clause) -> str:
    other = f"input.{clause.value}" if clause.op == "past" else json.dumps(clause.value)
    return _REGO[clause.op].format(f"input.{clause.fact}", other)


def micros(fact: str, value: JsonValue) -> JsonValue:
    """Cedar has whole numbers; shares are millionths as money is."""
    fraction = fact.endswith(("_usd", "_lb")) and isinstance(value, int | float)
    return round(float(value) * 1_000_000) if fraction else value  # type: ignore[arg-type]


def nested(facts: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
    """`request.risk` as a part and its fact, which is how both languages reach it."""
    found: dict[str, dict[str, JsonValue]] = {}
    for name, value in facts.items():
        part, _, fact = name.partition(".")
        found.setdefault(part, {})[fact] = value
    return found
