"""The slash command: read, kept, acknowledged; everything slow comes after."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.ask.grammar import Asked, Cancel, Complete, Home, Incomplete, parse
from bot.flow.ports import Voice
from bot.flow.request import Place
from bot.slack.afterwards import Afterwards
from bot.slack.answers import Answers
from bot.slack.modals.inputs import choose, form
from bot.slack.ports import Flow, Inbox, LooksAt, MayAsk, Skills
from bot.slack.web_api import FAILURES, failure
from bot.terms import Refused


class Commands:
    def __init__(
        self,
        *,
        team: str,
        skills: Skills,
        flow: Flow,
        inbox: Inbox,
        answers: Answers,
        voice: Voice,
        client: AsyncWebClient,
        may_ask: MayAsk,
        looks_at: LooksAt,
        afterwards: Afterwards,
    ) -> None:
        self._team, self._skills, self._flow, self._inbox = team, skills, flow, inbox
        self._answers, self._voice, self._client = answers, voice, client
        self._may_ask, self._looks_at, self._afterwards = may_ask, looks_at, afterwards

    async def run(self, body: Mapping[str, Any]) -> str:
        """What Slack is answered: nothing, or words for the person alone. What was asked is safe by then."""
        said = {name: value for name, value in body.items() if isinstance(value, str)}
        if said.get("team_id") != self._team:
            return "I do not work for this workspace."
        if not said.get("user_id") or not said.get("channel_id"):
            return "I cannot see who asks, or where. Try again."
        try:
            return await self._run(said, parse(said.get("text", ""), self._skills()))
        except Refused as refused:
            return str(refused)

    async def _run(self, said: dict[str, str], asked: Asked) -> str:
        match asked:
            case Complete(invocation=invocation):
                request, fresh = await self._flow.accept(
                    invocation=invocation,
                    slack_user=said["user_id"],
                    place=_place(said),
                    identity=_identity(said),
                )
                return "" if fresh else f"That is {request} already."
            case Cancel():
                await self._inbox.put_inbox("message", _item(said), identity=_identity(said))
                return ""
            case Incomplete():
                self._afterwards.start(self._form(said, asked))
                return ""
            case Home():
                self._afterwards.start(self._choose(said))
                return ""
        self._afterwards.start(self._answer(said, asked))
        return ""

    async def _form(self, said: dict[str, str], asked: Incomplete) -> None:
        skill = self._skills().find(asked.skill)
        view = form(skill, _carried(said), known=asked, looked_at=self._looks_at(skill))
        await self._open(said, view)

    async def _choose(self, said: dict[str, str]) -> None:
        try:
            mine = await self._may_ask(said["user_id"])
        except Refused as refused:
            await self._tell(said, str(refused))
            return
        skills = [skill for skill in self._skills().values() if skill.name in mine and not skill.unarmed]
        await self._open(said, choose(skills, _carried(said)))

    async def _open(self, said: dict[str, str], view: dict[str, Any]) -> None:
        try:
            await self._client.views_open(trigger_id=said.get("trigger_id", ""), view=view)
        except FAILURES as raised:
            await self._tell(said, f"I could not open the form ({failure(raised).error}). Try again.")

    async def _answer(self, said: dict[str, str], asked: Asked) -> None:
        try:
            words = await self._answers.text(asked, said["user_id"])
        except Refused as refused:
            words = str(refused)
        await self._tell(said, words)

    async def _tell(self, said: dict[str, str], words: str) -> None:
        await self._voice.tell(
            channel=said["channel_id"],
            slack_user=said["user_id"],
            text=words,
            response_url=said.get("response_url"),
        )


def _place(said: Mapping[str, str]) -> Place:
    return Place(
        team=said["team_id"], channel=said["channel_id"], response_url=said.get("response_url") or None
    )


def _identity(said: Mapping[str, str]) -> str:
    """A request is what it says: the same command delivered again finds the first."""
    return "\0".join(
        said.get(name, "") for name in ("team_id", "channel_id", "user_id", "text", "trigger_id")
    )


def _carried(said: Mapping[str, str]) -> dict[str, str | None]:
    return {"channel": said["channel_id"], "response_url": said.get("response_url")}


def _item(said: Mapping[str, str]) -> dict[str, Any]:
    return {
        "team": said["team_id"],
        "channel": said["channel_id"],
        "user": said["user_id"],
        "text": said.get("text", ""),
        "ts": f"{time.time():.6f}",
        "response_url": said.get("response_url"),
        "kind": "command",
    }
