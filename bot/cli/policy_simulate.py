"""`assent policy simulate`: what would be decided, for a request that nobody made or for those recorded."""

from __future__ import annotations

import asyncio
import json as json_text
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import JsonValue, ValidationError

from bot.cli import opened, policy_autonomy, policy_history, terminal
from bot.cli.decisions import (
    gate,
    person_told,
    remedies,
    say_gates,
    say_remedies,
    told,
    words_of_person,
)
from bot.terms import Group, Principal, Refused

if TYPE_CHECKING:
    from bot.ask.catalog import Catalog
    from bot.ask.invocation import Invocation
    from bot.assess.facts import Facts
    from bot.assess.policy import Policies


def simulate(
    words: Annotated[
        list[str] | None, typer.Argument(help="A request as one would type it, without /assent.")
    ] = None,
    asker: Annotated[str, typer.Option("--as", help="Who asks.")] = "somebody",
    groups: Annotated[
        list[str] | None, typer.Option(help="The groups they are in; commas or several times.")
    ] = None,
    risk: Annotated[int | None, typer.Option(min=0, max=100, help="The risk, instead of the sum.")] = None,
    at: Annotated[
        datetime | None, typer.Option(help="When, in UTC; freeze windows depend on it. Now when left out.")
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="Any other fact: name=value, such as plan.changes=30.")
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--for", help="Somebody: what their yes would do, or why it could not count."),
    ] = None,
    history: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Replay the newest N requests instead.")
    ] = None,
    autonomy: Annotated[
        bool, typer.Option("--autonomy", help="What gates with `earned` would have done with that history.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--from", help="With --autonomy: what `requests list --json` printed, not the store."),
    ] = None,
    policies: Annotated[
        Path | None, typer.Option(help="A folder with a draft; else those armed now.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="The workspace, where there are several.")] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """What the policies would decide. Nothing is planned, asked or kept.

    A request is judged with the facts one can say, and the rest assumed: one change, budgets untouched, no
    runs before. With --history the facts that were recorded are judged by the policies on disk, and the
    decisions that would differ are listed.

    Such as: assent policy simulate deploy checkout 1.4.2 to production --as alice --risk 70

    With --autonomy the record that each past request would have met is put together again in the order of
    time: what it would have let through and how that ended, when a failure would have taken it away, and the
    share picked for review. Exit 1 when something it would have let through ended badly.

    Such as: assent policy simulate --history 500 --policies drafts --autonomy
    """
    if autonomy or export is not None:
        if words:
            raise Refused("--autonomy looks at history: leave the request out.")
        looked_at, found = policy_autonomy.autonomy(
            opened.policies_in(policies), team=team, limit=history or 1000, export=export
        )
        said = policy_autonomy.as_data(looked_at, found)
        terminal.as_json(said) if json else policy_autonomy.say(looked_at, found)
        raise typer.Exit(1 if said["ended_badly"] else 0)
    if (history is None) == (not words):
        raise Refused("Say a request, such as `deploy checkout 1.4.2 to production`, or --history 100.")
    folder = opened.policies_in(policies)
    if history is not None:
        rows = policy_history.replay(folder, asyncio.run(policy_history.judged(team, history)))
        policy_history.say(rows, json=json)
        return
    given = dict(_fact(one) for one in fact or ())
    if risk is not None:
        given["request.risk"] = risk
    names = [name for one in groups or () for name in one.split(",") if name]
    when = (at or datetime.now(UTC)).replace(tzinfo=UTC)
    whom = Principal(person) if person is not None else None
    said = what_if(folder, words or (), asker=asker, groups=names, given=given, now=when, person=whom)
    if json:
        terminal.as_json(said)
    else:
        _say(said)


def what_if(
    policies: Policies,
    words: Sequence[str],
    *,
    asker: str,
    groups: Sequence[str],
    given: dict[str, JsonValue],
    now: datetime,
    person: Principal | None = None,
) -> dict[str, Any]:
    """One request judged by the real gate, with every fact it was judged by.

    Of groups that Slack or a schedule keeps nobody is asked: who is in them is not known here.
    """
    from bot.authorize.explanation import explain

    call, catalog = _invocation(words)
    facts = _facts(policies, call, catalog, Principal(asker), groups, given, now)
    listed = {group: policies.roster.members(group) for group in policies.roster.groups}
    members = {Group(group): people for group, people in listed.items() if people is not None}
    found = explain(facts, policies, members=members, now=now, person=person)
    return {
        "request": call.sentence(),
        "at": now.isoformat(),
        **told(found.decision, policies, requester=Principal(asker)),
        "risk": facts.request.risk,
        "facts": facts.named(),
        "gates": [gate(one) for one in found.gates],
        **remedies(found),
        "person": person_told(person, found.person),
    }


def _invocation(words: Sequence[str]) -> tuple[Invocation, Catalog]:
    """Read as in Slack; a skill that is not locked yet can be tried out too."""
    from bot.ask.catalog import Catalog
    from bot.ask.grammar import Complete, Incomplete, parse

    catalog = opened.artifacts().skills()
    armed = Catalog({name: replace(one, unarmed="") for name, one in catalog.items()}, catalog.broken)
    match parse(" ".join(map(_word, words)) if len(words) > 1 else words[0], armed):
        case Complete(invocation):
            return invocation, armed
        case Incomplete(skill=skill, missing=missing):
            raise Refused(f"{skill} also needs: {', '.join(missing)}. Such as: {_example(armed, skill)}")
        case _:
            raise Refused("That is no request. Begin with a skill, such as `deploy`.")


def _word(word: str) -> str:
    """What the shell has taken apart, quoted as the grammar reads it."""
    from bot.ask.words import quoted

    key, equals, value = word.partition("=")
    return f"{key}={quoted(value)}" if equals and key.isidentifier() else quoted(word)


def _example(catalog: Catalog, skill: str) -> str:
    return catalog[skill].manifest.examples[0]


def _facts(
    policies: Policies,
    call: Invocation,
    catalog: Catalog,
    asker: Principal,
    groups: Sequence[str],
    given: dict[str, JsonValue],
    now: datetime,
) -> Facts:
    """The facts the gate would gather, with what was given put in and the risk summed over them."""
    from bot.ask.catalog import did_you_mean
    from bot.assess.assessment import Change, Plan, Target
    from bot.assess.facts import Facts, vocabulary
    from bot.assess.gate import assess
    from bot.assess.gather import Circumstances
    from bot.assess.replay import added, with_risk
    from bot.assess.risk import declared
    from bot.authorize.directory import Directory

    skill = catalog[call.skill]
    place = f"{call.skill}/{call.environment}"
    plan = Plan(summary="assumed", changes=(Change(what=place),), target=Target(identity=place, revision=""))
    listed = Directory(policies.roster).groups(asker)
    drawn = policies.accounts(call, team="", now=now)
    assessed = assess(
        invocation=call,
        skill=skill,
        plan=plan,
        requester=asker,
        around=Circumstances(groups=frozenset({*map(Group, groups), *listed}), waiting=0),
        policies=policies,
        history=(),
        budgets={account.key: 0 for account in drawn},  # type: ignore[misc]
        now=now,
        card_revision=1,
        team="",
    )
    try:
        facts = Facts.of({**assessed.facts, **given})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"][:2]))
        if name not in vocabulary():
            hint = did_you_mean(name, list(vocabulary())) or f"Known: {', '.join(vocabulary())}."
            raise Refused(f"There is no fact {name}. {hint.strip()}") from None
        raise Refused(f"{name} cannot be {json_text.dumps(given.get(name))}: {first['msg']}.") from None
    if "request.risk" in given:
        return facts
    return with_risk(facts, declared(skill.manifest.effects, call.environment) + added(facts, policies))


def _fact(text: str) -> tuple[str, JsonValue]:
    """`plan.changes=30`; what is no JSON is text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"Write name=value, such as plan.changes=30; not {text}.")
    try:
        return name, json_text.loads(value)
    except ValueError:
        return name, value


def _say(said: dict[str, Any]) -> None:
    typer.echo(f"{said['request']}: {said['effect']}")
    say_gates(said)
    say_remedies(said)
    for one in said["required"]:
        seats = [*one["all_of"], *([" or ".join(one["any_of"])] if one["any_of"] else [])]
        who = [*one["may_approve"], *(f"whoever is in @{group} in Slack" for group in one["in_slack"])]
        later = f", after {one['after']}" if one["after"] else ""
        typer.echo(f"  {one['stage']}{later}: {' and '.join(seats)} ({', '.join(who) or 'nobody'})")
    if (person := said["person"]) is not None:
        typer.echo(f"  {words_of_person(person)}")
    assumed = ("request.risk", "plan.changes", "budget.left_usd", "evidence.runs", "freeze.active")
    facts = ", ".join(f"{name} = {json_text.dumps(said['facts'][name])}" for name in assumed)
    terminal.note(f"Judged with {facts}. Others: --fact name=value.")
