"""What time does: leases run out, requests and grants expire, artifacts change, queues get lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.execute.moves import Finish
from bot.flow import reviewing
from bot.flow.closing import closing
from bot.flow.commit import Commit, Timer
from bot.flow.drift import Drift, overtaken
from bot.flow.escalating import Escalating
from bot.flow.ports import Store
from bot.flow.reassessing import Reassessing
from bot.flow.recounting import Recounting
from bot.flow.request import Request
from bot.flow.waited import given_up
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Micros, RequestId

LEASE_MARGIN_MS = 2000
"""Beyond a lease's end before a successor is called: what its owner had started has ended by then."""


@dataclass(frozen=True, slots=True)
class Sweeping:
    store: Store
    drift: Drift
    reassessing: Reassessing
    recounting: Recounting
    escalating: Escalating

    async def timers(self) -> None:
        """Handle every timer that has run out. Any worker may do it, also two at once."""
        for timer, request_id in await self.store.due():
            await self._ring(timer, request_id)

    async def drifted(self) -> None:
        """What waits is held against the skills and policies of now, without waiting for a click.

        A run that asks people is only given to a worker for it, who knows how a run must end.
        """
        await self.reassessing.look()
        for request_id in await self.store.in_states((State.ASKING,)):
            request = await self.store.get(request_id)
            then = request.assessment if request is not None else None
            if request is not None and then is not None and overtaken(self.drift.artifacts, then):
                await self._once(request)

    async def lost_work(self) -> None:
        """Queue again what should be going on and is not held by anybody: the state is the truth."""
        await self.recounting.look()
        queued = await self.store.queued()
        for request_id in await self.store.in_states((State.PLANNING, State.APPROVED, State.RUNNING)):
            found = None if request_id in queued else await self.store.read(request_id)
            if found is None:
                continue
            request, now = found
            rests_since = max(request.updated_at, request.lease_until or request.updated_at)
            if (now - rests_since).total_seconds() * 1000 >= LEASE_MARGIN_MS:
                await self._queue(request)

    async def _ring(self, timer: Timer, request_id: RequestId) -> None:
        found = await self.store.read(request_id)
        if found is None:
            await self.store.forget_timer(timer, request_id)
            return
        request, now = found
        if timer == "lease":
            if request.lease_until is None or request.state not in (State.PLANNING, State.RUNNING):
                await self.store.forget_timer(timer, request_id)
            elif (now - request.lease_until).total_seconds() * 1000 >= LEASE_MARGIN_MS:
                await self.store.forget_timer(timer, request_id)
                await self._queue(request)
        elif timer == "escalate":
            await self.escalating.ring(request, now)
        elif timer == "review":
            await reviewing.remind(self.store, request)
        elif request.expires_at is not None and request.expires_at <= now:
            await self._expire(request, timer)

    async def _expire(self, request: Request, timer: Timer) -> None:
        if request.state is State.INTERRUPTED:
            await self._give_up(request)
            return
        if request.state is State.ASKING:
            await self.store.commit(given_up(request))
            return
        if request.state not in (State.PLANNING, State.WAITING, State.APPROVED):
            await self.store.forget_timer(timer, request.id)
            return
        words = {
            State.PLANNING: "Nobody could look at it in time, so it does not run. Ask again if needed.",
            State.WAITING: "Not everybody answered in time. Silence is no approval: nothing runs.",
            State.APPROVED: "It was approved, and could not begin in time. Ask again if it is still needed.",
        }[request.state]
        await self.store.commit(
            Commit(
                op=f"expire:{request.revision}",
                request=request.id,
                event=Event.EXPIRED,
                revision=request.revision,
                settle=Micros(0),
                unlock=True,
                clear=("expire", "grant", "lease"),
                set={"outcome": Outcome(kind="refused", sentence=words), "notes": ()},
                audit={"principal": "assent", "reason": words},
            )
        )

    async def _give_up(self, request: Request) -> None:
        """Nobody said what happened: it is unknown, and its target and its money are free again."""
        finish = Finish(
            "unknown", "Nobody said for a week what happened, so it is unknown. A person must look."
        )
        prices = self.drift.artifacts.policies().prices
        commit = closing(request, finish, prices=prices, fence=request.fence)
        await self.store.commit(replace(commit, op=f"give_up:{request.revision}", revision=request.revision))

    async def _once(self, request: Request) -> None:
        if request.id not in await self.store.queued():
            await self._queue(request)

    async def _queue(self, request: Request) -> None:
        if request.state is State.PLANNING and request.requester is None:
            return
        await self.store.push_work("plan" if request.state is State.PLANNING else "run", request.id)
