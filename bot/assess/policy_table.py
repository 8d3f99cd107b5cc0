"""A policy's own decision table, played: for `assent policy test` and for whoever reads a policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.assess.compiled import Policy
from bot.assess.decision import Decision, RequireApproval, Requirement
from bot.assess.facts import Facts
from bot.assess.gate import decide, matching_rules
from bot.assess.policy import Policies
from bot.assess.unfolding import guards


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row: what it says must come out, what did, and both in words when they differ."""

    name: str
    expected: str
    got: str

    @property
    def passed(self) -> bool:
        return self.expected == self.got


def run_table(policy: Policy) -> list[RowResult]:
    """Every row judged by this policy alone; empty when it has no table."""
    alone = Policies({policy.name: policy})
    rows = []
    for (name, _, effect, gates, people), facts in _rows(policy):
        decision = decide(alone, facts)
        rules = [because.rule.partition("/")[2] for because in decision.because]
        known = {ready.id for ready in policy.gates}
        got = _said(decision.effect, [rule for rule in rules if rule in known], people_needed(decision))
        rows.append(RowResult(name, _said(effect, gates, people), got))
    return rows


def never(policy: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gates that matched in no row, and gates that matched in every one: the table does not test them.

    An override and what a record earns are gates here: a table shows each as it matches and as it does not.
    Guards against people nobody knows are not, for nobody wrote them.
    """
    alone = Policies({policy.name: policy})
    written = [ready for ready in policy.gates if not guards(ready.id)]
    seen: dict[str, set[bool]] = {ready.id: set() for ready in written}
    for _, facts in _rows(policy):
        matched = matching_rules(alone, facts)
        for ready in written:
            seen[ready.id].add(ready.rule in matched)
    return (
        tuple(gate for gate, answers in seen.items() if True not in answers),
        tuple(gate for gate, answers in seen.items() if answers == {True}),
    )


def people_needed(decision: Decision) -> int | None:
    """The least number of different people who can say yes to all of it; None when nobody can."""
    match decision.effect:
        case "deny":
            return None
        case "allow":
            return 0
    return least_people(decision.requirements) if isinstance(decision, RequireApproval) else 0


def least_people(requirements: Iterable[Requirement]) -> int:
    """As votes are counted (approval.py): a requirement that need not be distinct has chairs of its own, on
    which whoever sits elsewhere may sit once more."""
    shared, apart = 0, 0
    for one in requirements:
        seats = sum(seat.count for seat in one.all_of)
        seats += min((seat.count for seat in one.any_of), default=0)
        shared, apart = (shared + seats, apart) if one.distinct else (shared, max(apart, seats))
    return max(shared, apart)


def _rows(
    policy: Policy,
) -> list[tuple[tuple[str, dict[str, object], str, tuple[str, ...], int | None], Facts]]:
    table = policy.runbook.tests
    if table is None:
        return []
    return [(row, Facts.of({**table.base, **row[1]})) for row in table.rows]  # type: ignore[misc]


def _said(effect: str, gates: object, people: int | None) -> str:
    named = ", ".join(gates) if isinstance(gates, list | tuple) and gates else "no gate"
    count = "1 person" if people == 1 else f"{people} people"
    return f"{effect} by {named}" + (f", {count}" if people else "")
