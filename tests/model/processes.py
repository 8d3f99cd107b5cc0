"""A process of the bot, built anew whenever the last one died: it remembers nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from bot.ask.grammar import Complete, parse
from bot.authorize.click import Action, Answered, Click
from bot.flow.flow import Flow
from bot.flow.labour import Labour
from bot.flow.request import Place
from bot.lifecycle import State
from bot.store.showing import Showing
from bot.store.store import Store
from bot.terms import RequestId
from tests.flow.town import CARD, CHANNEL, Directory, Ear
from tests.model.crashing import FragileStore, Life, line
from tests.model.ground import ASKS, Bare, Shelf, World

LEASE_S = 10.0


@dataclass
class Ground:
    """What all processes share and no crash touches."""

    socket: str
    team: str
    shelf: Shelf
    world: World = field(default_factory=World)
    directory: Directory = field(default_factory=Directory)


class Process:
    """Web and worker in one, with a line of its own to Redis."""

    def __init__(self, ground: Ground, life: Life | None = None) -> None:
        self.ground, self.life = ground, life or Life()
        self.redis = line(ground.socket, self.life)
        store = cast(Store, FragileStore(Store(self.redis, ground.team), self.life))
        people, shelf = ground.directory, cast(Any, ground.shelf)
        self.store, self.showing = store, Showing(store)
        self.flow = Flow.of(store=store, people=people, artifacts=shelf, voice=Ear())
        self.labour = Labour.of(
            store=store,
            people=people,
            artifacts=shelf,
            workshop=Bare(ground.world, self.life),
            lease_s=LEASE_S,
            lots_secret=b"lots",
        )

    async def close(self) -> None:
        """The operating system closes its lines, also when it died."""
        self.life.dead, self.life.death, self.life.turn = False, None, None
        await self.redis.aclose()

    async def ask(self, word: str, environment: str, *, by: str, identity: str) -> RequestId:
        """Keep the request."""
        skill = ASKS if word == ASKS else "press"
        parsed = parse(f"{skill} {word} to {environment}", self.ground.shelf.skills())
        assert isinstance(parsed, Complete)
        request, _ = await self.flow.accept(
            invocation=parsed.invocation,
            slack_user=by,
            place=Place(team=self.ground.team, channel=CHANNEL),
            identity=identity,
        )
        return request

    async def look_at(self, request: RequestId) -> None:
        """What the queues would have workers do with it now."""
        found = await self.store.get(request)
        if found is None:
            return
        if found.state is State.PLANNING:
            await self.flow.admit(request)
            await self.labour.judging.plan(request, worker="w")
        else:
            await self.labour.running.run(request, worker="w")
        found = await self.store.get(request)
        if found is not None and found.assessment is not None and found.card is None:
            await self.showing.shown(request, channel=CHANNEL, ts=CARD, revision=found.revision)

    async def press(
        self,
        request: RequestId,
        action: Action,
        *,
        by: str,
        click: str,
        card: int | None = None,
        number: int = 0,
    ) -> Answered | None:
        """Nothing when there is no card yet: then nobody sees a button. An answer is to the last question."""
        found = await self.store.get(request)
        if found is None or found.card is None:
            return None
        places = [at for at, one in enumerate(found.journal) if one.event == "began" and one.posed]
        return await self.flow.answer(
            Click(
                id=click,
                team=self.ground.team,
                channel=CHANNEL,
                message_ts=CARD,
                slack_user=by,
                action=action,
                request=request,
                card_revision=found.card_revision if card is None else card,
                genuine=True,
                choice=f"{places[-1] if places else 0}.{number}" if action == "answer" else "",
            )
        )

    async def sweep(self) -> None:
        await self.labour.sweeping.timers()
        await self.labour.sweeping.drifted()
        await self.labour.sweeping.lost_work()
