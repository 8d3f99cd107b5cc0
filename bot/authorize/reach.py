"""Who could say yes now, and how far that would bring a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.assess.decision import RequireApproval
from bot.authorize.approval import Members, Vote, approvals, eligible, tally
from bot.terms import Digest, Principal


@dataclass(frozen=True, slots=True)
class Reach:
    """One person's yes: the stage it would count for, and what would still be missing after it."""

    principal: Principal
    stage: str
    missing: tuple[str, ...]

    @property
    def grants(self) -> bool:
        return not self.missing


def reaches(
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
    now: datetime,
) -> tuple[Reach, ...]:
    """Everybody whose yes would fill a seat now; who has said it already is left out.

    Groups that are not in `members` have nobody here, so whoever does not know them must say so.
    """
    before = tally(decision, votes, digest=digest, members=members, requester=requester)
    said = approvals(votes, digest)
    found = {}
    for requirement in decision.requirements:
        if requirement.stage not in before.stages:
            continue
        for person in sorted(eligible(requirement, members, requester=requester)):
            if person in found or requirement.stage in said.get(person, frozenset()):
                continue
            vote = Vote(
                principal=person,
                slack_user="",
                answer="approve",
                at=now,
                digest=digest,
                stage=requirement.stage,
            )
            after = tally(decision, (*votes, vote), digest=digest, members=members, requester=requester)
            missing = (*after.missing, *after.later)
            if missing != (*before.missing, *before.later):
                found[person] = Reach(person, requirement.stage, missing)
    return tuple(sorted(found.values(), key=lambda one: (len(one.missing), one.principal)))


def unknown(decision: RequireApproval, members: Iterable[str]) -> tuple[str, ...]:
    """The groups a decision names whose members are not known."""
    known = set(members)
    seats = (seat for one in decision.requirements for seat in (*one.all_of, *one.any_of))
    return tuple(dict.fromkeys(str(seat.group) for seat in seats if seat.group and seat.group not in known))
