"""Chapter four: a granted request runs, one worker at a time, told by its journal what comes next."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from bot.ask.catalog import Skill
from bot.ask.manifest import Manifest
from bot.assess.assessment import Assessment
from bot.assess.models import lacking
from bot.execute.moves import (
    AskPerson,
    Finish,
    LookFirst,
    Measure,
    Move,
    ProbeStep,
    PutQuestion,
    RunStep,
    UndoStep,
)
from bot.execute.run import TRIES, cut_off, next_move
from bot.execute.sandbox import clock
from bot.execute.sandbox.walls import too_weak
from bot.flow.checking import Checking
from bot.flow.claiming import Claiming
from bot.flow.closing import closing
from bot.flow.commit import Commit
from bot.flow.drift import changed, elsewhere, overtaken
from bot.flow.equipping import assessed, equipped, informed
from bot.flow.leasing import Hold, LeaseLost, held
from bot.flow.performing import Performing, mine
from bot.flow.ports import Artifacts, Store, StoreAway
from bot.flow.questioning import Questioning
from bot.flow.request import Request
from bot.flow.workshop import Workshop
from bot.lifecycle import Event, State
from bot.settle.ledger import spent
from bot.terms import Refused, RequestId

PLANNERS = 5
"""Leases that planning may have taken, which the journal does not tell."""


UNANSWERED_MS = 7 * 24 * 3600 * 1000
"""How long a run waits for a person to say what happened before it is called unknown."""


@dataclass(frozen=True, slots=True)
class Running:
    store: Store
    artifacts: Artifacts
    workshop: Workshop
    checking: Checking
    claiming: Claiming
    lease_s: float

    async def run(self, request_id: RequestId, *, worker: str) -> None:
        """Run, or go on with, one request until it ends, is interrupted, or belongs to somebody else."""
        request = await self.store.get(request_id)
        if request is None or request.state not in (State.APPROVED, State.RUNNING, State.ASKING):
            return
        if request.state is State.ASKING and not overtaken(self.artifacts, assessed(request)):
            return  # an answer, a Stop or the end of its time brings it back
        if request.state is State.APPROVED:
            if why := self._too_weak(request):
                await self.checking.refuse(request, why)
                return
            if why := self._lacking(request):
                await self.checking.refuse(request, why)
                return
            if not await self.checking.still_holds(request):
                return
        since = clock()
        claimed = await self.claiming.claim(request, worker)
        if claimed is None:
            return
        async with held(
            self.store, request_id, fence=claimed.fence, lease_s=self.lease_s, since=since
        ) as hold:
            with suppress(LeaseLost):
                await self._to_its_end(hold)

    async def _to_its_end(self, hold: Hold) -> None:
        try:
            await self._go(hold)
        except (LeaseLost, StoreAway):
            raise
        except Refused as refused:
            await self._finish(hold, Finish("failed", str(refused)))

    async def _go(self, hold: Hold) -> None:
        """Until the journal says it is over: read it, do the one next thing, write it down."""
        request = await mine(self.store, hold)
        if why := self._too_weak(request):
            await self._interrupt(hold, why)  # it began on a worker that had walls, and was left by it
            return
        assessment = assessed(request)
        catalog = self.artifacts.skills()
        skill, other = catalog.get(assessment.invocation.skill), changed(self.artifacts, assessment)
        if skill is None or other:
            if why := catalog.revocations.why(assessment.binding.skill_digest, ""):
                await self._finish(hold, _stopped(None, request, why))
                return
            await self._overtaken(hold, request, other)
            return
        async with self.workshop.copy(skill.folder, assessment.files) as bench:
            commands = equipped(self.artifacts, self.workshop, request, skill, bench)
            while True:
                commands = informed(commands, self.artifacts, request)
                performing = Performing(self.store, hold, commands)
                if any(entry.event == "stop_asked" for entry in request.journal):
                    hold.resume()
                move = self._unless_revoked(skill, request, self._next(skill, request))
                if not isinstance(move, Finish) and (other := self._elsewhere(skill, assessment)):
                    await self._overtaken(hold, request, other)
                    return
                match move:
                    case Finish() as finish:
                        await self._finish(hold, finish)
                        return
                    case AskPerson(step, why):
                        await self._interrupt(hold, f"{step.title}: {why}. What happened?", step=step.id)
                        return
                    case LookFirst(first):
                        await performing.look(first)
                    case PutQuestion(question):
                        commands = performing.commands
                        if await Questioning(self.store, hold, commands).put(question, request):
                            return
                    case RunStep(step, wait_s):
                        await performing.rest(wait_s)
                        await performing.step(step)
                    case ProbeStep(step):
                        await performing.probe(step)
                    case UndoStep(step):
                        await performing.undo(step)
                    case Measure():
                        await performing.measure(skill.manifest.done_when, assessment.done)
                request = await mine(self.store, hold)

    async def _overtaken(self, hold: Hold, request: Request, other: str) -> None:
        said = f"{other} changed while this ran: what was approved cannot go on."
        if any(entry.answer == "undo" for entry in request.journal):
            why = f"{said} Nothing was undone, since its undo changed too: a person must look."
            await self._finish(hold, Finish("unknown", why))
        else:
            await self._interrupt(hold, said)

    def _elsewhere(self, skill: Skill, assessment: Assessment) -> str:
        """Looked at before each step; while the policies do not load, what was bound when it began holds."""
        policies = self.artifacts.policies()
        return "" if policies.problems else elsewhere(policies, skill.manifest, assessment.binding)

    def _too_weak(self, request: Request) -> str:
        sandbox = self.workshop.sandbox
        return too_weak(sandbox.tier, risk=assessed(request).risk, trusted=sandbox.trusted)

    def _lacking(self, request: Request) -> str:
        skill = self.artifacts.skills().get(request.invocation.skill)
        return "" if skill is None else lacking(skill.manifest, self.artifacts.policies().models)

    def _next(self, skill: Skill, request: Request) -> Move:
        """What comes next, unless one worker after another died before it began: then a person says."""
        move = next_move(skill.manifest, request.journal, overspent=self._overspent(request))
        last = request.journal[-1].fence if request.journal else PLANNERS
        if request.fence - last > TRIES and isinstance(move, RunStep | ProbeStep):
            return AskPerson(move.step, f"{TRIES} workers died before it began")
        return move

    def _unless_revoked(self, skill: Skill, request: Request, move: Move) -> Move:
        """Asked anew before each step: what is revoked meanwhile does nothing more, not even undo."""
        if isinstance(move, Finish):
            return move
        if not (why := self.artifacts.skills().revocations.why(skill.digest, skill.signer)):
            return move
        return _stopped(skill.manifest, request, why)

    def _overspent(self, request: Request) -> bool:
        """What it has cost so far is above the ceiling; what cannot be priced is settled at the end."""
        cost = spent(request.journal, self.artifacts.policies().prices)
        return cost is not None and cost > assessed(request).estimate.ceiling

    async def _interrupt(self, hold: Hold, why: str, *, step: str = "") -> None:
        commit = Commit(
            op=f"interrupt:{hold.fence}",
            request=hold.request,
            event=Event.INTERRUPTED,
            fence=hold.fence,
            drop_lease=True,
            clear=("lease",),
            timers={"expire": UNANSWERED_MS},
            set={"notes": (why,), "progress": ""},
            audit={"principal": "assent", "reason": why, "step": step},
        )
        await hold.insist(lambda: self.store.commit(commit))

    async def _finish(self, hold: Hold, finish: Finish) -> None:
        request = await mine(self.store, hold)
        prices = self.artifacts.policies().prices
        commit = closing(request, finish, prices=prices, fence=hold.fence)
        await hold.insist(lambda: self.store.commit(commit))


def _stopped(manifest: Manifest | None, request: Request, why: str) -> Finish:
    call = request.invocation
    return cut_off(manifest, request.journal, f"{call.skill} {call.version} was stopped: {why.rstrip('.')}.")
