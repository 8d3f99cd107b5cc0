"""Broken glass is looked at afterwards, by somebody who neither asked for it nor said yes to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.assess.decision import BrokenGlass, RequireApproval
from bot.authorize.click import Answered, Click, ClickRefused, RefusedBecause
from bot.authorize.people import Undetermined
from bot.flow.commit import Commit, Declined
from bot.flow.doorway import Doorway, undetermined
from bot.flow.notice import Notice
from bot.flow.ports import Store
from bot.flow.request import Request, Review
from bot.lifecycle import Event
from bot.terms import Principal

AGAIN_MS = 24 * 3600 * 1000
"""How often a review that is due is asked for again: until somebody writes it."""


def broken(request: Request) -> tuple[BrokenGlass, ...]:
    """The denies that were overridden for it."""
    decision = request.assessment.decision if request.assessment is not None else None
    return decision.broken_glass if isinstance(decision, RequireApproval) else ()


def opened(request: Request) -> Review | None:
    """The review that the end of this run begins; None when no glass was broken."""
    glass = broken(request)
    if not glass:
        return None
    groups = tuple(dict.fromkeys(group for one in glass for group in one.review_by))
    within = timedelta(seconds=min(one.review_within_s for one in glass))
    return Review(by=groups, due=request.updated_at + within)


def notice(request: Request, review: Review) -> Notice:
    rules = " and ".join(one.rule for one in broken(request))
    text = (
        f"{request.id} ran although {rules} denies it ({request.invocation.incident}: "
        f"{request.invocation.reason}). Look at what it did and write down what you found."
    )
    return Notice(request=request.id, kind="review", groups=review.by, text=text)


@dataclass(frozen=True, slots=True)
class Reviewing:
    door: Doorway

    async def close(self, click: Click, request: Request, principal: Principal) -> Answered | None:
        """Write the finding; None when somebody else wrote in between. Raises ClickRefused."""
        review = request.review
        if review is None or review.closed_by is not None:
            by = f" {review.closed_by} has done it" if review is not None else ""
            words = f"There is nothing to review about {request.id}{by}."
            raise ClickRefused(RefusedBecause.ALREADY_DECIDED, words)
        if principal == request.requester:
            words = "You asked for this, so somebody else must look at it."
            raise ClickRefused(RefusedBecause.SELF_APPROVAL, words)
        if any(vote.principal == principal and vote.answer == "approve" for vote in request.votes):
            words = "You said yes to this, so somebody else must look at it."
            raise ClickRefused(RefusedBecause.EXCLUDED, words)
        if principal not in await self._reviewers(review.by):
            groups = " or ".join(f"@{group}" for group in review.by)
            raise ClickRefused(RefusedBecause.NOT_ELIGIBLE, f"{groups} looks at this, and you are not in it.")
        finding = click.reason.strip()
        if not finding:
            raise ClickRefused(RefusedBecause.UNCONFIRMED, "Write what you found.", detail="reason")
        now = await self.door.store.now()
        done = {"closed_by": principal, "closed_at": now, "finding": finding}
        words = f"Your review of {request.id} is kept."
        committed = await self.door.store.commit(
            Commit(
                op=click.id,
                request=request.id,
                event=Event.REVIEWED,
                revision=request.revision,
                said=words,
                set={"review": review.model_copy(update=done)},
                clear=("review",),
                audit={"principal": principal, "reason": finding},
            )
        )
        return None if isinstance(committed, Declined) else Answered(True, words)

    async def _reviewers(self, groups: Sequence[str]) -> frozenset[Principal]:
        try:
            people = [await self.door.people.members(group) for group in groups]  # type: ignore[arg-type]
        except Undetermined as away:
            raise undetermined(away) from away
        return frozenset[Principal]().union(*people)


async def remind(store: Store, request: Request) -> None:
    """It is due and not written: those who should are told again, every day."""
    if request.review is None or request.review.closed_by is not None:
        await store.forget_timer("review", request.id)
        return
    await store.commit(
        Commit(
            op=f"review_due:{request.revision}",
            request=request.id,
            event=Event.REVIEW_DUE,
            revision=request.revision,
            timers={"review": AGAIN_MS},
            tell=(notice(request, request.review),),
            audit={"principal": "assent", "reason": "Broken glass that nobody has looked at yet."},
        )
    )
