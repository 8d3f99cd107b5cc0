"""At the run, everything is looked at again: the stricter of then and now holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.assess.assessment import Assessment, Binding, drift
from bot.assess.decision import Allow, RequireApproval
from bot.assess.gate import rebound
from bot.assess.strictness import stricter_of
from bot.authorize.approval import tally
from bot.authorize.people import Undetermined
from bot.authorize.seating import groups_of
from bot.flow.commit import Commit
from bot.flow.drift import Drift, Standing
from bot.flow.escalating import next_step
from bot.flow.judging import Judging
from bot.flow.ports import People, Store, StoreAway
from bot.flow.reassessing import Reassessing, versions
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
    reassessing: Reassessing

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
        standing = self.drift.policies(request)
        await self.store.note(request, stopped=self.drift.broken() if standing == "broken" else "")
        if standing == "broken" or (standing == "same" and request.stopped):
            return False  # what was noted is another revision: whoever looks next goes on from there
        fresh_yet = (now - request.updated_at).total_seconds() < FRESH_S
        if standing == "same" and isinstance(then.decision, Allow) and fresh_yet:
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
            await self.drift.void(request, (f'it can no longer be planned ("{refused}")',))
            return False
        if differences := drift(then.binding, _as_judged(fresh, then)):
            await self.drift.void(request, differences)
            return False
        if why := _asked_anew(then, fresh, standing):
            later = fresh.renewed(card_revision=request.card_revision + 1)
            await self.reassessing.settle(request, later, now=now, why=why)
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
                timers={
                    "expire": decision.expires_after_s * 1000,
                    **next_step(decision, taken=request.escalated, waited=timedelta(0)),
                },
                set={"missing": (*count.missing, *count.later), "notes": (note,)},
                audit={"principal": "assent", "reason": note, "digest": then.digest},
            )
        )
        return False

    async def refuse(self, request: Request, words: str) -> None:
        """What was granted does not begin, for a reason of the machine's; its reservation is let go."""
        await self.store.commit(
            Commit(
                op=f"refuse:{request.revision}",
                request=request.id,
                event=Event.REFUSE,
                kind="refused",
                revision=request.revision,
                settle=Micros(0),
                clear=("grant",),
                set={"outcome": Outcome(kind="refused", sentence=words)},
                audit={"principal": "assent", "reason": words},
            )
        )


def _as_judged(fresh: Assessment, then: Assessment) -> Binding:
    """What is bound now, but for what the policies ask: of that, the stricter of then and now holds."""
    same = {"policy_digest": then.binding.policy_digest, "requirements": then.binding.requirements}
    return fresh.binding.model_copy(update=same)


def _asked_anew(then: Assessment, fresh: Assessment, standing: Standing) -> str:
    """Why people must be asked again: what they answered was for other policies, or more is asked now."""
    if standing == "changed" and isinstance(then.decision, RequireApproval):
        return f"The policies changed ({versions(then, fresh)})."
    stricter = rebound(fresh, stricter_of(then.decision, fresh.decision))
    if stricter.binding.requirements != then.binding.requirements:
        return "More is asked for it now than when it was granted."
    return ""
