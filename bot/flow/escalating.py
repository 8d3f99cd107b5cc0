"""Nobody answered yet: people are reminded, added, paged. Never are fewer asked, and silence is no yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.assess.decision import Escalation, RequireApproval
from bot.authorize.approval import tally
from bot.authorize.escalation import escalated
from bot.authorize.people import Undetermined
from bot.authorize.reach import reaches
from bot.authorize.seating import groups_of
from bot.flow.commit import Commit, Timer
from bot.flow.granting import granting
from bot.flow.notice import Notice
from bot.flow.ports import People, Store
from bot.flow.request import Request
from bot.lifecycle import Event, State


def next_step(decision: RequireApproval, *, taken: int, waited: timedelta) -> dict[Timer, int]:
    """The timer of the first step that has not been taken; nothing when there is none left."""
    if taken >= len(decision.escalation):
        return {}
    left = decision.escalation[taken].after_s - waited.total_seconds()
    return {"escalate": max(1, int(left * 1000))}


@dataclass(frozen=True, slots=True)
class Escalating:
    store: Store
    people: People

    async def ring(self, request: Request, now: datetime) -> None:
        """Take every step whose time has come. Any worker may; a step is taken and told once."""
        then, before = request.assessment, request.asked
        if request.state is not State.WAITING or then is None or before is None:
            await self.store.forget_timer("escalate", request.id)
            return
        steps, waited = before.escalation, now - (request.waits_since or now)
        taken = sum(one.after_s <= waited.total_seconds() for one in steps)
        if taken <= request.escalated:
            # Somebody else has taken it and set the timer of the next one; of the last there is none.
            if taken == len(steps):
                await self.store.forget_timer("escalate", request.id)
            return
        asked = escalated(before, taken)
        try:
            members = {group: await self.people.members(group) for group in sorted(groups_of(asked))}
        except Undetermined:
            return  # it goes on ringing until somebody can be asked
        count = tally(asked, request.votes, digest=then.digest, members=members, requester=then.requester)
        could = reaches(asked, request.votes, digest=then.digest, members=members, requester=then.requester)
        new = steps[request.escalated : taken]
        commit = Commit(
            op=f"escalate:{request.card_revision}:{taken}",
            request=request.id,
            event=Event.ESCALATED,
            revision=request.revision,
            unexpired=True,
            set={"escalated": taken, "missing": (*count.missing, *count.later)},
            timers=next_step(asked, taken=taken, waited=waited),
            clear=() if taken < len(steps) else ("escalate",),
            tell=_told(request, new, still=count.missing, could=tuple(one.principal for one in could)),
            audit={
                "principal": "assent",
                "reason": _words(new),
                "added": [group for one in new for group in one.add],
                "paged": [group for one in new for group in one.page],
                "digest": then.digest,
            },
        )
        # Somebody's second yes may now take a seat that was not theirs before.
        await self.store.commit(granting(commit, then, now=now) if count.granted else commit)


def _words(steps: tuple[Escalation, ...]) -> str:
    said = []
    for one in steps:
        said += ["whoever is needed is reminded"] if one.remind else []
        said += [f"{_groups(one.add)} may answer too"] if one.add else []
        said += [f"{_groups(one.page)} is paged"] if one.page else []
    return f"Nobody has answered for long: {', '.join(said)}."


def _told(
    request: Request, steps: tuple[Escalation, ...], *, still: tuple[str, ...], could: tuple[str, ...]
) -> tuple[Notice, ...]:
    about = request.invocation.sentence("").strip()
    waits = f"{request.id} waits for {', '.join(still) or 'an answer'}: {about}."
    told = []
    for one in steps:
        if one.remind and could:
            told.append(Notice(request=request.id, kind="remind", people=could, text=waits))
        if one.add:
            text = f"{waits} {_groups(one.add)} may answer too now."
            told.append(Notice(request=request.id, kind="added", groups=one.add, text=text))
        if one.page:
            told.append(Notice(request=request.id, kind="page", groups=one.page, text=waits))
    return tuple(told)


def _groups(names: tuple[str, ...]) -> str:
    return " and ".join(f"@{name}" for name in names)
