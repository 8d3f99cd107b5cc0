"""What people write to the bot in the exact form: a mention, a direct message, a command kept for later."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue
from slack_sdk.web.async_client import AsyncWebClient

from bot.ask.grammar import Cancel, Complete, Incomplete, parse
from bot.flow.ports import StoreAway, Voice
from bot.flow.request import Place
from bot.slack.answers import Answers
from bot.slack.ports import Flow, Skills
from bot.slack.web_api import FAILURES
from bot.terms import Refused

STALE_S = 120
"""What was asked while nobody could hear it is not done later by surprise: the person is asked again."""

_MENTION = re.compile(r"\A\s*<@[A-Z0-9]+(?:\|[^>]*)?>[\s:,]*")


class Spoken:
    def __init__(
        self,
        *,
        skills: Skills,
        flow: Flow,
        answers: Answers,
        voice: Voice,
        client: AsyncWebClient,
        command: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._skills, self._flow, self._answers = skills, flow, answers
        self._voice, self._client, self._command, self._clock = voice, client, command, clock

    async def heard(self, item: Mapping[str, JsonValue]) -> None:
        """Do what was said, or say privately why not. Raises StoreAway, Undetermined: then it comes again."""
        said = {name: value for name, value in item.items() if isinstance(value, str)}
        if self._clock() - _seconds(said.get("ts", "")) > STALE_S:
            await self._reply(said, "You wrote this while I was away. Nothing was started: say it again.")
        elif words := await self._done(said):
            await self._reply(said, words)

    async def _done(self, said: Mapping[str, str]) -> str:
        user, text = said["user"], _MENTION.sub("", said.get("text", ""))
        try:
            asked = parse(text, self._skills())
        except Refused as refused:
            return f"{refused}\n{self._examples()}"
        match asked:
            case Complete(invocation=invocation):
                request, fresh = await self._flow.accept(
                    invocation=invocation, slack_user=user, place=place(said), identity=identity(said)
                )
                return "" if fresh else f"That is {request} already."
            case Incomplete(skill=skill, missing=missing):
                lacking = " and ".join(missing)
                return f"Say the {lacking} too. `{self._command} {skill}` asks you for everything in a form."
            case Cancel(request=request):
                return await self._flow.cancel(request, user)
        try:
            return await self._answers.text(asked, user)
        except StoreAway:
            raise
        except Refused as refused:
            return str(refused)

    def _examples(self) -> str:
        found = [skill.manifest.examples[0] for skill in self._skills().values() if not skill.unarmed][:3]
        shown = ", ".join(f"`{each}`" for each in found)
        return f"I understand the exact form, for example {shown}." if shown else ""

    async def _reply(self, said: Mapping[str, str], text: str) -> None:
        """In a direct message openly, elsewhere so that only the person sees it."""
        if said.get("kind") == "im":
            try:
                await self._client.chat_postMessage(channel=said["channel"], text=text)
                return
            except FAILURES:
                pass  # the voice has other ways
        await self._voice.tell(
            channel=said["channel"],
            slack_user=said["user"],
            text=text,
            response_url=said.get("response_url"),
        )


def place(said: Mapping[str, str]) -> Place:
    return Place(
        team=said["team"],
        channel=said["channel"],
        thread_ts=said.get("thread_ts"),
        response_url=said.get("response_url"),
    )


def identity(said: Mapping[str, str]) -> str:
    """What a message says, whatever event carried it: a mention in a direct message arrives as two."""
    return "\0".join((said["team"], said["channel"], said["user"], said["ts"]))


def item_of(event: Mapping[str, Any], team: str) -> dict[str, JsonValue] | None:
    """What the inbox keeps of a message to us; None when it is not a person's message to us."""
    if event.get("bot_id") or event.get("subtype") not in (None, "thread_broadcast", "file_share"):
        return None
    direct = event.get("channel_type") == "im"
    if event.get("type") != "app_mention" and not direct:
        return None
    item = {name: event.get(name) for name in ("text", "channel", "user", "ts", "thread_ts")}
    if not all(item[name] for name in ("text", "channel", "user", "ts")):
        return None
    kept: dict[str, JsonValue] = {name: str(value) for name, value in item.items() if value}
    return {**kept, "team": team, "kind": "im" if direct else "mention"}


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0
