"""Decisions and gates as commands tell them, to people and to programs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import typer

from bot.cli import terminal
from bot.terms import Group, Principal

if TYPE_CHECKING:
    from bot.assess.decision import Decision
    from bot.assess.facts import Facts
    from bot.assess.policy import Policies


def told(decision: Decision, policies: Policies, *, requester: Principal) -> dict[str, Any]:
    """A decision with who is asked, as far as the files know them."""
    from bot.assess.decision import RequireApproval
    from bot.assess.policy_table import people_needed
    from bot.authorize.approval import eligible

    required = decision.requirements if isinstance(decision, RequireApproval) else ()
    known = {group: policies.roster.members(group) for group in policies.roster.groups}
    members = {Group(group): people for group, people in known.items() if people is not None}
    return {
        "effect": decision.effect,
        "because": [one.model_dump() for one in decision.because],
        "people": people_needed(decision),
        "required": [
            {
                "rule": one.rule,
                "stage": one.stage,
                "after": one.after,
                "all_of": [seat.label() for seat in one.all_of],
                "any_of": [seat.label() for seat in one.any_of],
                "may_approve": sorted(eligible(one, members, requester=requester)),
                "in_slack": sorted(
                    {str(seat.group) for seat in (*one.all_of, *one.any_of) if seat.group} - members.keys()
                ),
            }
            for one in required
        ],
    }


def short(decision: Decision) -> dict[str, Any]:
    from bot.assess.policy_table import people_needed

    return {
        "effect": decision.effect,
        "because": [one.rule for one in decision.because],
        "people": people_needed(decision),
    }


def words_of(one: dict[str, Any]) -> str:
    people = one["people"]
    asked = f", {people} {'person' if people == 1 else 'people'}" if people else ""
    return f"{one['effect']} by {', '.join(one['because'])}{asked}"


def gates(policies: Policies, facts: Facts) -> list[dict[str, Any]]:
    """Every gate that applies; where one did not match, the first part that was not true, what a named
    condition in it stands for, and the facts it looked at as they were.
    """
    from bot.assess.gate import trace

    rows = []
    for one in trace(policies, facts):
        lets = policies.armed[one.rule.partition("/")[0]].runbook.let
        named = {word: lets[word] for word in _WORD.findall(one.first_false) if word in lets}
        looked_at = _WORD.findall(" ".join([one.first_false, *named.values()]))
        rows.append(
            {
                "rule": one.rule,
                "effect": one.effect,
                "matched": one.matched,
                "first_false": one.first_false,
                "error": one.error,
                "stands_for": named,
                "facts": {name: value for name, value in facts.named().items() if name in looked_at},
            }
        )
    return rows


_WORD = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


def _first_false(gate: dict[str, Any]) -> str:
    """`frozen: size(freeze.active) > 0 (freeze.active is [])`."""
    if gate["error"] or not gate["first_false"]:
        return str(gate["error"])
    meant = gate["stands_for"].get(gate["first_false"])
    said = f"{gate['first_false']}: {meant}" if meant else str(gate["first_false"])
    values = [f"{name} is {json.dumps(value, ensure_ascii=False)}" for name, value in gate["facts"].items()]
    return f"{said} ({', '.join(values)})" if values else said


def say_gates(said: dict[str, Any]) -> None:
    """`because` and the table of gates, as both explanations and simulations end."""
    for reason in said["because"]:
        typer.echo(f"  because {reason['rule']}: {reason['why']}")
    terminal.table(
        ("gate", "says", "matched", "the first part that is not true"),
        [
            (
                one["rule"],
                one["effect"],
                "yes" if one["matched"] else "no",
                _first_false(one),
            )
            for one in said["gates"]
        ],
        empty="No policy covers this skill now.",
    )
