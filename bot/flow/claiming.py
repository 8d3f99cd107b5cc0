"""Taking a run: its lease, the lock of its target, a slot of its skill and its money, all by one write."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.assess.assessment import Assessment
from bot.flow.commit import Commit, Committed, Slot
from bot.flow.equipping import assessed, equipped
from bot.flow.granting import moved
from bot.flow.ports import Artifacts, Store
from bot.flow.request import Request
from bot.flow.workshop import Bench, Workshop
from bot.lifecycle import Event, State
from bot.terms import Micros


@dataclass(frozen=True, slots=True)
class Claiming:
    store: Store
    artifacts: Artifacts
    workshop: Workshop
    lease_s: float

    async def claim(self, request: Request, worker: str) -> Committed | None:
        """Take the lease; the grant is consumed by the same write.

        Each try has its own name: the same work said twice to one worker must not be one lease held twice.
        """
        assessment = assessed(request)
        lock, slot = self._lock(request), self._slot(assessment)
        holds = await moved(self.store, request)
        done = await self.store.commit(
            Commit(
                op=f"claim:{worker}:{secrets.token_hex(6)}",
                request=request.id,
                event=Event.CLAIMED,
                revision=None if request.state is State.RUNNING else request.revision,
                unexpired=request.state is State.APPROVED,
                take_lease_ms=int(self.lease_s * 1000),
                lock=lock,
                slot=slot,
                holds=holds,
                settle=Micros(0) if holds else None,
                timers={"lease": int(self.lease_s * 1000)},
                clear=("grant", "expire"),
                set={"notes": (), "missing": ()},
                audit={"principal": worker, "digest": assessment.digest, "tier": self.workshop.sandbox.tier},
            )
        )
        if isinstance(done, Committed):
            return done
        if done.reason == "locked":
            await self.store.note(request, (f"Waits for {done.detail}, which works on {lock}.",))
        if done.reason == "budget":
            note = f"Approved, but {done.detail} has no room for its ceiling. Nothing runs until there is."
            await self.store.note(request, (note,))
        if done.reason == "full" and slot is not None:
            await self.store.note(request, (_in_line(slot, done.detail),))
        return None

    def _lock(self, request: Request) -> str | None:
        skill = self.artifacts.skills().get(assessed(request).invocation.skill)
        if skill is None or skill.manifest.effects.lock is None:
            return None
        commands = equipped(self.artifacts, self.workshop, request, skill, Bench("", ""))
        return f"{skill.name}:{commands.fill(skill.manifest.effects.lock)}"

    def _slot(self, assessment: Assessment) -> Slot | None:
        skill = self.artifacts.skills().get(assessment.invocation.skill)
        most = skill.manifest.limits.max_parallel_runs if skill is not None else None
        return Slot(skill=assessment.invocation.skill, most=most) if most else None


def _in_line(slot: Slot, detail: str) -> str:
    running, _, before = (part.replace(" ", ", ") for part in detail.partition("|"))
    count = running.count(",") + bool(running)
    which = f": {running}" if running else ""
    said = f"Waits: {count} of {slot.most} runs of {slot.skill} are under way{which}."
    return f"{said} Before it: {before}." if before else said
