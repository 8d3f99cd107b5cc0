"""What was approved by everybody and still waited: for room in a budget, or for a member who was away."""

from __future__ import annotations

from dataclasses import dataclass

from bot.authorize.approval import tally
from bot.authorize.people import Undetermined
from bot.authorize.seating import groups_of
from bot.flow.commit import Commit
from bot.flow.drift import Drift
from bot.flow.granting import granting
from bot.flow.ports import People, Store
from bot.flow.request import Request
from bot.lifecycle import Event, State


@dataclass(frozen=True, slots=True)
class Recounting:
    """No vote is left to come for these, so nothing but time would look at them again."""

    store: Store
    people: People
    drift: Drift

    async def look(self) -> None:
        """Grant what now can be, of the requests whose card says that they wait for something else."""
        for request_id in await self.store.in_states((State.WAITING,)):
            request = await self.store.get(request_id)
            if request is None or not (request.votes and request.notes) or self.drift.of(request):
                continue
            if self.drift.policies(request) == "same":
                await self._grant(request)

    async def _grant(self, request: Request) -> None:
        then, asked = request.assessment, request.asked
        if then is None or asked is None:
            return
        try:
            members = {group: await self.people.members(group) for group in sorted(groups_of(asked))}
        except Undetermined:
            return
        count = tally(asked, request.votes, digest=then.digest, members=members, requester=then.requester)
        if not count.granted:
            return
        commit = Commit(
            op=f"recount:{request.revision}",
            request=request.id,
            event=Event.GRANTED,
            revision=request.revision,
            unexpired=True,
            set={"missing": (), "notes": ()},
            audit={
                "principal": "assent",
                "reason": "What it waited for is there now.",
                "digest": then.digest,
            },
        )
        await self.store.commit(granting(commit, then, now=await self.store.now()))
