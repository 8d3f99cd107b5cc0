"""The Slack edge as one thing: what hears, what draws, what answers, wired together once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.ask.catalog import Skill
from bot.ask.invocation import Invocation
from bot.assess.policy import Policies
from bot.authorize.click import Answered, Click
from bot.flow.ports import People, Voice
from bot.flow.request import Place
from bot.slack.afterwards import Afterwards
from bot.slack.answers import Answers
from bot.slack.board import Board
from bot.slack.buttons import Buttons
from bot.slack.cards import card
from bot.slack.commands import Commands
from bot.slack.explaining import Explaining
from bot.slack.fatigue import Fatigue
from bot.slack.inbox import Desk
from bot.slack.interactions import Interactions
from bot.slack.listeners import Listeners
from bot.slack.messages import Messages
from bot.slack.notices import Bell
from bot.slack.opening import Opening
from bot.slack.people import SlackPeople
from bot.slack.ports import Flow, MayAsk, Outputs, Records, Showing, Skills, Streams, Telling
from bot.slack.posting import Posting
from bot.slack.precedence import Precedence
from bot.slack.spoken import Spoken
from bot.terms import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the edge is built from."""

    team: str
    command: str
    name: str
    """This process, among those that share the streams."""
    client: AsyncWebClient
    buttons: Buttons
    flow: Flow
    records: Records
    streams: Streams
    showing: Showing
    telling: Telling
    outputs: Outputs
    people: SlackPeople
    voice: Voice
    skills: Skills
    may_ask: MayAsk
    policies: Callable[[], Policies]
    """As they are now, for reading: the flow looks for itself."""
    fatigue: Fatigue


class Edge:
    def __init__(self, parts: Parts, app: AsyncApp) -> None:
        people: People = parts.people
        self._afterwards = Afterwards()
        self.precedence = Precedence()

        def looks_at(skill: Skill) -> frozenset[str]:
            return parts.policies().looks_at(skill.name, skill.version)

        explaining = Explaining(parts.policies, people)
        answers = Answers(
            skills=parts.skills,
            records=parts.records,
            people=people,
            may_ask=parts.may_ask,
            explaining=explaining,
            command=parts.command,
        )
        spoken = Spoken(
            skills=parts.skills,
            flow=parts.flow,
            answers=answers,
            voice=parts.voice,
            client=parts.client,
            command=parts.command,
        )
        self.desk = Desk(
            inbox=parts.streams,
            flow=parts.flow,
            voice=parts.voice,
            spoken=spoken,
            client=parts.client,
            name=parts.name,
            records=parts.records,
            fatigue=parts.fatigue,
            precedence=self.precedence,
        )
        self.board = Board(
            records=parts.records,
            outbox=parts.streams,
            showing=parts.showing,
            posting=Posting(parts.client, parts.flow, parts.voice),
            render=lambda request: card(request, buttons=parts.buttons, command=parts.command),
            name=parts.name,
            precedence=self.precedence,
        )
        self.bell = Bell(
            notices=parts.streams,
            telling=parts.telling,
            outputs=parts.outputs,
            records=parts.records,
            people=parts.people,
            client=parts.client,
            name=parts.name,
            precedence=self.precedence,
        )
        self.listeners = Listeners(
            command=parts.command,
            commands=Commands(
                team=parts.team,
                skills=parts.skills,
                flow=parts.flow,
                inbox=parts.streams,
                answers=answers,
                voice=parts.voice,
                client=parts.client,
                may_ask=parts.may_ask,
                looks_at=looks_at,
                afterwards=self._afterwards,
            ),
            interactions=Interactions(
                team=parts.team,
                buttons=parts.buttons,
                skills=parts.skills,
                flow=parts.flow,
                inbox=parts.streams,
                records=parts.records,
                opening=Opening(
                    team=parts.team,
                    buttons=parts.buttons,
                    skills=parts.skills,
                    records=parts.records,
                    people=people,
                    voice=parts.voice,
                    client=parts.client,
                    may_ask=parts.may_ask,
                    explaining=explaining,
                    command=parts.command,
                ),
                looks_at=looks_at,
                afterwards=self._afterwards,
                command=parts.command,
            ),
            messages=Messages(
                team=parts.team,
                inbox=parts.streams,
                records=parts.records,
                people=people,
                client=parts.client,
                command=parts.command,
                afterwards=self._afterwards,
                directory_changed=parts.people.forget,
            ),
        )
        self.listeners.mount(app)
        self.loops = (self.desk.read, self.board.read, self.board.draw, self.bell.ring)
        """What must run as long as the process does."""

    async def close(self, within_s: float = 3.0) -> None:
        """Finish what was begun, once the loops are ended; the rest is in the streams for another process."""
        await asyncio.gather(
            self._afterwards.close(within_s),
            self.desk.close(within_s),
            self.board.close(within_s),
            self.bell.close(within_s),
        )


@dataclass(frozen=True, slots=True)
class Armed:
    """The flow, which takes nothing new while nothing is armed: `armed` raises Refused with the reason."""

    flow: Flow
    armed: Callable[[], None]

    async def accept(
        self, *, invocation: Invocation, slack_user: str, place: Place, identity: str
    ) -> tuple[RequestId, bool]:
        self.armed()
        return await self.flow.accept(
            invocation=invocation, slack_user=slack_user, place=place, identity=identity
        )

    async def admit(self, request: RequestId) -> None:
        await self.flow.admit(request)

    async def answer(self, click: Click) -> Answered:
        return await self.flow.answer(click)

    async def cancel(self, request: RequestId, slack_user: str) -> str:
        return await self.flow.cancel(request, slack_user)

    async def unpostable(self, request: RequestId, why: str) -> None:
        await self.flow.unpostable(request, why)
