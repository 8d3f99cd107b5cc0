"""Who a waiting request asks, with the answers so far: the stage for which one more answer would count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.assess.decision import RequireApproval, Requirement
from bot.authorize.approval import Tally, Vote, approvals, standing, tally
from bot.authorize.click import ClickRefused, RefusedBecause
from bot.authorize.seating import Members, eligible, may_veto, seated, sits_for
from bot.terms import Digest, Principal

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""When an answer is given that nobody gave; counting does not look at it."""

VETO = "veto"
"""The stage of an answer that only ends a request."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`called`: what the request is called to whoever is refused, such as its id."""

    decision: RequireApproval
    votes: Sequence[Vote]
    digest: Digest
    members: Members
    requester: Principal
    called: str = "this"

    def tally(self, *more: Vote) -> Tally:
        return tally(
            self.decision,
            (*self.votes, *more),
            digest=self.digest,
            members=self.members,
            requester=self.requester,
        )

    def with_yes(self, principal: Principal, stage: str) -> Tally:
        """As it would be after their yes."""
        yes = Vote(
            principal=principal, slack_user="", answer="approve", at=_NO_TIME, digest=self.digest, stage=stage
        )
        return self.tally(yes)

    def sits_for(self, principal: Principal, stage: str) -> tuple[Principal, ...]:
        """In whose seats they would answer."""
        return sits_for(
            self.decision,
            self.members,
            principal,
            stage=stage,
            requester=self.requester,
            answered=self._others(principal),
        )

    def stage_of_yes(self, principal: Principal) -> str | ClickRefused:
        """The stage that their yes would be for, or what they are told instead.

        Whoever has said yes may say it for another stage only where that brings it nearer to a grant.
        """
        may = self._of(
            principal, seated(self.members, requester=self.requester, answered=self._others(principal))
        )
        if not may:
            return self._not_among()
        now, said = self.tally(), approvals(self.votes, self.digest).get(principal, frozenset())
        begun = [one.stage for one in may if one.stage in now.begun and one.stage not in said]
        # Where it fills a seat first: also one of a full stage, whose people then answer for another.
        for stage in begun:
            if now.nearer(self.with_yes(principal, stage)):
                return stage
        if said:
            words = f"Your answer to {self.called} is already counted."
            if others := [stage for stage in begun if stage in now.stages]:
                words += f" One person fills one seat, so somebody else must answer for {others[0]}."
            return ClickRefused(RefusedBecause.ALREADY_COUNTED, words)
        if (here := next((stage for stage in begun if stage in now.stages), None)) is not None:
            return here
        if now.stages:
            full = "is complete" if may[0].stage in now.begun else "comes later"
            words = f"It is {now.stages[0]}'s turn now, and your answer is for {may[0].stage}, which {full}."
            return ClickRefused(RefusedBecause.WRONG_STAGE, words)
        return may[0].stage

    def stage_of_no(self, principal: Principal) -> str | ClickRefused:
        """A no counts at any stage."""
        answered = self._no_or_withdrawal(principal)
        mine = standing(self.votes, self.digest).get(principal)
        if isinstance(answered, str) and mine is not None and mine.answer == "deny":
            words = f"Your answer to {self.called} is already counted."
            return ClickRefused(RefusedBecause.ALREADY_COUNTED, words)
        return answered

    def stage_of_withdrawal(self, principal: Principal) -> str | ClickRefused:
        """Only an answer that was given can be taken back."""
        answered = self._no_or_withdrawal(principal)
        if isinstance(answered, str) and principal not in standing(self.votes, self.digest):
            words = f"There is no answer of yours to {self.called} that could be taken back."
            return ClickRefused(RefusedBecause.ALREADY_COUNTED, words)
        return answered

    def _no_or_withdrawal(self, principal: Principal) -> str | ClickRefused:
        if may := self._of(principal, self.members):
            return may[0].stage
        vetoes = principal in may_veto(self.decision, self.members, requester=self.requester)
        return VETO if vetoes else self._not_among()

    def _of(self, principal: Principal, members: Members) -> list[Requirement]:
        """The requirements of which they could take a seat."""
        return [
            one
            for one in self.decision.requirements
            if principal in eligible(one, members, requester=self.requester)
        ]

    def _others(self, principal: Principal) -> frozenset[Principal]:
        """Who has answered already: nobody answers in their seat any more."""
        return frozenset(standing(self.votes, self.digest).keys() - {principal})

    def _not_among(self) -> ClickRefused:
        seats = (seat for one in self.decision.requirements for seat in one.seats)
        groups = " or ".join(dict.fromkeys(seat.label() for seat in seats))
        words = f"An answer to {self.called} must come from {groups}, and you are not among them."
        return ClickRefused(RefusedBecause.NOT_ELIGIBLE, words)
