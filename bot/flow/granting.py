"""The grant: in the same write the money is held, the clock starts and the work is queued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.assess.assessment import Assessment
from bot.assess.budget import rolled
from bot.assess.decision import Allow, Deny, RequireApproval
from bot.flow.commit import Commit, Hold
from bot.flow.notice import Notice
from bot.flow.ports import Store
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.terms import Micros


def holds(assessment: Assessment, *, now: datetime) -> tuple[Hold, ...]:
    """The ceiling, reserved in every budget the run draws on: all of them or none.

    In the period of `now`: it may have been judged yesterday, and what the month had left then is no matter.
    """
    ceiling = assessment.estimate.ceiling
    return tuple(
        Hold(key=rolled(line.key, now), limit=line.limit, amount=ceiling) for line in assessment.budgets
    )


async def held_by(store: Store, request: Request) -> Mapping[str, Micros]:
    """What a granted request holds itself, by account: at its own run that is not spent by somebody else."""
    judged = request.assessment
    if request.state is not State.APPROVED or judged is None or not judged.budgets:
        return {}
    return await store.holding(request.id)


def granting(commit: Commit, assessment: Assessment, *, now: datetime) -> Commit:
    """The same commit, made into the one that grants. Declined as a whole when a budget has no room."""
    granted = commit.event is Event.GRANTED
    glass = _told(commit, assessment)
    return replace(
        commit,
        event=commit.event if commit.event is Event.DECIDED_ALLOW else Event.GRANTED,
        kind=commit.kind or commit.event.value,
        also=(*commit.also, *(() if granted else ("granted",)), *(("glass_broken",) if glass else ())),
        tell=(*commit.tell, *glass),
        holds=holds(assessment, now=now),
        timers={"grant": _lasts_s(assessment) * 1000},
        clear=("expire", "lease"),
        work="run",
    )


async def moved(store: Store, request: Request) -> tuple[Hold, ...]:
    """What is to be held in place of what is, where a day or a month ended between the grant and the run."""
    judged = request.assessment
    if request.state is not State.APPROVED or judged is None or not judged.budgets:
        return ()
    held, now_due = await store.holding(request.id), holds(judged, now=await store.now())
    return now_due if {hold.key for hold in now_due} != held.keys() else ()


def _told(commit: Commit, assessment: Assessment) -> tuple[Notice, ...]:
    """A glass is not broken in silence: others hear of it while it can still be stopped."""
    decision = assessment.decision
    if not isinstance(decision, RequireApproval) or not decision.broken_glass:
        return ()
    call = assessment.invocation
    text = (
        f"{assessment.requester} broke the glass for {commit.request}, {call.sentence('').strip()}. "
        "It was approved and runs now; its card has a Stop button."
    )
    groups = dict.fromkeys(group for one in decision.broken_glass for group in one.notify)
    return (Notice(request=commit.request, kind="glass", groups=tuple(groups), text=text),)


def _lasts_s(assessment: Assessment) -> int:
    """What could not begin for so long is not what people approved any more."""
    match assessment.decision:
        case Allow() | RequireApproval() as decision:
            return decision.grant_expires_after_s
        case Deny():
            raise NotGrantable(f"{assessment.invocation.skill} was denied")


class NotGrantable(Exception):
    """A bug: something tried to grant what the gate denied."""
