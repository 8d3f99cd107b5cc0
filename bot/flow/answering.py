"""Chapter three: people answer. Every click is checked in one order, and counts or is refused."""

from __future__ import annotations

from dataclasses import dataclass

from bot.authorize.click import Answered, Click, ClickRefused, RefusedBecause
from bot.flow.doorway import Doorway
from bot.flow.replying import Replying
from bot.flow.reviewing import Reviewing
from bot.flow.steering import Steering
from bot.flow.voting import Voting
from bot.terms import RequestId

TRIES = 32
"""How often a click is judged anew because somebody else's was written first."""


@dataclass(frozen=True, slots=True)
class Answering:
    door: Doorway
    voting: Voting
    steering: Steering
    reviewing: Reviewing
    replying: Replying

    async def answer(self, click: Click) -> Answered:
        """Count this click, or say privately why not. Raises StoreAway when it could do neither."""
        try:
            for _ in range(TRIES):
                if (answered := await self._judge(click)) is not None:
                    return answered
            raise ClickRefused(RefusedBecause.UNDETERMINED, "Too many people answered at once. Press again.")
        except ClickRefused as refused:
            await self.door.note(click, refused)
            return Answered(False, str(refused), refused.reason)

    async def cancel(self, request_id: RequestId, slack_user: str) -> str:
        """`/assent cancel r-42`: the same right as the button, without its card."""
        request = await self.door.store.get(request_id)
        if request is None:
            return f"There is no request {request_id}."
        click = Click(
            id=f"cancel:{slack_user}:{request.revision}",
            team=self.door.store.team,
            channel="",
            message_ts="",
            slack_user=slack_user,
            action="cancel",
            request=request_id,
            card_revision=request.card_revision,
            genuine=True,
        )
        try:
            _, principal = await self.door.who(click)
            answered = await self.steering.stop(click, request, principal)
        except ClickRefused as refused:
            await self.door.note(click, refused)
            return str(refused)
        return answered.text if answered else "Somebody else answered at the same moment. Try again."

    async def _judge(self, click: Click) -> Answered | None:
        """One look; None when somebody else wrote in between."""
        request = await self.door.of_the_card(click)
        if (said := await self.door.store.answered(request.id, click.id)) is not None:
            return Answered(True, said)
        person, principal = await self.door.who(click)
        match click.action:
            case "approve" | "deny" | "withdraw":
                return await self.voting.vote(click, click.action, request, person)
            case "cancel" | "stop":
                return await self.steering.stop(click, request, principal)
            case "retry_step" | "skip_step" | "undo":
                return await self.steering.resolve(click, click.action, request, principal)
            case "answer":
                return await self.replying.reply(click, request, principal)
            case "review":
                return await self.reviewing.close(click, request, principal)
