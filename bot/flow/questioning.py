"""The run asks people: it is written down with its question, lets go of its worker, and waits."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ask.manifest import AskStep
from bot.execute.journal import Entry, Posed
from bot.execute.steps.ask import ready
from bot.flow.commands import Commands
from bot.flow.commit import Commit, Declined
from bot.flow.leasing import Hold, LeaseLost
from bot.flow.notice import Notice
from bot.flow.ports import Store
from bot.flow.request import Request
from bot.lifecycle import Event
from bot.terms import Principal, Refused


@dataclass(frozen=True, slots=True)
class Questioning:
    store: Store
    hold: Hold
    commands: Commands

    async def put(self, step: AskStep, request: Request) -> bool:
        """Ask, and let go of the request in the same write. False when the run goes on without waiting.

        So it does when somebody wrote in between, and when these values make no question: that step failed.
        """
        requester, title = request.requester or Principal(""), step.title
        try:
            title = self._fill(title, step)
            posed = ready(step.ask, lambda text: self._fill(text, step), requester=requester)
        except Refused as refused:
            commit = self._failed(step, request, title, str(refused))
        else:
            commit = self._asking(step, request, title, posed)
        done = await self.hold.insist(lambda: self.store.commit(commit))
        if isinstance(done, Declined) and done.reason != "revision":
            raise LeaseLost(f"{request.id}: {done.reason} {done.detail}")
        return commit.event is Event.ASKED and not isinstance(done, Declined)

    def _asking(self, step: AskStep, request: Request, title: str, posed: Posed) -> Commit:
        return Commit(
            op=f"ask:{self.hold.fence}:{len(request.journal)}",
            request=request.id,
            event=Event.ASKED,
            revision=request.revision,
            fence=self.hold.fence,
            drop_lease=True,
            clear=("lease",),
            timers={"expire": max(1, int(step.timeout * 1000))},
            entry=self._entry(step, request, event="began", title=title, posed=posed),
            set={"missing": (posed.label(),), "notes": (), "progress": ""},
            tell=(_notice(request, posed),),
            audit={
                "principal": "assent",
                "step": step.id,
                "phase": "step",
                "question": posed.question,
                "choices": list(posed.choices),
                "who": posed.label(),
                "digest": request.assessment.digest if request.assessment else "",
            },
        )

    def _failed(self, step: AskStep, request: Request, title: str, why: str) -> Commit:
        return Commit(
            op=f"ask:{self.hold.fence}:{len(request.journal)}",
            request=request.id,
            event=Event.STEP_ENDED,
            fence=self.hold.fence,
            entry=self._entry(step, request, event="ended", title=title, ok=False, output=why),
            audit={"principal": "assent", "step": step.id, "phase": "step", "ok": False, "reason": why},
        )

    def _entry(self, step: AskStep, request: Request, **more: object) -> Entry:
        """The store writes its own time and fence; these only make the record whole until then."""
        said = {"step": step.id, "fence": self.hold.fence, "at": request.updated_at}
        return Entry.model_validate({**said, **more})

    def _fill(self, text: str, step: AskStep) -> str:
        return self.commands.fill(text, step=step.id)


def _notice(request: Request, posed: Posed) -> Notice:
    groups = tuple(dict.fromkeys(group for seat in posed.who for group in seat.groups))
    people = tuple(dict.fromkeys(seat.person for seat in posed.who if seat.person is not None))
    text = f"{request.id} asks, and waits for an answer on its card: {posed.question}"
    return Notice(request=request.id, kind="question", groups=groups, people=people, text=text)
