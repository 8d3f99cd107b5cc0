"""Chapter four: a granted request runs, one worker at a time, told by its journal what comes next."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.ask.catalog import Skill
from bot.ask.manifest import Manifest
from bot.assess.assessment import Assessment
from bot.assess.connected import NONE
from bot.assess.mcp_servers import NO_SERVERS
from bot.assess.models import NO_MODELS, lacking
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
from bot.execute.steps.ask import answers
from bot.execute.steps.connector import Thread
from bot.execute.steps.said import said
from bot.flow.checking import Checking
from bot.flow.closing import closing
from bot.flow.commands import Commands
from bot.flow.commit import Commit, Committed, Slot
from bot.flow.drift import changed, elsewhere, overtaken
from bot.flow.granting import moved
from bot.flow.leasing import Hold, LeaseLost, held
from bot.flow.means import Means
from bot.flow.performing import Performing, mine
from bot.flow.ports import Artifacts, Store, StoreAway
from bot.flow.questioning import Questioning
from bot.flow.request import Request
from bot.flow.workshop import Bench, Workshop
from bot.lifecycle import Event, State
from bot.settle.ledger import spent
from bot.terms import Micros, Refused, RequestId

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
    lease_s: float

    async def run(self, request_id: RequestId, *, worker: str) -> None:
        """Run, or go on with, one request until it ends, is interrupted, or belongs to somebody else."""
        request = await self.store.get(request_id)
        if request is None or request.state not in (State.APPROVED, State.RUNNING, State.ASKING):
            return
        if request.state is State.ASKING and not overtaken(self.artifacts, _assessed(request)):
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
        claimed = await self._claim(request, worker)
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

    async def _claim(self, request: Request, worker: str) -> Committed | None:
        """Take the lease; the grant is consumed by the same write.

        Each try has its own name: the same work said twice to one worker must not be one lease held twice.
        """
        assessment = _assessed(request)
        lock, slot = self._lock(request, assessment), self._slot(assessment)
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

    async def _go(self, hold: Hold) -> None:
        """Until the journal says it is over: read it, do the one next thing, write it down."""
        request = await mine(self.store, hold)
        if why := self._too_weak(request):
            await self._interrupt(hold, why)  # it began on a worker that had walls, and was left by it
            return
        assessment = _assessed(request)
        catalog = self.artifacts.skills()
        skill, other = catalog.get(assessment.invocation.skill), changed(self.artifacts, assessment)
        if skill is None or other:
            if why := catalog.revocations.why(assessment.binding.skill_digest, ""):
                await self._finish(hold, _stopped(None, request, why))
                return
            await self._overtaken(hold, request, other)
            return
        async with self.workshop.copy(skill.folder, assessment.files) as bench:
            commands = self._commands(request, assessment, skill, bench)
            while True:
                commands = self._informed(commands, request)
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
        return too_weak(sandbox.tier, risk=_assessed(request).risk, trusted=sandbox.trusted)

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
        return cost is not None and cost > _assessed(request).estimate.ceiling

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

    def _lock(self, request: Request, assessment: Assessment) -> str | None:
        skill = self.artifacts.skills().get(assessment.invocation.skill)
        if skill is None or skill.manifest.effects.lock is None:
            return None
        commands = self._commands(request, assessment, skill, Bench("", ""))
        return f"{skill.name}:{commands.fill(skill.manifest.effects.lock)}"

    def _slot(self, assessment: Assessment) -> Slot | None:
        skill = self.artifacts.skills().get(assessment.invocation.skill)
        most = skill.manifest.limits.max_parallel_runs if skill is not None else None
        return Slot(skill=assessment.invocation.skill, most=most) if most else None

    def _commands(self, request: Request, assessment: Assessment, skill: Skill, bench: Bench) -> Commands:
        policies, bound = self.artifacts.policies(), assessment.binding
        connectors, models = policies.connectors, policies.models
        if connectors.digest_for(skill.manifest) != bound.connectors:
            connectors = NONE  # they changed in this very moment: nobody approved these
        servers = policies.servers
        if models.digest_for(skill.manifest) != bound.models:
            models = NO_MODELS
        if servers.digest_for(skill.manifest) != bound.mcp:
            servers = NO_SERVERS
        return Commands(
            skill=skill,
            invocation=assessment.invocation,
            request=request.id,
            bench=bench,
            workshop=self.workshop,
            plan=assessment.plan,
            connectors=connectors,
            servers=servers,
            thread=_thread(request),
            answers=answers(request.journal),
            means=Means(models=models, ceiling=assessment.estimate.ceiling),
        )

    def _informed(self, commands: Commands, request: Request) -> Commands:
        """With what the run has said and used until now, at the prices of now."""
        journal, prices = request.journal, self.artifacts.policies().prices
        return replace(
            commands,
            said=said(commands.skill.manifest, journal),
            means=replace(commands.means, prices=prices, journal=journal),
        )


def _stopped(manifest: Manifest | None, request: Request, why: str) -> Finish:
    call = request.invocation
    return cut_off(manifest, request.journal, f"{call.skill} {call.version} was stopped: {why.rstrip('.')}.")


def _in_line(slot: Slot, detail: str) -> str:
    running, _, before = (part.replace(" ", ", ") for part in detail.partition("|"))
    count = running.count(",") + bool(running)
    which = f": {running}" if running else ""
    said = f"Waits: {count} of {slot.most} runs of {slot.skill} are under way{which}."
    return f"{said} Before it: {before}." if before else said


def _thread(request: Request) -> Thread | None:
    """Of its card; a card that stands in a thread already is a part of that one."""
    card = request.card
    return None if card is None else Thread(card.channel, request.place.thread_ts or card.ts)


def _assessed(request: Request) -> Assessment:
    if request.assessment is None:
        raise Refused(f"{request.id} was never assessed.")
    return request.assessment
