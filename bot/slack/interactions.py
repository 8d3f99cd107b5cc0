"""Buttons and modals. What changes something is kept before Slack is answered; what shows comes after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bot.ask.grammar import Complete, FieldErrors, complete, parse
from bot.ask.inputs import ENVIRONMENT
from bot.assess.assessment import confirmation
from bot.authorize.click import Action
from bot.flow.ports import StoreAway
from bot.flow.request import Place
from bot.slack.afterwards import Afterwards
from bot.slack.buttons import Buttons
from bot.slack.cards.buttons import ASKING
from bot.slack.clicks import ACTIONS, Press, action_of, carried, entered, opens, press, submitted
from bot.slack.home import ASK as ASK_BUTTON
from bot.slack.modals import approve as approving
from bot.slack.modals import deny as denying
from bot.slack.modals import review as reviewing
from bot.slack.modals.inputs import ASK, CHANNEL, CHOOSE, SKILL, form
from bot.slack.modals.saying import LONGEST, REASON
from bot.slack.opening import NOT_OURS, Opening
from bot.slack.ports import Flow, Inbox, LooksAt, Records, Skills
from bot.terms import Refused

Payload = Mapping[str, Any]
Answer = Mapping[str, Any] | None


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
        opening: Opening,
        looks_at: LooksAt,
        afterwards: Afterwards,
        command: str,
    ) -> None:
        self._team, self._buttons, self._skills, self._flow = team, buttons, skills, flow
        self._inbox, self._records, self._opening = inbox, records, opening
        self._looks_at, self._afterwards, self._command = looks_at, afterwards, command
        self._opens = {
            "details": opening.details,
            "deny": opening.deny,
            ASKING: opening.approve,
            "review": opening.review,
        }

    async def pressed(self, body: Payload) -> None:
        """Raises StoreAway when a click could not be kept; then Slack says that it did not work."""
        for action in body.get("actions") or ():
            name, _ = action_of(action)
            if name == ASK_BUTTON:
                self._afterwards.start(self._opening.choose(body))
                continue
            made = press(body, action, self._buttons)
            if opened := self._opens.get(opens(action)):
                self._afterwards.start(opened(made))
            elif name == "ask_again":
                self._afterwards.start(self._opening.tell(made, await self._asked_again(made)))
            elif name in ACTIONS:
                await self._inbox.put_inbox("click", made.kept(), identity=made.id)

    async def submitted(self, body: Payload) -> Answer:
        """What Slack is answered for a modal: nothing closes it, errors keep it open, a view replaces it."""
        view = body.get("view") or {}
        match view.get("callback_id"):
            case denying.CALLBACK:
                return await self._said(body, view, "deny", "Say why, in a few words.")
            case reviewing.CALLBACK:
                return await self._said(body, view, "review", "Write what you found, in a few words.")
            case approving.CALLBACK:
                return await self._approved(body, view)
            case name if name == CHOOSE:
                return self._chosen(view)
            case name if name == ASK:
                return await self._asked(body, view)
        return None

    async def _said(self, body: Payload, view: Payload, action: Action, lacking: str) -> Answer:
        """A form with words of somebody's own: none at all keeps it open."""
        reason = entered(view).get(REASON, "").strip()
        if not reason:
            return _errors({REASON: lacking})
        made = submitted(body, action, self._buttons, said=reason)
        try:
            await self._inbox.put_inbox("click", made.kept(reason=reason[:LONGEST]), identity=made.id)
        except StoreAway as away:
            return _errors({REASON: str(away)})
        return None

    async def _approved(self, body: Payload, view: Payload) -> Answer:
        """What was entered is looked at while the form can still say so; whether it counts is judged later.

        Raises StoreAway where the form has no field to say it at.
        """
        entered_, fields = approving.said(entered(view)), _fields(view)
        made = submitted(body, "approve", self._buttons, said=json.dumps(entered_))
        try:
            if errors := approving.wrong(fields, entered_, await self._wanted(made)):
                return _errors(errors)
            kept = made.kept(reason=entered_[REASON], typed=entered_[approving.TYPED])
            await self._inbox.put_inbox("click", kept, identity=made.id)
        except StoreAway as away:
            if not fields:
                raise
            return _errors({fields[0]: str(away)})
        return None

    async def _wanted(self, made: Press) -> str:
        """What must be typed, as the request stands now."""
        request = await self._records.get(made.pressed.request) if made.pressed.genuine else None
        return confirmation(request.assessment) if request and request.assessment else ""

    def _chosen(self, view: Payload) -> Answer:
        try:
            skill = self._skills().find(entered(view).get(SKILL, ""))
        except Refused as refused:
            return _errors({SKILL: str(refused)})
        asked = form(skill, carried(view), looked_at=self._looks_at(skill))
        return {"response_action": "update", "view": asked}

    async def _asked(self, body: Payload, view: Payload) -> Answer:
        texts, back = entered(view), carried(view)
        blocks = _fields(view)
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


def _fields(view: Payload) -> list[str]:
    """The names of a form's fields, in their order: where an error can be said."""
    blocks = view.get("blocks") or ()
    return [str(block.get("block_id")) for block in blocks if block.get("type") == "input"]


def _errors(errors: Mapping[str, str]) -> Answer:
    return {"response_action": "errors", "errors": dict(errors)}
