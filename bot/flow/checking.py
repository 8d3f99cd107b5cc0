"""At the run, everything is looked at again: the stricter of then and now holds."""

from __future__ import annotations

from dataclasses import dataclass

from bot.assess.assessment import Assessment, drift
from bot.assess.decision import Allow, Deny
from bot.authorize.approval import groups_of, tally
from bot.authorize.people import Undetermined
from bot.flow.commit import Commit
from bot.flow.drift import Drift
from bot.flow.judging import Judging
from bot.flow.ports import People, Store, StoreAway
from bot.flow.request import Request
from bot.lifecycle import Event
from bot.settle.outcome import Outcome
from bot.terms import Micros, Refused

FRESH_S = 5
"""A run that policy allowed and that begins within so many seconds of its plan is begun on that plan."""


@dataclass(frozen=True, slots=True)
class Checking:
    store: Store
    people: People
    drift: Drift
    judging: Judging

    async def still_holds(self, request: Request) -> bool:
        """Whether what was granted may begin. If not, the request is voided, refused or waits again, visibly.

        Raises Undetermined when the directory cannot be asked: then nothing begins and nothing is voided.
        """
        then = request.assessment
        if then is None:
            return False
        if differences := self.drift.of(request):
            await self.drift.void(request, differences)
            return False
        found = await self.store.read(request.id)
        if found is None or found[0].revision != request.revision:
            return False
        now = found[1]
        if isinstance(then.decision, Allow) and (now - request.updated_at).total_seconds() < FRESH_S:
            return True
        try:
            skill = self.judging.artifacts.skills().find(then.invocation.skill)
            plan = await self.judging.planning.plan(request.id, then.invocation, skill)
            if plan.nothing_to_do:
                await self.drift.void(request, (f"there is nothing left to do: {plan.summary}",))
                return False
            fresh = await self.judging.assess(
                request, skill, plan, now=now, card_revision=request.card_revision
            )
        except (StoreAway, Undetermined):
            raise
        except Refused as refused:
            await self.drift.void(request, (f"it can no longer be planned: {refused}",))
            return False
        if isinstance(fresh.decision, Deny):
            await self._refuse(request, fresh.decision)
            return False
        if differences := drift(then.binding, fresh.binding):
            await self.drift.void(request, differences)
            return False
        return await self._still_voted(request, then)

    async def _still_voted(self, request: Request, then: Assessment) -> bool:
        """Everybody who counted is asked for afresh: who left the group since does not count any more."""
        decision = request.asked
        if decision is None:
            return True
        members = {group: await self.people.members(group) for group in sorted(groups_of(decision))}
        count = tally(decision, request.votes, digest=then.digest, members=members, requester=then.requester)
        if count.granted:
            return True
        note = "Somebody who approved may not any more, so it waits again."
        await self.store.commit(
            Commit(
                op=f"reassess:{request.revision}",
                request=request.id,
                event=Event.REASSESSED,
                revision=request.revision,
                settle=Micros(0),
                clear=("grant",),
                timers={"expire": decision.expires_after_s * 1000},
                set={"missing": (*count.missing, *count.later), "notes": (note,)},
                audit={"principal": "assent", "reason": note, "digest": then.digest},
            )
        )
        return False

    async def _refuse(self, request: Request, decision: Deny) -> None:
        words = "; ".join(line.why for line in decision.because)
        await self.store.commit(
            Commit(
                op=f"deny:{request.revision}",
                request=request.id,
                event=Event.REFUSE,
                kind="decided",
                revision=request.revision,
                settle=Micros(0),
                clear=("grant",),
                set={"outcome": Outcome(kind="refused", sentence=words)},
                audit={
                    "principal": "assent",
                    "effect": "deny",
                    "reason": words,
                    "because": [line.rule for line in decision.because],
                },
            )
        )
