"""Votes, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, SerializerFunctionWrapHandler, model_serializer

from bot.assess.decision import RequireApproval, Requirement
from bot.authorize.seating import Choice, Members, Seating, eligible, may_veto, seated, seatings
from bot.terms import Digest, Principal, Record

Answer = Literal["approve", "deny", "withdraw"]


class Vote(Record):
    """One answer of one person. Append-only: a withdrawal is another vote.

    `sits_for` are the members who were away and in whose seat it was given.
    """

    principal: Principal
    slack_user: str
    answer: Answer
    at: AwareDatetime
    digest: Digest
    stage: str
    reason: str = ""
    sits_for: tuple[Principal, ...] = ()

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A process of the version before this field can read every vote that is given without it."""
        said: dict[str, object] = plain(self)
        return said if self.sits_for else {key: value for key, value in said.items() if key != "sits_for"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the votes add up to. `stages` are open now; `missing` are the seats of those stages nobody fills.

    `granted` and `denied` are never both true: a denial wins. A requirement that asks nobody is never met.
    `begun` are the stages that are open or full: nobody waits for another one there.
    """

    granted: bool
    denied: bool
    stages: tuple[str, ...]
    begun: tuple[str, ...]
    missing: tuple[str, ...]
    later: tuple[str, ...]
    counted: frozenset[Principal]
    empty: Mapping[Choice, int]
    """How many seats stay empty, by what is chosen among `any_of`."""
    open_choices: frozenset[Choice]
    """The choices that leave alone what is full already."""

    def nearer(self, after: Tally) -> bool:
        """Whether it came nearer to a grant: a seat more is filled, in whatever way it may yet be granted."""
        closer = min(after.empty.values()) < min(self.empty.values())
        return closer or any(after.empty[choice] < self.empty[choice] for choice in self.open_choices)


def standing(votes: Iterable[Vote], digest: Digest) -> dict[Principal, Vote]:
    """Each person's last answer for exactly this digest; a withdrawn answer is none."""
    last = {vote.principal: vote for vote in votes if vote.digest == digest}
    return {principal: vote for principal, vote in last.items() if vote.answer != "withdraw"}


def approvals(votes: Iterable[Vote], digest: Digest) -> dict[Principal, frozenset[str]]:
    """The stages each person said yes to since they last said no or withdrew."""
    found: dict[Principal, frozenset[str]] = {}
    for vote in votes:
        if vote.digest != digest:
            continue
        if vote.answer == "approve":
            found[vote.principal] = found.get(vote.principal, frozenset()) | {vote.stage}
        else:
            found.pop(vote.principal, None)
    return found


def tally(
    decision: RequireApproval,
    votes: Sequence[Vote],
    *,
    digest: Digest,
    members: Members,
    requester: Principal,
) -> Tally:
    """Count. One person fills one seat unless a requirement says people need not be distinct.

    `members` must hold every group the decision names, asked for afresh: a vote of somebody who has left the
    group since does not count.
    """
    answers, yes = standing(votes, digest), approvals(votes, digest)
    may_deny = frozenset[Principal]().union(
        *(eligible(r, members, requester=requester) for r in decision.requirements)
    )
    no = {person for person, vote in answers.items() if vote.answer == "deny"}
    vetoed = bool(no & may_veto(decision, members, requester=requester))

    # A no counts whoever sits there; two yeses on one seat are one, and nobody sits for who is left out.
    barred = (person for one in decision.requirements for person in one.barred)
    sitting = seated(members, requester=requester, answered={*answers, *barred})
    every = list(seatings(decision.requirements, yes, sitting, requester))
    best = min(every, key=lambda one: one.empty)
    waiting = {requirement.stage for requirement, labels in best.unfilled if labels}
    begun = _begun(decision.requirements, waiting)
    open_now = tuple(stage for stage in begun if stage in waiting)
    missing = tuple(
        label for requirement, labels in best.unfilled if requirement.stage in open_now for label in labels
    )
    later = tuple(
        label
        for requirement, labels in best.unfilled
        if requirement.stage not in open_now
        for label in labels
    )
    denied = vetoed or len(no & may_deny) >= decision.denials
    asked = bool(decision.requirements) and all(r.all_of or r.any_of for r in decision.requirements)
    granted = not denied and asked and not missing and not later
    return Tally(
        granted=granted,
        denied=denied,
        stages=open_now,
        begun=begun,
        missing=missing,
        later=later,
        counted=best.people,
        empty={one.choice: one.empty for one in every},
        open_choices=_open_choices(every, best),
    )


def _open_choices(every: Iterable[Seating], best: Seating) -> frozenset[Choice]:
    full = [index for index, (_, labels) in enumerate(best.unfilled) if not labels]
    return frozenset(
        one.choice for one in every if all(one.choice[index] == best.choice[index] for index in full)
    )


def _begun(requirements: Sequence[Requirement], waiting: set[str]) -> tuple[str, ...]:
    """The stages whose predecessors are finished."""
    after: dict[str, set[str]] = {}
    for requirement in requirements:
        after.setdefault(requirement.stage, set())
        if requirement.after:
            after[requirement.stage].add(requirement.after)
    return tuple(stage for stage, before in after.items() if not before & waiting)
