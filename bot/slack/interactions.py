"""Buttons and modals. What changes something is kept before Slack is answered; what shows comes after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ask.grammar import Complete, FieldErrors, complete, parse
from bot.ask.inputs import ENVIRONMENT
from bot.authorize.people import Standing
from bot.flow.ports import People, StoreAway, Voice
from bot.flow.request import Place, Request
from bot.slack.afterwards import Afterwards
from bot.slack.buttons import Buttons
from bot.slack.cards import parts
from bot.slack.clicks import ACTIONS, Press, action_of, carried, entered, press, submitted
from bot.slack.home import ASK as ASK_BUTTON
from bot.slack.modals import deny as denying
from bot.slack.modals.details import details
from bot.slack.modals.inputs import ASK, CHANNEL, CHOOSE, SKILL, choose, form
from bot.slack.ports import Flow, Inbox, MayAsk, Records, Skills
from bot.slack.web_api import FAILURES, failure
from bot.terms import Refused

Payload = Mapping[str, Any]
Answer = Mapping[str, Any] | None

NOT_OURS = "This button was not made by me. Use the one on the request's card."


class Interactions:
    def __init__(
        self,
        *,
        team: str,
        buttons: Buttons,
        skills: Skills,
        flow: Flow,
        inbox: Inbox,
        records: Records,
        people: People,
        voice: Voice,
        client: AsyncWebClient,
        may_ask: MayAsk,
        afterwards: Afterwards,
        command: str,
    ) -> None:
        self._team, self._buttons, self._skills, self._flow = team, buttons, skills, flow
        self._inbox, self._records, self._people, self._voice = inbox, records, people, voice
        self._client, self._may_ask, self._afterwards = client, may_ask, afterwards
        self._command = command
        self._opens = {"details": self._details, "deny": self._deny}

    async def pressed(self, body: Payload) -> None:
        """Raises StoreAway when a click could not be kept; then Slack says that it did not work."""
        for action in body.get("actions") or ():
            name, _ = action_of(action)
            if name == ASK_BUTTON:
                self._afterwards.start(self._choose(body))
                continue
            made = press(body, action, self._buttons)
            if name in self._opens:
                self._afterwards.start(self._opens[name](made))
            elif name == "ask_again":
                self._afterwards.start(self._tell(made, await self._asked_again(made)))
            elif name in ACTIONS:
                await self._inbox.put_inbox("click", made.kept(), identity=made.id)

    async def submitted(self, body: Payload) -> Answer:
        """What Slack is answered for a modal: nothing closes it, errors keep it open, a view replaces it."""
        view = body.get("view") or {}
        match view.get("callback_id"):
            case denying.CALLBACK:
                return await self._denied(body, view)
            case name if name == CHOOSE:
                return self._chosen(view)
            case name if name == ASK:
                return await self._asked(body, view)
        return None

    async def _denied(self, body: Payload, view: Payload) -> Answer:
        reason = entered(view).get(denying.REASON, "").strip()
        if not reason:
            return _errors({denying.REASON: "Say why, in a few words."})
        made = submitted(body, "deny", self._buttons, said=reason)
        try:
            await self._inbox.put_inbox("click", made.kept(reason=reason[:500]), identity=made.id)
        except StoreAway as away:
            return _errors({denying.REASON: str(away)})
        return None

    def _chosen(self, view: Payload) -> Answer:
        try:
            skill = self._skills().find(entered(view).get(SKILL, ""))
        except Refused as refused:
            return _errors({SKILL: str(refused)})
        return {"response_action": "update", "view": form(skill, carried(view))}

    async def _asked(self, body: Payload, view: Payload) -> Answer:
        texts, back = entered(view), carried(view)
        blocks = [
            str(block.get("block_id")) for block in view.get("blocks") or () if block.get("type") == "input"
        ]
        first = blocks[0] if blocks else ENVIRONMENT
        channel = texts.pop(CHANNEL, "") or back.get("channel", "")
        environment = texts.pop(ENVIRONMENT, None) or None
        user = str((body.get("user") or {}).get("id") or "")
        try:
            skill = self._skills().find(back.get("skill", ""))
            invocation = complete(skill, texts, environment)
            place = Place(
                team=self._team,
                channel=channel,
                thread_ts=back.get("thread_ts"),
                response_url=back.get("response_url"),
            )
            said = json.dumps([self._team, view.get("id"), user, channel, texts, environment], sort_keys=True)
            await self._flow.accept(
                invocation=invocation,
                slack_user=user,
                place=place,
                identity=hashlib.sha256(said.encode()).hexdigest(),
            )
        except FieldErrors as wrong:
            return _errors({name if name in blocks else first: text for name, text in wrong.errors.items()})
        except Refused as refused:
            return _errors({first: str(refused)})
        return None

    async def _choose(self, body: Payload) -> None:
        user = str((body.get("user") or {}).get("id") or "")
        try:
            mine = await self._may_ask(user)
        except Refused as refused:
            await self._voice.tell(channel="", slack_user=user, text=str(refused))
            return
        skills = [skill for skill in self._skills().values() if skill.name in mine and not skill.unarmed]
        await self._open(str(body.get("trigger_id") or ""), choose(skills, {}), user=user, channel="")

    async def _details(self, made: Press) -> None:
        """For full members: there is more behind it than the card shows."""
        try:
            person = await self._people.person(made.slack_user)
        except Refused as refused:
            await self._tell(made, str(refused))
            return
        if person.standing is not Standing.MEMBER:
            await self._tell(made, "Only full members of this workspace can see the details.")
        elif request := await self._of(made):
            view = details(request, press=made, buttons=self._buttons, command=self._command)
            await self._open(made.trigger, view, user=made.slack_user, channel=made.channel)

    async def _deny(self, made: Press) -> None:
        if request := await self._of(made):
            view = denying.deny(made, parts.headline(request))
            await self._open(made.trigger, view, user=made.slack_user, channel=made.channel)

    async def _asked_again(self, made: Press) -> str:
        """The same words, read anew: the skill as it is now, a new plan, a new decision.

        Raises StoreAway when it could not be kept.
        """
        request = await self._records.get(made.pressed.request) if made.pressed.genuine else None
        if request is None or made.team != self._team:
            return NOT_OURS
        words = request.invocation.sentence("").strip()
        place = Place(team=self._team, channel=made.channel, response_url=made.response_url)
        place = place.model_copy(update={"thread_ts": request.place.thread_ts})
        try:
            asked = parse(words, self._skills())
            if not isinstance(asked, Complete):
                raise Refused(f"The inputs have changed since then. Ask with `{self._command} {words}`.")
            again, fresh = await self._flow.accept(
                invocation=asked.invocation,
                slack_user=made.slack_user,
                place=place,
                identity=f"again {made.id}",
            )
        except StoreAway:
            raise
        except Refused as refused:
            return str(refused)
        return f"Asked again: {again}." if fresh else f"That is {again} already."

    async def _of(self, made: Press) -> Request | None:
        """The request of a button that only shows something, or None and the person is told why."""
        try:
            found = await self._records.get(made.pressed.request) if made.pressed.genuine else None
        except StoreAway as away:
            await self._tell(made, str(away))
            return None
        if found is None or made.team != self._team:
            await self._tell(made, NOT_OURS)
            return None
        return found

    async def _open(self, trigger: str, view: dict[str, Any], *, user: str, channel: str) -> None:
        try:
            await self._client.views_open(trigger_id=trigger, view=view)
        except FAILURES as raised:
            words = f"I could not open that ({failure(raised).error}). Press again."
            await self._voice.tell(channel=channel, slack_user=user, text=words)

    async def _tell(self, made: Press, text: str) -> None:
        await self._voice.tell(
            channel=made.channel, slack_user=made.slack_user, text=text, response_url=made.response_url
        )


def _errors(errors: Mapping[str, str]) -> Answer:
    return {"response_action": "errors", "errors": dict(errors)}
