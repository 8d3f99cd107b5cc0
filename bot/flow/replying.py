"""An answer to the question of a run: from whom the skill names, once, in time, and to what is asked now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.authorize.click import Answered, Click, ClickRefused, RefusedBecause
from bot.authorize.delegation import in_words
from bot.authorize.seating import eligible, sits_for
from bot.execute.journal import Entry, Posed
from bot.execute.steps.ask import decision
from bot.flow.commit import Declined
from bot.flow.doorway import Doorway
from bot.flow.request import Request
from bot.flow.waited import answering
from bot.lifecycle import ENDED, State
from bot.terms import Principal


@dataclass(frozen=True, slots=True)
class Replying:
    door: Doorway

    async def reply(self, click: Click, request: Request, principal: Principal) -> Answered | None:
        """Count one answer; None when somebody else wrote in between.

        Raises ClickRefused, and then nothing has changed.
        """
        position, posed, choice = _chosen(click, request)
        whom = await self._whom(posed, request, principal)
        if why := _over(request, position, principal):
            raise why
        words = f"{in_words(principal, whom)}{',' if whom else ''} answered “{choice}”."
        stops = " The run stops." if choice in posed.stop_on else ""
        said = f"Your answer to {request.id} counts: “{choice}”.{stops}"
        commit = answering(request, choice, by=principal, words=words)
        commit = replace(
            commit,
            op=click.id,
            unexpired=True,
            said=said,
            audit={
                "principal": principal,
                **commit.audit,
                **({"sits_for": list(whom)} if whom else {}),
            },
        )
        done = await self.door.store.commit(commit)
        if not isinstance(done, Declined):
            return Answered(True, said)
        if done.reason == "expired":
            raise _too_late(request)
        return None  # the next look says what became of the question

    async def _whom(self, posed: Posed, request: Request, principal: Principal) -> tuple[Principal, ...]:
        """In whose seat this person answers; nobody's when it is their own. Raises ClickRefused."""
        requester = request.requester or Principal("")
        if principal == requester and "requester" in posed.exclude:
            words = f"You asked for {request.id}: somebody else must answer this question."
            raise ClickRefused(RefusedBecause.SELF_APPROVAL, words)
        asks = decision(posed)
        members = await self.door.members(asks)
        [requirement] = asks.requirements
        if principal not in eligible(requirement, members, requester=requester):
            words = f"This question is for {posed.label()}, and you are not among them."
            raise ClickRefused(RefusedBecause.NOT_ELIGIBLE, words)
        return sits_for(asks, members, principal, stage=requirement.stage, requester=requester)


def _chosen(click: Click, request: Request) -> tuple[int, Posed, str]:
    """The question that the button was drawn for, with its place in the journal, and the choice."""
    place, _, number = click.choice.partition(".")
    entry = request.journal[int(place)] if _within(place, len(request.journal)) else None
    posed = entry.posed if entry is not None and entry.event == "began" else None
    if posed is None or not _within(number, len(posed.choices)):
        words = f"{request.id} has no such choice. Use the buttons on its card."
        raise ClickRefused(RefusedBecause.UNKNOWN_CHOICE, words)
    return int(place), posed, posed.choices[int(number)]


def _within(number: str, end: int) -> bool:
    return number.isascii() and number.isdigit() and len(number) < 6 and int(number) < end


def _over(request: Request, position: int, principal: Principal) -> ClickRefused | None:
    """Why this question cannot be answered any more; None while it is open."""
    mine = request.journal[position]
    later = [entry for entry in request.journal[position + 1 :] if entry.step == mine.step]
    if later and later[0].event == "ended":
        return _was_answered(request, later[0], principal)
    if later or (request.state is not State.ASKING and request.state not in ENDED):
        words = f"{request.id} waits for this answer no more: it was stopped, or asks anew. See its card."
        return ClickRefused(RefusedBecause.STALE_CARD, words)
    if request.state is not State.ASKING:
        words = f"{request.id} is {request.state.value.replace('_', ' ')}, and asks nothing any more."
        return ClickRefused(RefusedBecause.ALREADY_DECIDED, words)
    return None


def _was_answered(request: Request, ended: Entry, principal: Principal) -> ClickRefused:
    if not ended.ok:
        return _too_late(request)
    if ended.by == principal:
        words = f"Your answer to this question of {request.id} is already counted. {ended.output}"
        return ClickRefused(RefusedBecause.ALREADY_COUNTED, words)
    words = f"This question of {request.id} is answered: {ended.output}"
    return ClickRefused(RefusedBecause.ALREADY_DECIDED, words)


def _too_late(request: Request) -> ClickRefused:
    words = f"The question of {request.id} waited as long as it could, and is not open any more."
    return ClickRefused(RefusedBecause.EXPIRED, words)
