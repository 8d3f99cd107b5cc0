"""An explanation for somebody in Slack: from the record, the policies as they are, and the people of now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from bot.assess.decision import RequireApproval
from bot.assess.policy import Policies
from bot.authorize.explanation import Explanation, explain
from bot.authorize.people import Undetermined
from bot.authorize.seating import Members, groups_of
from bot.flow.ports import People
from bot.flow.request import Request
from bot.lifecycle import State
from bot.terms import Group, Principal

LOOK_UP_S = 1.5
"""A form must be open within three seconds: who has not been named by then is not known, and that is said."""


@dataclass(frozen=True, slots=True)
class Explained:
    """`found` is None for what was judged by another release. With `same_policy` its gates are those that
    decided.
    """

    found: Explanation | None
    same_policy: bool
    armed: bool
    """Whether the policies load now; else there are no gates to show."""


@dataclass(frozen=True, slots=True)
class Explaining:
    policies: Callable[[], Policies]
    people: People

    async def of(
        self, request: Request, person: Principal | None, *, members: Members | None = None
    ) -> Explained | None:
        """None before it is judged. A group that nobody can be asked about is unknown, never empty."""
        judged, asked = request.assessment, request.asked
        if judged is None:
            return None
        policies, call = self.policies(), request.invocation
        waits = request.state is State.WAITING and asked is not None
        if members is None:
            members = await self.members(asked) if waits and asked is not None else {}
        try:
            found = explain(
                judged,
                policies,
                members=members,
                now=request.updated_at,
                votes=request.votes,
                steps=request.escalated,
                waits=waits,
                judged_at=request.asked_at,
                person=person,
            )
        except ValidationError:
            found = None
        same = policies.digest_for(call.skill, call.version) == judged.policy_digest
        return Explained(found, same, not policies.problems)

    async def members(self, asked: RequireApproval) -> dict[Group, frozenset[Principal]]:
        """Everybody whom it asks, or may come to ask, as far as they can be named quickly."""
        groups = sorted({*groups_of(asked), *(group for step in asked.escalation for group in step.add)})
        found = await asyncio.gather(*(self._members(group) for group in groups))
        return {group: people for group, people in zip(groups, found, strict=True) if people is not None}

    async def _members(self, group: Group) -> frozenset[Principal] | None:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                return await self.people.members(group)
        except (Undetermined, TimeoutError):
            return None
