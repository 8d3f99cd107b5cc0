"""Decisions and gates as commands tell them, to people and to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from bot.cli import terminal
from bot.terms import Group, Principal

if TYPE_CHECKING:
    from bot.assess.decision import Decision, Requirement
    from bot.assess.policy import Policies
    from bot.assess.trace import Trace
    from bot.authorize.click import ClickRefused
    from bot.authorize.explanation import Explanation
    from bot.authorize.reach import Reach


def told(decision: Decision, policies: Policies, *, requester: Principal) -> dict[str, Any]:
    """A decision with who is asked, as far as the files know them."""
    from bot.assess.decision import RequireApproval
    from bot.assess.policy_table import people_needed
    from bot.authorize.seating import eligible

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


def gate(one: Trace) -> dict[str, Any]:
    """One effect of a gate; where it did not match, the first part that was not true, what a named condition
    in it stands for, and the facts it looked at as they were.
    """
    return {
        "rule": one.rule,
        "effect": one.effect,
        "matched": one.matched,
        "first_false": one.first_false,
        "error": one.error,
        "stands_for": dict(one.stands_for),
        "facts": dict(one.facts),
        "missed": one.missed(),
    }


def remedies(found: Explanation) -> dict[str, Any]:
    """What would have made it another decision: records that are good enough, or broken glass."""
    return {
        "records": [
            {
                "rule": one.rule,
                "earned": one.earned,
                "record": one.record,
                "short": list(one.short),
                "until": one.until.date().isoformat() if one.until is not None else None,
                "would_ask": _labels(one.instead) if one.instead is not None else [],
            }
            for one in found.earnings
        ],
        "overrides": [
            {
                "rule": one.rule,
                "why": one.why,
                "would_ask": _labels(one.asks),
                "tells": list(one.glass.notify),
                "looked_at_by": list(one.glass.review_by),
                "lasts_s": one.lasts_s,
            }
            for one in found.overrides
        ],
        "if_broken": short(found.if_broken) if found.if_broken is not None else None,
    }


def _labels(asked: Requirement) -> list[str]:
    choice = " or ".join(seat.label() for seat in asked.any_of)
    return [*(seat.label() for seat in asked.all_of), *([choice] if choice else [])]


def reach_told(one: Reach) -> dict[str, Any]:
    return {
        "principal": one.principal,
        "sits_for": one.sits_for,
        "stage": one.stage,
        "grants": one.grants,
        "still_missing": list(one.missing),
    }


def person_told(person: Principal | None, answer: Reach | ClickRefused | None) -> dict[str, Any] | None:
    """What their yes would do, or what they would be told."""
    from bot.authorize.click import ClickRefused

    if person is None or answer is None:
        return None
    if isinstance(answer, ClickRefused):
        return {"principal": person, "may": False, "reason": answer.reason.value, "told": str(answer)}
    return {"may": True, **reach_told(answer)}


def words_of_person(one: dict[str, Any]) -> str:
    """`bob could say yes now (review); then it is granted`, or what they would be told."""
    from bot.authorize.delegation import in_words

    if not one.get("may", True):
        return f'{one["principal"]} could not say yes now: "{one["told"]}"'
    after = "it is granted" if one["grants"] else f"still needed: {', '.join(one['still_missing'])}"
    return f"{in_words(one['principal'], one['sits_for'])} could say yes now ({one['stage']}); then {after}"


def say_remedies(said: dict[str, Any]) -> None:
    """Records and overrides, under the table of gates."""
    from bot.assess.remedies import ASK_SO

    for one in said["records"]:
        asked = " and ".join(one["would_ask"]) or "nobody"
        if one["earned"]:
            typer.echo(f"{one['rule']}: earned, so it asks {asked} ({one['record']})")
            continue
        until = f"; not before {one['until']}" if one["until"] else ""
        typer.echo(f"{one['rule']} would ask {asked}, but for: {'; '.join(one['short'])}{until}")
    for one in said["overrides"]:
        typer.echo(
            f"{one['rule']} can be overridden by {' and '.join(one['would_ask'])}: ask again with {ASK_SO}. "
            f"{_at(one['tells'])} is told, and {_at(one['looked_at_by'])} looks at it afterwards."
        )
    if said["if_broken"] is not None:
        typer.echo(f"  with the glass broken: {words_of(said['if_broken'])}")


def _at(groups: list[str]) -> str:
    return " and ".join(f"@{group}" for group in groups)


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
                one["missed"],
            )
            for one in said["gates"]
        ],
        empty="No policy covers this skill now.",
    )
