"""Ending a run, or saying what happened to a step that nobody could know about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bot.authorize.click import Answered, Click, ClickRefused, RefusedBecause
from bot.authorize.seating import eligible
from bot.execute.journal import Entry
from bot.execute.run import asked_about
from bot.flow.commit import Commit, Declined
from bot.flow.doorway import Doorway, decided
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Micros, Principal

Resolution = Literal["retry_step", "skip_step", "undo"]
_WORDS: dict[Resolution, str] = {
    "retry_step": "It runs again.",
    "skip_step": "The run goes on after it.",
    "undo": "The run stops and what it began is undone.",
}


@dataclass(frozen=True, slots=True)
class Steering:
    door: Doorway

    async def stop(self, click: Click, request: Request, principal: Principal) -> Answered | None:
        """The requester, or anybody who could have approved it, may end it before or while it runs."""
        await self._ranked(request, principal, requester_may=True)
        if request.state in (State.RUNNING, State.ASKING):
            entry = _entry(request, event="stop_asked", by=principal)
            asking = request.state is State.ASKING  # then no worker has it, and one must
            commit = Commit(
                op=click.id,
                request=request.id,
                event=Event.STOP_ASKED,
                entry=entry,
                set={"stop": principal, **({"missing": ()} if asking else {})},
                audit={"principal": principal},
                clear=("expire",) if asking else (),
                work="run" if asking else None,
            )
            return await self._say(commit, request, f"{request.id} is stopping.")
        cancel = cancelling(request, principal, op=click.id)
        return await self._say(cancel, request, f"{request.id} is cancelled.")

    async def resolve(
        self, click: Click, answer: Resolution, request: Request, principal: Principal
    ) -> Answered | None:
        """Somebody of an approver's rank says how a run goes on whose step may or may not have happened."""
        await self._ranked(request, principal, requester_may=False)
        if request.state is not State.INTERRUPTED:
            raise decided(request)
        step = asked_about(request.journal)
        if answer == "skip_step" and not step:
            words = (
                f"What began of {request.id} has ended, so there is nothing to skip. Retry it, or undo it."
            )
            raise ClickRefused(RefusedBecause.ALREADY_DECIDED, words)
        commit = Commit(
            op=click.id,
            request=request.id,
            event=Event.RESOLVED,
            revision=request.revision,
            entry=_entry(request, event="resolved", by=principal, step=step, answer=answer),
            set={"notes": ()},
            clear=("expire",),
            audit={"principal": principal, "step": step, "answer": answer},
            work="run",
        )
        return await self._say(commit, request, _WORDS[answer])

    async def _say(self, commit: Commit, request: Request, words: str) -> Answered | None:
        done = await self.door.store.commit(replace(commit, said=words))
        if not isinstance(done, Declined):
            return Answered(True, words)
        if done.reason == "revision":
            return None
        raise decided(await self.door.store.get(request.id) or request)

    async def _ranked(self, request: Request, principal: Principal, *, requester_may: bool) -> None:
        """May this person decide about the run? Where nobody had to approve it, the requester may."""
        assessment, asked = request.assessment, request.asked
        if assessment is None or asked is None:
            if principal != request.requester:
                who = f"{request.requester}, who asked," if request.requester else "the person who asked"
                raise _not_yours(f"Only {who} can do that.")
            return
        if principal == request.requester and requester_may:
            return
        members = await self.door.members(asked)
        ranked = (eligible(one, members, requester=assessment.requester) for one in asked.requirements)
        if not any(principal in people for people in ranked):
            if principal == request.requester:
                words = "You asked for this: somebody who could approve it must decide."
                raise ClickRefused(RefusedBecause.SELF_APPROVAL, words)
            raise _not_yours(f"Only somebody who could approve {request.id} can do that.")


def cancelling(request: Request, principal: Principal, *, op: str) -> Commit:
    """Ends what has not begun, and gives back what was held for it."""
    return Commit(
        op=op,
        request=request.id,
        event=Event.CANCELLED,
        revision=request.revision,
        audit={"principal": principal},
        clear=("expire", "grant", "lease"),
        settle=Micros(0),
        unlock=True,
        set={"outcome": Outcome(kind="cancelled", sentence=f"By {principal}, before anything ran.")},
    )


def _entry(
    request: Request,
    *,
    event: Literal["stop_asked", "resolved"],
    by: Principal,
    step: str = "",
    answer: Resolution | None = None,
) -> Entry:
    return Entry(event=event, step=step, fence=request.fence, at=request.updated_at, answer=answer, by=by)


def _not_yours(words: str) -> ClickRefused:
    return ClickRefused(RefusedBecause.NOT_ELIGIBLE, words)
