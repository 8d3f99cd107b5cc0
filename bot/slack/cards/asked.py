"""Whom a decision asks and what silence or a no leads to, in words. Escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.assess.decision import Escalation, RequireApproval, Requirement
from bot.assess.unfolding import OVERRIDDEN, RELAXED, UNKNOWN
from bot.flow.request import Request
from bot.slack.cards.dates import at, span
from bot.slack.escape import words
from bot.terms import Group

_TOLD = ((OVERRIDDEN, ", overridden"), (RELAXED, ", earned"), (UNKNOWN, ", not known: "))
_OUT = {
    "author": "whose own work it is",
    "last_committer": "who committed last",
    "beneficiary": "who gains by it",
}

VERDICT = {"allow": "allows it", "require": "asks for approval", "deny": "denies it"}
"""What a policy does, after its name."""


def rule(name: str, room: int = 80) -> str:
    """`deployments/freeze, overridden`: the gate as its file names it, and what became of it."""
    for mark, said in _TOLD:
        name = name.replace(mark, said)
    return words(name, room)


def broken(request: Request) -> bool:
    """Whether the glass is broken; before it is judged, whether somebody asked for that."""
    judged = request.assessment
    if judged is None:
        return request.invocation.break_glass
    return isinstance(judged.decision, RequireApproval) and bool(judged.decision.broken_glass)


def overridden(request: Request, room: int) -> str:
    """What broken glass means for a reader: what it overrides, who is told, who looks at it afterwards."""
    judged = request.assessment
    if judged is None:
        return "A policy's no may be overridden. Other people must say yes, and it is reviewed afterwards."
    if not isinstance(judged.decision, RequireApproval):
        return ""
    glass = judged.decision.broken_glass
    rules = ", ".join(dict.fromkeys(rule(one.rule) for one in glass))
    told = groups(group for one in glass for group in one.notify)
    review = groups(group for one in glass for group in one.review_by)
    within = span(min(one.review_within_s for one in glass))
    later = f"Told when it is granted: {told}. Reviewed within {within} by {review}."
    text = f"It overrides the no of {rules}. {later}"
    return text if len(text) <= room else f"It overrides the no of {len(glass)} gates; see Details."


def reviewed(request: Request, room: int) -> str:
    """Whether what was done through broken glass has been looked at; empty where there was none."""
    review = request.review
    if review is None:
        return ""
    if review.closed_by is None or review.closed_at is None:
        return f"Needs review by {groups(review.by)} until {at(review.due)}"
    return f"Reviewed by {words(review.closed_by, 80)} {at(review.closed_at)}: {words(review.finding, room)}"


def whom(decision: RequireApproval, room: int) -> list[str]:
    """Who must say yes, who may not, and whose no ends it."""
    lines = [
        f"→ {words(', '.join(seat.label() for one in decision.requirements for seat in one.seats), room)}"
    ]
    lines += [f"not {words(', '.join(people), room)}, {why}" for people, why in left_out(decision)]
    if decision.veto:
        lines.append(f"one no of {groups(decision.veto)} ends it")
    if decision.denials > 1:
        lines.append(f"{decision.denials} noes end it")
    return lines


def left_out(decision: RequireApproval) -> Iterator[tuple[tuple[str, ...], str]]:
    """Whose yes does not count, besides that of whoever asked, and what they are to this request."""
    seen = set()
    for one in decision.requirements:
        relations = " or ".join(_OUT[each] for each in one.exclude if each in _OUT)
        if one.barred and (one.barred, relations) not in seen:
            seen.add((one.barred, relations))
            yield one.barred, relations


def stage(one: Requirement, room: int = 400) -> str:
    """One requirement in a line: its stage, its seats, its gate, what it takes."""
    seats = [" and ".join(seat.label() for seat in one.all_of)] if one.all_of else []
    if one.any_of:
        seats.append(" or ".join(seat.label() for seat in one.any_of))
    takes = [said for said, asked in (("a reason", one.reason), ("typing it", one.typed)) if asked]
    after = f" after {words(one.after, 60)}" if one.after else ""
    how = f", with {' and '.join(takes)}" if takes else ""
    return (
        f"{words(one.stage, 60)}{after}: {words(', and '.join(seats), room)}{how} (`{rule(one.rule, 100)}`)"
    )


def added(request: Request) -> str:
    """Who may answer besides, since nobody did; empty before that."""
    judged = request.assessment
    if judged is None or not isinstance(judged.decision, RequireApproval):
        return ""
    taken = [group for one in judged.decision.escalation[: request.escalated] for group in one.add]
    return f"Nobody answered, so {groups(taken)} may answer too." if taken else ""


def steps(request: Request) -> list[str]:
    """What silence leads to, step by step, and which of it has happened."""
    judged = request.assessment
    if judged is None or not isinstance(judged.decision, RequireApproval):
        return []
    escalation = judged.decision.escalation
    return [
        f"{'✓' if number < request.escalated else '•'} after {span(one.after_s)}: {_step(one)}"
        for number, one in enumerate(escalation)
    ]


def _step(one: Escalation) -> str:
    said = ["a reminder"] if one.remind else []
    if one.add:
        where = f" for {words(one.stage, 60)}" if one.stage else ""
        said.append(f"{groups(one.add)} may answer too{where}")
    if one.page:
        said.append(f"paged: {groups(one.page)}")
    return ", ".join(said)


def groups(names: Iterable[Group]) -> str:
    return words(" and ".join(f"@{name}" for name in dict.fromkeys(names)), 300)
