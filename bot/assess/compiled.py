"""A policy made ready to judge: every condition checked and compiled, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.ask.reading import Finding, Path
from bot.assess.asking import Require
from bot.assess.assessment import digest_of
from bot.assess.condition import Condition, ConditionError, ConditionFault, Language, Situation, Together
from bot.assess.decision import Because, Requirement
from bot.assess.facts import Fact, vocabulary
from bot.assess.promises import Effect, Invariant
from bot.assess.runbook import RiskRow, Runbook
from bot.assess.unfolding import Plain, unfolded
from bot.terms import Digest

EVERY_SKILL = "*"


@dataclass(frozen=True, slots=True)
class View:
    """Facts as one policy sees them, its named conditions worked out. `unknown` says which had no answer."""

    situation: Situation
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadyGate:
    """One effect of a gate, with everything that does not depend on a request worked out before there is one.

    A gate that may be overridden or relaxed is several of these, each with the whole condition of its own
    effect: whoever reads gates has only allow, require and deny to think of.
    """

    plain: Plain
    condition: Condition
    because: Because
    requirement: Requirement | None
    demand: str = ""
    """The same for the same seats of the same stage: compared for every request, so written down once."""

    @property
    def id(self) -> str:
        return self.plain.id

    @property
    def rule(self) -> str:
        return self.because.rule

    @property
    def effect(self) -> Effect:
        if self.requirement is not None:
            return "require"
        return "allow" if self.plain.allow else "deny"


@dataclass(frozen=True, slots=True)
class Policy:
    runbook: Runbook
    digest: Digest
    language: Language
    lets: tuple[tuple[str, Condition], ...]
    gates: tuple[ReadyGate, ...]
    risk: tuple[tuple[RiskRow, Condition], ...]
    invariants: tuple[tuple[Invariant, Condition | None], ...]
    named_by_lets: frozenset[str]
    named_by_rules: frozenset[str]
    """The facts that some `let`, some gate or risk row names: the fewer, the faster they are handed over."""
    together: Together | None = field(init=False)
    """The conditions of `gates`, all of them and in their order."""

    def __post_init__(self) -> None:
        at_once = self.language.together([gate.condition for gate in self.gates])
        object.__setattr__(self, "together", at_once)  # frozen, and never out of step with the gates

    @property
    def name(self) -> str:
        return self.runbook.policy

    def applies_to(self, skill: str, version: str) -> bool:
        """`deploy` is every version of it, `deploy@2` its second major, `*` every skill."""
        applies = self.runbook.applies_to
        major = version.partition(".")[0]
        return EVERY_SKILL in applies or skill in applies or f"{skill}@{major}" in applies

    def view(self, values: Mapping[str, Any]) -> View:
        seen = {name: values[name] for name in self.named_by_rules}
        unknown: dict[str, str] = {}
        if self.lets:
            situation = self.language.situation({name: values[name] for name in self.named_by_lets})
            for name, condition in self.lets:
                try:
                    seen[name] = condition.holds(situation)
                except ConditionError as error:
                    unknown[name] = str(error)
        return View(self.language.situation(seen), unknown)

    def matches(self, view: View) -> Sequence[bool | ConditionError]:
        """Of every gate in order: whether its condition is true, or why that cannot be said."""
        answers = self.together.hold(view.situation) if self.together is not None else None
        return [self._matches(gate, view) for gate in self.gates] if answers is None else answers

    def _matches(self, gate: ReadyGate, view: View) -> bool | ConditionError:
        try:
            return self.holds(gate.condition, view)
        except ConditionError as error:
            return error

    def holds(self, condition: Condition, view: View) -> bool:
        """Whether a condition of this policy is true; raises ConditionError, naming what it tripped over."""
        try:
            return condition.holds(view.situation)
        except ConditionError as error:
            tripped = [
                f"{name}: {view.unknown[name]}" for name in sorted(condition.names & view.unknown.keys())
            ]
            raise ConditionError("; ".join(tripped) or str(error)) from None


def compile_policy(runbook: Runbook) -> tuple[Policy, list[Finding]]:
    """The policy, and what is wrong with its conditions: one with findings must not be used."""
    findings: list[Finding] = []
    facts = dict(vocabulary())
    skills = tuple(one.partition("@")[0] for one in runbook.applies_to)
    if EVERY_SKILL not in skills:
        facts["request.skill"] = replace(facts["request.skill"], values=skills)
    plain = Language(facts)
    named = {name: Fact(name, "bool") for name in runbook.let}
    # A named condition looks at facts only, so that there is no order and no circle among them.
    language = Language({**facts, **named}) if named else plain

    def compiled(into: Language, source: str, path: Path) -> Condition | None:
        try:
            return into.compile(source)
        except ConditionFault as fault:
            place = (
                f"line {fault.line}, column {fault.column}" if fault.line > 1 else f"column {fault.column}"
            )
            findings.append(Finding(path, f"{fault.message} ({place} of {source.strip()!r})", fault.hint))
            return None

    lets = [(name, compiled(plain, source, ("let", name))) for name, source in runbook.let.items()]
    gates: list[tuple[Plain, Condition | None]] = []
    for position, gate in enumerate(runbook.gates):
        path = ("gates", position, "when")
        # First as the author wrote it, so that what is wrong is said of their own words.
        if written := compiled(language, gate.when, path):
            gates += [
                (one, written if one.when == gate.when else compiled(language, one.when, path))
                for one in unfolded(gate, policy=runbook.policy)
            ]
    risk = [
        (row, compiled(language, row.when, ("risk", position, "when")))
        for position, row in enumerate(runbook.risk)
    ]
    invariants = [
        (one, compiled(language, one.given, ("invariants", position, "given")) if one.given else None)
        for position, one in enumerate(runbook.invariants)
    ]
    rows = tuple((row, condition) for row, condition in risk if condition)
    ready = tuple(_ready(runbook, plain, condition) for plain, condition in gates if condition)
    used = [*(one.condition.names for one in ready), *(condition.names for _, condition in rows)]
    rated = {name for name, condition in lets if condition and "request.risk" in condition.names}
    for position, (_, condition) in enumerate(risk):
        if condition and condition.names & {"request.risk", *rated}:
            hint = "Look at what makes it risky instead."
            path = ("risk", position, "when")
            findings.append(Finding(path, "a risk row adds to request.risk, so it cannot look at it", hint))
    policy = Policy(
        runbook=runbook,
        digest=digest_of(runbook.model_dump(mode="json")),
        language=language,
        lets=tuple((name, condition) for name, condition in lets if condition),
        gates=ready,
        risk=rows,
        invariants=tuple(invariants),
        named_by_lets=frozenset().union(*(condition.names for _, condition in lets if condition)),
        named_by_rules=frozenset().union(*used) - named.keys(),
    )
    return policy, findings


def _ready(runbook: Runbook, plain: Plain, condition: Condition) -> ReadyGate:
    rule = f"{runbook.policy}/{plain.id}"
    asked = None if plain.require is None else _requirement(rule, plain.require)
    demand = repr((asked.stage, asked.all_of, asked.any_of, asked.distinct, asked.exclude)) if asked else ""
    return ReadyGate(plain, condition, Because(rule=rule, why=plain.why), asked, demand)


def _requirement(rule: str, require: Require) -> Requirement:
    return Requirement(
        rule=rule,
        stage=require.stage,
        after=require.after,
        all_of=tuple(one.seat() for one in require.all_of),
        any_of=tuple(one.seat() for one in require.any_of),
        distinct=require.distinct,
        exclude=require.exclude,
        reason=require.reason == "required",
        typed=require.confirm == "typed",
    )
