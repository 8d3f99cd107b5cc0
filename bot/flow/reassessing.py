"""What waits is judged anew when the policies change: the stricter of then and now holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.assess.assessment import Assessment
from bot.assess.decision import Allow, Deny, RequireApproval
from bot.assess.gate import rebound
from bot.assess.strictness import stricter_of
from bot.authorize.approval import standing, tally
from bot.authorize.people import Undetermined
from bot.flow.commit import Commit, Timer
from bot.flow.drift import Drift
from bot.flow.escalating import next_step
from bot.flow.judging import Judging
from bot.flow.notice import Notice
from bot.flow.ports import Store, StoreAway
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Micros, Refused


@dataclass(frozen=True, slots=True)
class Reassessing:
    store: Store
    drift: Drift
    judging: Judging

    async def look(self) -> None:
        """Void what waits for a skill that is not there any more, and judge anew under changed policies.

        Nobody needs to click for it. Where the directory does not answer, the next look tries again.
        """
        for request_id in await self.store.in_states((State.WAITING,)):
            request = await self.store.get(request_id)
            if request is None:
                continue
            if differences := self.drift.of(request):
                await self.drift.void(request, differences)
                continue
            standing = self.drift.policies(request)
            await self.store.note(request, stopped=self.drift.broken() if standing == "broken" else "")
            if standing == "changed":
                try:
                    await self._anew(request)
                except Undetermined:
                    continue

    async def _anew(self, request: Request) -> None:
        """The plan is that of then: it is made again at the run, as always."""
        then, found = request.assessment, await self.store.read(request.id)
        if then is None or found is None or found[0].revision != request.revision:
            return
        skill = self.judging.artifacts.skills().find(then.invocation.skill)
        try:
            fresh = await self.judging.assess(
                request, skill, then.plan, now=found[1], card_revision=request.card_revision + 1
            )
        except (StoreAway, Undetermined):
            raise
        except Refused as refused:
            await self.drift.void(request, (f'it can no longer be judged ("{refused}")',))
            return
        why = f"The policies changed ({versions(then, fresh)})."
        await self.settle(request, fresh, now=found[1], why=why)

    async def settle(self, request: Request, fresh: Assessment, *, now: datetime, why: str) -> None:
        """Write down what the stricter of then and now asks; `fresh` is drawn as the next card."""
        then = request.assessment
        assert then is not None  # noqa: S101  whoever calls has compared it with `fresh`
        match stricter_of(then.decision, fresh.decision):
            case Deny() as denied:
                await self._refuse(request, denied)
            case RequireApproval() as asked:
                await self._ask(request, rebound(fresh, asked), asked, now=now, why=why)
            case Allow():
                await self.drift.void(request, (why,))

    async def _ask(
        self, request: Request, fresh: Assessment, asked: RequireApproval, *, now: datetime, why: str
    ) -> None:
        then = request.assessment
        answered = tuple(sorted(standing(request.votes, then.digest))) if then is not None else ()
        note = f"{why} It was judged anew, by the stricter of both; answers until now do not count."
        empty = tally(asked, (), digest=fresh.digest, members={}, requester=fresh.requester)
        notice = Notice(
            request=request.id,
            kind="reassessed",
            people=answered,
            text=f"{request.id} was judged anew, so your answer does not count any more. {why}",
        )
        await self.store.commit(
            Commit(
                op=f"reassess:{request.revision}",
                request=request.id,
                event=Event.REASSESSED,
                revision=request.revision,
                unexpired=True,
                settle=Micros(0),
                clear=("grant", "escalate"),
                timers=_timers(request, asked, now),
                set={
                    "assessment": fresh,
                    "card_revision": fresh.binding.card_revision,
                    "missing": (*empty.missing, *empty.later),
                    "notes": (note,),
                    "escalated": 0,
                },
                tell=(notice,) if answered else (),
                audit={
                    "principal": "assent",
                    "reason": why,
                    "effect": asked.effect,
                    "because": [line.rule for line in asked.because],
                    "digest": fresh.digest,
                    "policy": fresh.policy_digest,
                    "facts": fresh.facts,
                },
            )
        )

    async def _refuse(self, request: Request, denied: Deny) -> None:
        words = "; ".join(line.why for line in denied.because)
        await self.store.commit(
            Commit(
                op=f"deny:{request.revision}",
                request=request.id,
                event=Event.REFUSE,
                kind="decided",
                revision=request.revision,
                settle=Micros(0),
                clear=("grant", "expire"),
                set={"outcome": Outcome(kind="refused", sentence=words), "stopped": "", "missing": ()},
                audit={
                    "principal": "assent",
                    "effect": "deny",
                    "reason": words,
                    "because": [line.rule for line in denied.because],
                },
            )
        )


def _timers(request: Request, asked: RequireApproval, now: datetime) -> dict[Timer, int]:
    """What waits goes on waiting from when it began; what was granted begins to wait."""
    waits = request.state is State.WAITING and request.waits_since is not None
    since = request.waits_since if waits and request.waits_since else now
    ends = since + timedelta(seconds=asked.expires_after_s)
    timers = next_step(asked, taken=0, waited=now - since)
    if not waits or request.expires_at is None or ends < request.expires_at:
        timers["expire"] = max(1, int((ends - now).total_seconds() * 1000))
    return timers


def versions(then: Assessment, now: Assessment) -> str:
    """`deployments 3 → deployments 4`; where the version says nothing, the digests do."""
    if then.policy != now.policy:
        return f"{then.policy} → {now.policy}"
    return f"{then.policy}, {then.policy_digest[7:19]} → {now.policy_digest[7:19]}"
