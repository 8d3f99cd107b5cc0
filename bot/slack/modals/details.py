"""Everything about a request: the whole plan, why the policy decided so, the cost by parts, votes, steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.ask.manifest import Check
from bot.assess.assessment import Assessment, Estimate
from bot.assess.decision import RequireApproval
from bot.execute.sandbox.walls import WORDS as WALLS
from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.buttons import Buttons
from bot.slack.cards import asked, parts, progress, reasons
from bot.slack.cards.blocks import (
    SECTION,
    Block,
    actions,
    context,
    divider,
    plain_text,
    preformatted,
    section,
)
from bot.slack.cards.buttons import one
from bot.slack.cards.status import WORDS, consequence, word
from bot.slack.clicks import WHOLE, Press
from bot.slack.escape import line, visible, words
from bot.slack.explaining import Explained
from bot.terms import dollars

CHUNK, CHUNKS = 2800, 60
"""A modal has 100 blocks and 250 kB; a longer plan cannot be read in Slack, nor be approved there."""


def details(
    request: Request, *, press: Press, buttons: Buttons, command: str, why: Explained | None = None
) -> dict[str, Any]:
    """`why` is for whoever pressed."""
    blocks = [section("status", f"{WORDS[request.state][0]} *{word(request)}.* {consequence(request)}")]
    if reviewed := asked.reviewed(request, 1000):
        blocks.append(section("review", f"🔎 {reviewed}"))
    if why and why.found and (yours := reasons.yours(why.found)):
        blocks.append(section("yours", f"👤 {yours}"))
    readable = True
    if judged := request.assessment:
        plan, readable = _plan(request, judged, command)
        blocks += [*plan, divider(), *_why(request, judged, why)]
        blocks.append(section("cost", _cost(judged.estimate, request)))
    if request.votes:
        blocks.append(section("votes", f"*Votes*\n{parts.votes(request, room=SECTION - 20)}"))
    if request.question is not None:
        blocks += [
            section("question", "*Question*"),
            preformatted("asked", visible(request.question[1].question)),
        ]
    if request.journal:
        steps = parts.fitting(progress.lines(request), room=SECTION - 20)
        blocks.append(section("steps", f"*Steps*\n{steps}"))
        blocks += _held(request)
    if request.outcome and request.outcome.checks:
        checked = parts.fitting(parts.checks(request.outcome.checks, room=300), room=SECTION - 40)
        blocks.append(section("checks", f"*Definition of done*\n{checked}"))
    if request.state is State.WAITING and readable:
        blocks.append(actions("answer", one("approve", request, buttons)))
    blocks.append(context("foot", parts.footer(request)))
    carried = {"channel": press.channel, "ts": press.message_ts, "response_url": press.response_url}
    return {
        "type": "modal",
        "callback_id": WHOLE,
        "private_metadata": json.dumps({name: each for name, each in carried.items() if each}),
        "title": plain_text(f"{request.id}: details"[:24]),
        "close": plain_text("Close"),
        "blocks": blocks,
    }


def _plan(request: Request, judged: Assessment, command: str) -> tuple[list[Block], bool]:
    """The plan in full, and whether it is."""
    changes = [
        f"{one.what}: {one.before or 'nothing'} → {one.after or 'nothing'}" for one in judged.plan.changes
    ]
    text = "\n".join(
        each
        for each in (
            line(request.invocation.sentence(command)),
            visible(judged.plan.summary),
            *(line(each) for each in changes),
            f"Undo: {line(judged.plan.undo)}" if judged.plan.undo else "",
            visible(judged.plan.details),
        )
        if each
    )
    chunks = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    blocks = [
        section("plan", "*Plan*"),
        *(preformatted(f"plan{i}", each) for i, each in enumerate(chunks[:CHUNKS])),
    ]
    whole = len(chunks) <= CHUNKS
    if not whole:
        hidden = len(text) - CHUNK * CHUNKS
        blocks.append(
            section("cut", f"⚠️ *{hidden} more characters.* Too long to read here, so it cannot be approved.")
        )
    return blocks, whole


def _why(request: Request, judged: Assessment, why: Explained | None) -> Iterator[Block]:
    said = [f"• `{asked.rule(each.rule, 100)}` {words(each.why, 400)}" for each in judged.decision.because]
    verdict = asked.VERDICT[judged.decision.effect]
    yield section("policy", f"*{words(judged.policy, 100)} {verdict}*\n{_fit(said)}")
    if judged.newly_permitted:
        new = [f"• {words(each, 200)}" for each in judged.newly_permitted]
        title = f"*New permissions since {words(judged.new_since, 40)}*"
        yield section("widened", f"{title}\n{_fit(new)}")
    if judged.asks:
        yield section(
            "asks", f"*Asks, by the worker*\n{_fit([f'• {words(one, 300)}' for one in judged.asks])}"
        )
    risks = words(", ".join(judged.risk_why), 800) or "as the skill declares"
    yield section("risk", f"*Risk {judged.risk} of 100*\n{risks}")
    if request.asked is not None:
        yield section("who", f"*Who must say yes*\n{_fit(_who(request.asked))}")
    if why is not None:
        yield from (section(name, f"*{title}*\n{_fit(lines)}") for name, title, lines in reasons.told(why))
    if steps := asked.steps(request):
        yield section("escalation", f"*When nobody answers*\n{_fit(steps)}")
    if judged.done:
        checks = [f"• {words(one.name, 200)}: {words(_bound(one), 100)}" for one in judged.done]
        yield section("done", f"*Measured afterwards, as the policy wants*\n{_fit(checks)}")


def _bound(one: Check) -> str:
    bounds = (("at least", one.at_least), ("at most", one.at_most), ("equal to", one.equals))
    said = (
        f"{words} {bound:g}" if isinstance(bound, float) else f"{words} {bound}"
        for words, bound in bounds
        if bound is not None
    )
    return " and ".join(said)


def _who(decision: RequireApproval) -> list[str]:
    lines = [f"• {asked.stage(one)}" for one in decision.requirements if one.seats]
    lines += [f"✗ {words(', '.join(people), 400)}, {why}" for people, why in asked.left_out(decision)]
    if decision.veto:
        lines.append(f"✋ One no of {asked.groups(decision.veto)} ends it.")
    if decision.denials > 1:
        lines.append(f"✋ {decision.denials} noes end it.")
    return lines


def _held(request: Request) -> Iterator[Block]:
    """How strongly its steps were held; one that went to another worker may have had more than one tier."""
    tiers = dict.fromkeys(entry.tier for entry in request.journal if entry.tier)
    for tier in tiers:
        yield context(f"held_{tier}", f"Sandbox: `{tier}`, {WALLS[tier]}.")


def _cost(estimate: Estimate, request: Request) -> str:
    lines = [f"*Cost* {parts.cost(request, request.assessment, 300)}" if request.assessment else "*Cost*"]
    for each in estimate.lines[:20]:
        price = (
            f"{dollars(each.p50_cost)}–{dollars(each.p95_cost)}"
            if each.p50_cost is not None and each.p95_cost is not None
            else "no price: it holds its share of the hard stop"
        )
        lines.append(f"• {words(each.unit, 60)} {each.p50:g}–{each.p95:g}: {price}")
    lines.append(f"Prices {words(estimate.prices, 60)}")
    for budget in request.assessment.budgets[:8] if request.assessment else ():
        lines.append(f"• {words(budget.scope, 80)}: {dollars(budget.left)} left of {dollars(budget.limit)}")
    return _fit(lines)


def _fit(lines: list[str]) -> str:
    return parts.leading(lines, room=SECTION - 200)
