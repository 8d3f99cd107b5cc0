"""The whole story, one method a chapter. It decides nothing itself: it gathers, judges, commits, shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.ask.catalog import Catalog
from bot.ask.invocation import Invocation
from bot.authorize.click import Answered, Click
from bot.flow.answering import Answering
from bot.flow.asking import Asking
from bot.flow.doorway import Doorway
from bot.flow.drift import Drift
from bot.flow.ports import Artifacts, People, Store, Voice
from bot.flow.replying import Replying
from bot.flow.request import Place
from bot.flow.reviewing import Reviewing
from bot.flow.steering import Steering
from bot.flow.voting import Voting
from bot.terms import RequestId


@dataclass(frozen=True, slots=True)
class Flow:
    """What the web process does with a request: it is asked for, and people answer."""

    asking: Asking
    answering: Answering

    @classmethod
    def of(
        cls,
        *,
        store: Store,
        people: People,
        artifacts: Artifacts,
        voice: Voice,
        app: str | None = None,
        read_by: Callable[[], Catalog] | None = None,
    ) -> Flow:
        """`read_by`: the skills that requests are read by, where a look at the disk costs too much."""
        drift = Drift(store, artifacts)
        door = Doorway(store, people, app)
        answering = Answering(door, Voting(door, drift), Steering(door), Reviewing(door), Replying(door))
        return cls(Asking(store, people, voice, read_by or artifacts.skills), answering)

    async def accept(
        self, *, invocation: Invocation, slack_user: str, place: Place, identity: str
    ) -> tuple[RequestId, bool]:
        return await self.asking.accept(
            invocation=invocation, slack_user=slack_user, place=place, identity=identity
        )

    async def admit(self, request: RequestId) -> None:
        await self.asking.admit(request)

    async def unpostable(self, request: RequestId, why: str) -> None:
        await self.asking.unpostable(request, why)

    async def answer(self, click: Click) -> Answered:
        return await self.answering.answer(click)

    async def cancel(self, request: RequestId, slack_user: str) -> str:
        return await self.answering.cancel(request, slack_user)
