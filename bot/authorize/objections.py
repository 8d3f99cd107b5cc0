"""What stands against one person's answer to one request, however many others may give it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from bot.assess.assessment import Assessment, confirmation
from bot.assess.decision import Relation, RequireApproval
from bot.authorize.click import Click, ClickRefused, RefusedBecause
from bot.authorize.seating import Members, eligible
from bot.terms import Principal

_RELATED: dict[Relation, tuple[str, str]] = {
    "author": ("plan.authors", "What would run is your own work"),
    "last_committer": ("plan.last_committer", "You committed last to what would run"),
    "beneficiary": ("plan.beneficiary", "This is for your own benefit"),
}
"""The fact that says who it is, and what such a person is told."""


def not_excluded(decision: RequireApproval, principal: Principal, assessment: Assessment) -> None:
    """Raises ClickRefused for whoever asked, where that leaves them no seat at all."""
    if refused := excluded(decision, principal, requester=assessment.requester):
        raise refused


def excluded(decision: RequireApproval, principal: Principal, *, requester: Principal) -> ClickRefused | None:
    """What whoever asked is told, where that leaves them no seat at all."""
    if principal != requester or any("requester" not in one.exclude for one in decision.requirements):
        return None
    return _self_approval()


def _self_approval() -> ClickRefused:
    words = "You asked for this, so your answer does not count. Cancel it if you changed your mind."
    return ClickRefused(RefusedBecause.SELF_APPROVAL, words)


def not_barred(
    decision: RequireApproval, members: Members, principal: Principal, assessment: Assessment
) -> None:
    """Raises ClickRefused for somebody who could answer but for what they are to this request."""
    requester, facts = assessment.requester, assessment.facts
    if refused := barred(decision, members, principal, requester=requester, facts=facts):
        raise refused


def barred(
    decision: RequireApproval,
    members: Members,
    principal: Principal,
    *,
    requester: Principal,
    facts: Mapping[str, JsonValue],
) -> ClickRefused | None:
    """What somebody is told who could answer but for what they are to this request."""
    seats = (eligible(one, members, requester=requester) for one in decision.requirements)
    if any(principal in people for people in seats):
        return None
    barring = next((one for one in decision.requirements if principal in one.barred), None)
    if barring is None:
        return _asked_for_it(decision, members, principal, requester=requester)
    said = [
        words
        for relation, (fact, words) in _RELATED.items()
        if relation in barring.exclude and principal in _people(facts.get(fact))
    ]
    words = f"{' and '.join(said)}, so your answer does not count here. Somebody else must look."
    return ClickRefused(RefusedBecause.EXCLUDED, words, detail=barring.rule)


def _asked_for_it(
    decision: RequireApproval, members: Members, principal: Principal, *, requester: Principal
) -> ClickRefused | None:
    """Some requirement lets the requester answer, and it is not the one whose seats they could take."""
    open_ = (one.model_copy(update={"exclude": ()}) for one in decision.requirements)
    could = any(principal in eligible(one, members, requester=requester) for one in open_)
    return _self_approval() if principal == requester and could else None


def confirmed(click: Click, decision: RequireApproval, stage: str, assessment: Assessment) -> None:
    """Raises ClickRefused for a bare press where a reason or typing is asked for."""
    here = [one for one in decision.requirements if one.stage == stage]
    if any(one.reason for one in here) and not click.reason.strip():
        words = "Say why you approve: press Approve on the card and write a reason."
        raise ClickRefused(RefusedBecause.UNCONFIRMED, words, detail="reason")
    wanted = confirmation(assessment)
    if any(one.typed for one in here) and click.typed.strip() != wanted:
        words = f"To approve this, press Approve on the card and type {wanted} exactly."
        raise ClickRefused(RefusedBecause.UNCONFIRMED, words, detail="typed")


def _people(fact: JsonValue) -> tuple[JsonValue, ...]:
    return tuple(fact) if isinstance(fact, list) else (fact,)
