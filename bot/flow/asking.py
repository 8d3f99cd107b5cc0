"""Chapter one: somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.ask.catalog import Catalog
from bot.ask.invocation import Invocation
from bot.authorize.people import Standing
from bot.flow.commit import Commit, Declined
from bot.flow.ports import People, Store, Voice
from bot.flow.request import Place, Request
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Micros, RequestId

_NOT_A_MEMBER = {
    Standing.GUEST: "Guests cannot ask Assent to run anything. Ask a full member of the workspace to do it.",
    Standing.BOT: "Bots cannot ask Assent to run anything.",
    Standing.DELETED: "This account is deactivated.",
    Standing.STRANGER: "Only members of this workspace can ask Assent to run anything.",
    Standing.MEMBER: "",
}


@dataclass(frozen=True, slots=True)
class Asking:
    store: Store
    people: People
    voice: Voice
    read_by: Callable[[], Catalog]
    """The skills that what was typed is read by: nothing is looked up on the disk for an acknowledgement."""

    async def accept(
        self, *, invocation: Invocation, slack_user: str, place: Place, identity: str
    ) -> tuple[RequestId, bool]:
        """Keep the request before Slack is answered; the same thing said twice is one request."""
        return await self.store.accept(
            invocation=invocation,
            slack_user=slack_user,
            place=place,
            identity=identity,
            redact=self._redact(invocation),
        )

    def _redact(self, invocation: Invocation) -> tuple[str, ...]:
        """The inputs that its skill keeps out of the audit; of a skill that is gone all of them."""
        skill = self.read_by().get(invocation.skill)
        return tuple(invocation.inputs) if skill is None else skill.manifest.audit.redact

    async def admit(self, request_id: RequestId) -> None:
        """Look up who asked. A full member's request goes to planning; anybody else is told why not.

        Raises Undetermined when Slack cannot say who that is: the caller tries again until it expires.
        """
        request = await self.store.get(request_id)
        if request is None or request.state is not State.PLANNING or request.requester is not None:
            return
        person = await self.people.person(request.asked_by)
        if person.standing is not Standing.MEMBER:
            await self._refuse(request, _NOT_A_MEMBER[person.standing], detail=person.standing.value)
        elif person.principal is None:
            words = "I do not know who you are: ask the platform team to add you to policies/people.yaml."
            await self._refuse(request, words, detail="unknown_person")
        else:
            await self.store.commit(
                Commit(
                    op="admit",
                    request=request_id,
                    event=Event.PLANNED,
                    kind="admitted",
                    set={"requester": person.principal},
                    audit={"principal": person.principal},
                    work="plan",
                )
            )

    async def unpostable(self, request_id: RequestId, why: str) -> None:
        """Nobody can see the card, so nothing waits for an answer to it."""
        request = await self.store.get(request_id)
        if request is not None:
            await self._refuse(request, f"I could not post the card: {why}", detail="unpostable")

    async def _refuse(self, request: Request, words: str, *, detail: str) -> None:
        done = await self.store.commit(
            Commit(
                op=f"refuse:{detail}",
                request=request.id,
                event=Event.REFUSE,
                kind="refused",
                set={"outcome": Outcome(kind="refused", sentence=words)},
                audit={"principal": request.requester or request.asked_by, "reason": words, "detail": detail},
                clear=("expire", "lease", "grant"),
                settle=Micros(0),
                show=detail != "unpostable" and request.card is not None,
            )
        )
        if isinstance(done, Declined):
            return
        await self.voice.tell(
            channel=request.place.channel,
            slack_user=request.asked_by,
            text=words,
            response_url=request.place.response_url,
        )
