"""The grant: in the same write the money is held, the clock starts and the work is queued."""

from __future__ import annotations

from dataclasses import replace

from bot.assess.assessment import Assessment
from bot.assess.decision import Allow, Deny, RequireApproval
from bot.flow.commit import Commit, Hold
from bot.flow.notice import Notice
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.terms import Micros


def holds(assessment: Assessment) -> tuple[Hold, ...]:
    """The ceiling, reserved in every budget the run draws on: all of them or none."""
    ceiling = assessment.estimate.ceiling
    return tuple(Hold(key=b.key, limit=b.limit, amount=ceiling) for b in assessment.budgets)


def held_by(request: Request) -> dict[str, Micros]:
    """What a granted request holds itself, by account: at its own run that is not spent by somebody else."""
    if request.state is not State.APPROVED or request.assessment is None:
        return {}
    return {hold.key: hold.amount for hold in holds(request.assessment)}


def granting(commit: Commit, assessment: Assessment) -> Commit:
    """The same commit, made into the one that grants. Declined as a whole when a budget has no room."""
    granted = commit.event is Event.GRANTED
    glass = _told(commit, assessment)
    return replace(
        commit,
        event=commit.event if commit.event is Event.DECIDED_ALLOW else Event.GRANTED,
        kind=commit.kind or commit.event.value,
        also=(*commit.also, *(() if granted else ("granted",)), *(("glass_broken",) if glass else ())),
        tell=(*commit.tell, *glass),
        holds=holds(assessment),
        timers={"grant": _lasts_s(assessment) * 1000},
        clear=("expire", "lease"),
        work="run",
    )


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
