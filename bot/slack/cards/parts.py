"""The parts of a card that show facts: who, what, where, how risky, how dear, who said what."""

from __future__ import annotations

from collections.abc import Sequence

from bot.assess.assessment import Assessment
from bot.authorize.approval import Vote, standing
from bot.execute.journal import Check
from bot.flow.request import Request
from bot.lifecycle import State
from bot.slack.cards import asked
from bot.slack.cards.dates import at
from bot.slack.cards.status import needed
from bot.slack.escape import Cut, account, cut, line, words
from bot.terms import Digest, dollars

CHANGES = 10
"""As many changes as a card shows; more are behind Details, and then only Details can approve."""

_EXPIRES = (State.PLANNING, State.WAITING, State.APPROVED, State.INTERRUPTED)
"""What ends by itself when nobody does anything; the others' time is over, or said elsewhere."""

_VOTED = {"approve": "✓ {} approved", "deny": "✗ {} denied", "withdraw": "↩ {} withdrew"}


def headline(request: Request) -> str:
    """`deploy checkout 1.4.2 to staging`: how people would say it. Not escaped."""
    call = request.invocation
    return " ".join([call.skill, *(_spoken(value) for value in call.inputs.values()), "to", call.environment])


def title(request: Request) -> str:
    """The headline, and before it what nobody may overlook. Not escaped."""
    return f"🚨 Break-glass: {headline(request)}" if asked.broken(request) else headline(request)


def _spoken(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def facts(request: Request, *, room: int) -> list[tuple[str, str]]:
    judged = request.assessment
    pairs = [("Asked by", account(request.asked_by)), *_said(request, room)]
    if judged is None:
        return [*pairs, ("Where", words(request.invocation.environment, room))]
    pairs += [
        ("Target", words(judged.plan.target.identity, room)),
        ("Risk", _risk(judged, room)),
        ("Policy", policy(request, judged, room)),
        ("Cost" if request.cost is None else "Cost, settled", cost(request, judged, room)),
    ]
    if judged.newly_permitted:
        pairs.append((f"New since {words(judged.new_since, 40)}", widened(judged, room)))
    if request.state is State.WAITING:
        pairs.append(("Still needed", needed(request.missing)))
    elif approvers := approved_by(request.votes, judged.digest):
        pairs.append(("Approved by", " · ".join(approvers[:20])))
    return pairs


def _said(request: Request, room: int) -> list[tuple[str, str]]:
    """What whoever asked says about it."""
    said = (("Reason", request.invocation.reason), ("Incident", request.invocation.incident))
    return [(label, words(text, room)) for label, text in said if text]


def _risk(judged: Assessment, room: int) -> str:
    why = f" · {words(', '.join(judged.risk_why), room)}" if judged.risk_why else ""
    return f"{judged.risk} of 100{why}"


def widened(judged: Assessment, room: int) -> str:
    """What it may since an upgrade and might not before, as much of it as fits."""
    return f"⚠️ {words(', '.join(judged.newly_permitted), room)}"


def policy(request: Request, judged: Assessment, room: int) -> str:
    """The rules that decided, each with its reason, and whom they ask now."""
    decision = judged.decision
    rules = [f"{asked.rule(each.rule)}: {words(each.why, room)}" for each in decision.because[:3]]
    if len(decision.because) > 3:
        rules.append(f"and {len(decision.because) - 3} more, see Details")
    if request.asked is not None:
        rules += asked.whom(request.asked, room)
    return "\n".join(rules)


def cost(request: Request, judged: Assessment, room: int) -> str:
    estimate = judged.estimate
    interval = f"{dollars(estimate.p50)}–{dollars(estimate.p95)}, hard stop {dollars(estimate.ceiling)}"
    if request.cost is not None:
        inside = "within" if request.cost <= estimate.p95 else "above"
        return f"{dollars(request.cost)}, {inside} the estimate of {interval}"
    lines = [interval, words(estimate.basis, room)]
    if estimate.unpriced:
        lines.append(f"no price for {words(', '.join(estimate.unpriced), room)}")
    if judged.budgets:
        least = min(judged.budgets, key=lambda each: each.left)
        lines.append(f"{dollars(least.left)} left in {words(least.scope, 80)}")
    return "\n".join(lines)


def plan(request: Request, *, room: int, command: str) -> Cut:
    """What would change, and the exact form of what was asked; `whole` says whether all of it is here."""
    typed = cut(line(request.invocation.sentence(command)), room // 4)
    judged = request.assessment
    if judged is None:
        return Cut(f"`{typed.text}`", typed.whole)
    summary = cut(line(judged.plan.summary), room // 4)
    shown, whole, left = [], typed.whole and summary.whole, room // 2 - 200
    for change in judged.plan.changes[:CHANGES]:
        one = cut(line(f"{change.what}: {change.before or 'nothing'} → {change.after or 'nothing'}"), 300)
        whole, left = whole and one.whole, left - len(one.text) - 3
        if left < 0:
            break
        shown.append(f"• {one.text}")
    if hidden := len(judged.plan.changes) - len(shown):
        whole = False
        shown.append(f"… and {hidden} more {'change' if hidden == 1 else 'changes'}")
    undo = [f"Undo: {words(judged.plan.undo, 150)}"] if judged.plan.undo else []
    return Cut("\n".join([f"*Plan* · {summary.text}", f"`{typed.text}`", *shown, *undo]), whole)


def checks(met: Sequence[Check], *, room: int) -> list[str]:
    """The definition of done, measured."""
    marks = {True: "✓", False: "✗", None: "❔"}
    return [
        f"{marks[each.met]} {words(each.name, room)}: "
        f"{words(str(each.observed), room) if each.observed is not None else 'no data'} "
        f"({words(each.expected, room)})"
        for each in met
    ]


def votes(request: Request, *, room: int) -> str:
    """Every answer, in order; what was answered to an earlier judgement says that it does not count."""
    now = request.assessment.digest if request.assessment else None
    said = [
        f"{_VOTED[vote.answer].format(_who(vote))} {at(vote.at)}"
        + (f": {words(vote.reason, 200)}" if vote.reason else "")
        + ("" if vote.digest == now else " (before it was judged anew: does not count)")
        for vote in request.votes
    ]
    return fitting(said, room=room, joint=" · ")


def approved_by(cast: Sequence[Vote], digest: Digest) -> list[str]:
    """Whose last word on exactly this was yes, and for whom."""
    return [_who(vote) for vote in standing(cast, digest).values() if vote.answer == "approve"]


def _who(vote: Vote) -> str:
    """The account, and whose seat it answered in: `@bob, for carol`."""
    whom = words(" and ".join(vote.sits_for), 120)
    return f"{account(vote.slack_user)}, for {whom}" if whom else account(vote.slack_user)


def fitting(items: Sequence[str], *, room: int, joint: str = "\n") -> str:
    """As many of the last items as fit, and how many earlier ones are left out."""
    kept: list[str] = []
    left = room - 30
    for item in reversed(items):
        left -= len(item) + len(joint)
        if left < 0:
            kept.append(f"… {len(items) - len(kept)} earlier")
            break
        kept.append(item)
    return joint.join(reversed(kept))


def leading(lines: Sequence[str], *, room: int) -> str:
    """Whole lines from the top, and how many are left out."""
    kept: list[str] = []
    left = room - 30
    for each in lines:
        left -= len(each) + 1
        if left < 0:
            kept.append(f"… and {len(lines) - len(kept)} more")
            break
        kept.append(each)
    return "\n".join(kept)


def footer(request: Request) -> str:
    judged = request.assessment
    parts = [
        words(request.id, 40),
        f"{words(request.invocation.skill, 60)} {words(request.invocation.version, 20)}",
    ]
    if judged:
        bound = "approval is for" if judged.decision.effect == "require" else "judged as"
        parts += [
            f"{bound} {words(judged.digest.removeprefix('sha256:')[:12], 12)}",
            f"policy {words(judged.policy, 80)}",
        ]
    if request.expires_at and request.state in _EXPIRES:
        parts.append(f"expires {at(request.expires_at)}")
    return " · ".join(parts)
