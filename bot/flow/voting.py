"""A vote: eligible for the stage that is open, not yet counted, and written with its consequence at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from bot.assess.assessment import Assessment
from bot.assess.decision import RequireApproval
from bot.authorize.approval import Answer, Tally, Vote
from bot.authorize.asked import Asked
from bot.authorize.click import Answered, Click, ClickRefused, RefusedBecause
from bot.authorize.delegation import in_words
from bot.authorize.objections import confirmed, not_barred, not_excluded
from bot.authorize.people import Person
from bot.authorize.seating import may_veto
from bot.flow.commit import Commit, Declined
from bot.flow.doorway import Doorway, decided
from bot.flow.drift import Drift
from bot.flow.granting import granting
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Principal


@dataclass(frozen=True, slots=True)
class Voting:
    door: Doorway
    drift: Drift

    async def vote(self, click: Click, answer: Answer, request: Request, person: Person) -> Answered | None:
        """Count one answer; None when somebody else's was written in between.

        Raises ClickRefused, and then nothing has changed.
        """
        assessment, decision = request.assessment, request.asked
        if assessment is None or decision is None:
            raise ClickRefused(RefusedBecause.ALREADY_DECIDED, f"{request.id} needs no approval.")
        principal = _known(person)
        if answer != "withdraw":
            not_excluded(decision, principal, assessment)
        members = await self.door.members(decision)
        vetoes = answer == "deny" and principal in may_veto(decision, members, requester=assessment.requester)
        if answer != "withdraw" and not vetoes:
            not_barred(decision, members, principal, assessment)
        asked = Asked(
            decision, request.votes, assessment.digest, members, assessment.requester, called=request.id
        )
        stage = _stage(asked, principal, answer)
        if isinstance(stage, ClickRefused) and stage.reason is not RefusedBecause.WRONG_STAGE:
            raise stage
        if request.state is not State.WAITING:
            raise decided(request)
        if isinstance(stage, ClickRefused):
            raise stage
        await self._as_judged(request)
        if answer == "approve":
            await self._not_in_a_burst(click, decision, principal)
            confirmed(click, decision, stage, assessment)
        vote = Vote(
            principal=principal,
            slack_user=person.slack_user,
            answer=answer,
            at=request.updated_at,
            digest=assessment.digest,
            stage=stage,
            reason=click.reason,
            sits_for=asked.sits_for(principal, stage),
        )
        after = asked.tally(vote)
        return await self._commit(click, request, assessment, vote, after)

    async def _as_judged(self, request: Request) -> None:
        """Raises ClickRefused when the skill or the policies are not those that the card was drawn for."""
        if differences := self.drift.of(request):
            await self.drift.void(request, differences)
            words = f"{request.id} was voided: {differences[0]}. It must be asked for again."
            raise ClickRefused(RefusedBecause.STALE_CARD, words)
        match self.drift.policies(request):
            case "broken":
                raise ClickRefused(RefusedBecause.UNDETERMINED, self.drift.broken())
            case "changed":
                words = f"The policies changed, so {request.id} is being judged anew. Use its new card."
                raise ClickRefused(RefusedBecause.STALE_CARD, words)

    async def _not_in_a_burst(self, click: Click, decision: RequireApproval, principal: Principal) -> None:
        """Who approves one after another reads before the next one."""
        if decision.burst is None or click.read:
            return
        lines = await self.door.store.history(approving(principal), limit=decision.burst)
        since = (await self.door.store.now()).timestamp() - decision.burst_within_s
        times = [at for line in lines if isinstance(at := line.get("at"), int) and at > since * 1000]
        if len(times) >= decision.burst:
            words = (
                f"You approved {len(times)} requests within {decision.burst_within_s // 60} minutes. "
                "Open Details, read this one, and approve it there."
            )
            raise ClickRefused(RefusedBecause.UNCONFIRMED, words, detail="burst")

    async def _commit(
        self, click: Click, request: Request, assessment: Assessment, vote: Vote, after: Tally
    ) -> Answered | None:
        commit = Commit(
            op=click.id,
            request=request.id,
            event=Event.VOTED,
            revision=request.revision,
            unexpired=True,
            said=_thanks(request, vote, after),
            vote=vote,
            set={"missing": (*after.missing, *after.later), "notes": ()},
            audit={
                "principal": vote.principal,
                **({"sits_for": list(vote.sits_for)} if vote.sits_for else {}),
                "answer": vote.answer,
                "stage": vote.stage,
                "reason": vote.reason,
                "digest": vote.digest,
            },
        )
        if vote.answer == "approve" and request.asked is not None and request.asked.burst is not None:
            at = int((await self.door.store.now()).timestamp() * 1000)
            line = json.dumps({"request": request.id, "at": at})
            commit = replace(commit, history=(approving(vote.principal), line))
        if after.denied:
            by = in_words(vote.principal, vote.sits_for)
            sentence = f"By {by}" + (f": {vote.reason}" if vote.reason else ".")
            outcome = Outcome(kind="refused", sentence=sentence)
            commit = replace(
                commit,
                event=Event.DENIED,
                kind="voted",
                also=("denied",),
                set={**commit.set, "outcome": outcome},
                clear=("expire",),
            )
        elif after.granted:
            commit = granting(commit, assessment, now=await self.door.store.now())
        done = await self.door.store.commit(commit)
        if isinstance(done, Declined) and done.reason == "budget":
            return await self._wait_for_room(commit, done.detail)
        if isinstance(done, Declined):
            if done.reason == "revision":
                return None
            if done.reason == "expired":
                words = f"{request.id} has expired. Ask again if it is still needed."
                raise ClickRefused(RefusedBecause.EXPIRED, words)
            raise decided(await self.door.store.get(request.id) or request)
        return Answered(True, commit.said)

    async def _wait_for_room(self, granted: Commit, account: str) -> Answered | None:
        """The vote counts and the budget still holds: the request waits, and the card says for what."""
        note = f"Approved, but {account} has no room for its ceiling. Nothing runs until there is."
        waits = replace(
            granted,
            event=Event.VOTED,
            said=note,
            set={"missing": (f"room in {account}",), "notes": (note,)},
            audit={**granted.audit, "detail": f"over budget: {account}"},
            holds=(),
            timers={},
            clear=(),
            work=None,
            also=(),
        )
        done = await self.door.store.commit(waits)
        return None if isinstance(done, Declined) else Answered(True, note)


def approving(principal: Principal) -> str:
    """Where the approvals of one person are kept, for those policies that look at bursts."""
    return f"approvals:{principal}"


def _known(person: Person) -> Principal:
    assert person.principal is not None  # noqa: S101  the doorway let only known people through
    return person.principal


def _stage(asked: Asked, principal: Principal, answer: Answer) -> str | ClickRefused:
    match answer:
        case "approve":
            return asked.stage_of_yes(principal)
        case "deny":
            return asked.stage_of_no(principal)
        case "withdraw":
            return asked.stage_of_withdrawal(principal)


def _thanks(request: Request, vote: Vote, after: Tally) -> str:
    if vote.answer == "withdraw":
        return f"Your answer to {request.id} is withdrawn."
    if vote.answer == "deny":
        return f"{request.id} is denied." if after.denied else f"Your no to {request.id} is noted."
    if after.granted:
        return f"{request.id} has everybody's approval and runs now."
    whom = f" for {' and '.join(vote.sits_for)}" if vote.sits_for else ""
    needed = ", ".join((*after.missing, *after.later))
    return f"Your approval of {request.id} counts{whom}. Still needed: {needed}."
