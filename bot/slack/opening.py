"""What a button only opens: the details, a form that answers, a form to ask. Nothing is kept by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize.click import ClickRefused
from bot.authorize.people import Standing, Undetermined
from bot.flow.ports import People, StoreAway, Voice
from bot.flow.request import Request
from bot.slack.buttons import Buttons
from bot.slack.cards import parts
from bot.slack.clicks import Press
from bot.slack.confirming import confirming, confirming_of
from bot.slack.explaining import LOOK_UP_S, Explaining
from bot.slack.modals.approve import approve
from bot.slack.modals.deny import deny
from bot.slack.modals.details import details
from bot.slack.modals.inputs import choose
from bot.slack.modals.review import review
from bot.slack.ports import MayAsk, Records, Skills
from bot.slack.web_api import FAILURES, failure
from bot.terms import Principal, Refused

NOT_OURS = "This button was not made by me. Use the one on the request's card."


class Opening:
    def __init__(
        self,
        *,
        team: str,
        buttons: Buttons,
        skills: Skills,
        records: Records,
        people: People,
        voice: Voice,
        client: AsyncWebClient,
        may_ask: MayAsk,
        explaining: Explaining,
        command: str,
    ) -> None:
        self._team, self._buttons, self._skills, self._records = team, buttons, skills, records
        self._people, self._voice, self._client = people, voice, client
        self._may_ask, self._explaining, self._command = may_ask, explaining, command

    async def details(self, made: Press) -> None:
        """For full members: there is more behind it than the card shows."""
        try:
            person = await self._people.person(made.slack_user)
        except Refused as refused:
            await self.tell(made, str(refused))
            return
        if person.standing is not Standing.MEMBER:
            await self.tell(made, "Only full members of this workspace can see the details.")
        elif request := await self.of(made):
            why = await self._explaining.of(request, person.principal)
            view = details(request, press=made, buttons=self._buttons, command=self._command, why=why)
            await self._show(made, view)

    async def approve(self, made: Press) -> None:
        """A form for what is asked besides the press of this person, and what they would be told."""
        request = await self.of(made)
        if request is None:
            return
        asked, told = confirming(request), ""
        person = await self._known(made.slack_user)
        if person is not None and request.asked is not None:
            members = await self._explaining.members(request.asked)
            asked = confirming_of(request, person, members)
            why = await self._explaining.of(request, person, members=members)
            if why and why.found and isinstance(why.found.person, ClickRefused):
                told = str(why.found.person)
        await self._show(made, approve(made, parts.headline(request), asked, told=told))

    async def deny(self, made: Press) -> None:
        if request := await self.of(made):
            await self._show(made, deny(made, parts.headline(request)))

    async def review(self, made: Press) -> None:
        if request := await self.of(made):
            await self._show(made, review(made, request))

    async def choose(self, body: Mapping[str, Any]) -> None:
        """The skills that whoever pressed may ask for."""
        user = str((body.get("user") or {}).get("id") or "")
        try:
            mine = await self._may_ask(user)
        except Refused as refused:
            await self._voice.tell(channel="", slack_user=user, text=str(refused))
            return
        skills = [skill for skill in self._skills().values() if skill.name in mine and not skill.unarmed]
        await self._open(str(body.get("trigger_id") or ""), choose(skills, {}), user=user, channel="")

    async def _known(self, slack_user: str) -> Principal | None:
        """Who that is, as far as it can be said before the form must be open."""
        try:
            async with asyncio.timeout(LOOK_UP_S):
                return (await self._people.person(slack_user)).principal
        except (Undetermined, TimeoutError):
            return None

    async def of(self, made: Press) -> Request | None:
        """The request of a button that only shows something, or None and the person is told why."""
        try:
            found = await self._records.get(made.pressed.request) if made.pressed.genuine else None
        except StoreAway as away:
            await self.tell(made, str(away))
            return None
        if found is None or made.team != self._team:
            await self.tell(made, NOT_OURS)
            return None
        return found

    async def tell(self, made: Press, text: str) -> None:
        await self._voice.tell(
            channel=made.channel, slack_user=made.slack_user, text=text, response_url=made.response_url
        )

    async def _show(self, made: Press, view: dict[str, Any]) -> None:
        over = made.view is not None
        await self._open(made.trigger, view, user=made.slack_user, channel=made.channel, over=over)

    async def _open(
        self, trigger: str, view: dict[str, Any], *, user: str, channel: str, over: bool = False
    ) -> None:
        """`over`: on top of the modal in which the button was pressed."""
        call = self._client.views_push if over else self._client.views_open
        try:
            await call(trigger_id=trigger, view=view)
        except FAILURES as raised:
            words = f"I could not open that ({failure(raised).error}). Press again."
            await self._voice.tell(channel=channel, slack_user=user, text=words)
