"""A `model` step: ask, hold the answer against its schema, ask once more when it does not keep to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from bot.ask.manifest import ModelCall
from bot.assess.models import ModelTier
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.harmless import harmless
from bot.execute.sandbox.redaction import Redactor
from bot.execute.steps.account import Account, OverCeiling
from bot.execute.steps.model import (
    LONGEST_ECHO,
    Answered,
    Asking,
    Message,
    Prompt,
    Reply,
    ToolCall,
    Unanswered,
    again,
    read,
    safe,
    tokens_at_most,
)
from bot.execute.steps.tools import AT_ONCE, asking, described, named
from bot.flow.consulting import Consulting
from bot.terms import dollars

Ask = Callable[[Asking], Awaitable[Reply]]

_KEPT = 1500
"""Characters of the data and of the answer that stay in the journal, each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How a conversation came out; without an answer, why."""

    answer: Mapping[str, JsonValue] | None = None
    why: str = ""
    timed_out: bool = False
    stopped: bool = False


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One attempt at one step. Nothing outlives the attempt, and it can do nothing but ask and look up."""

    call: ModelCall
    tier: ModelTier
    prompt: Prompt
    account: Account
    ask: Ask
    consulting: Consulting
    key: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    timeout_s: float
    on_line: Callable[[str], None]
    stop: StopSignal
    _mended: int = 0
    _said: str = ""

    async def hold(self) -> Finished:
        """Until there is an answer that fits, or a reason why there is none."""
        began = time.monotonic()
        try:
            ended = await self._until_answered(began + self.timeout_s)
        except OverCeiling as over:
            ended = _Ended(why=str(over))
        hidden = Redactor(self.secrets)
        answer = None if ended.answer is None else safe(dict(ended.answer), hidden)
        return Finished(
            exit_code=None if ended.timed_out or ended.stopped else 1 if answer is None else 0,
            stdout=harmless(self._account_of_it(ended, hidden)),
            stderr="",
            dropped=0,
            timed_out=ended.timed_out,
            stopped=ended.stopped,
            wall_ms=int((time.monotonic() - began) * 1000),
            result=answer if isinstance(answer, dict) else None,
            beyond=_reason(harmless(hidden.redact(ended.why))),
            units=self.account.spent,
            uses=tuple(self.consulting.uses),
        )

    async def _until_answered(self, deadline: float) -> _Ended:
        messages: list[Message] = list(self.prompt.messages())
        offers = described(self.consulting.tools)
        while True:
            prompt = tokens_at_most(messages, (self.call.answer, *offers))
            most = self.account.room(prompt, wanted=self.tier.max_answer_tokens)
            self.on_line(f"asking the {self.call.tier} model, call {self.account.calls + 1}")
            asking = Asking(
                tier=self.tier,
                messages=tuple(messages),
                schema=self.call.answer,
                most=most,
                timeout_s=max(0.0, deadline - time.monotonic()),
                tools=offers,
                answer_now=self.account.last_call,
                key=self.key,
            )
            reply = await self._reply(asking, prompt)
            match reply:
                case _Ended():
                    return reply
                case Unanswered(why=why):
                    return _Ended(why=why)
                case Answered(text=text, calls=calls):
                    self._said = text
                    if over := self.account.over():
                        return _Ended(why=over)
                    if calls:
                        if (ended := await self._look_up(text, calls, messages, deadline)) is not None:
                            return ended
                        continue
                    found = f"it was cut after {most} tokens" if reply.cut else read(text, self.call.answer)
                    if isinstance(found, dict):
                        return _Ended(answer=found)
                    if self._mended:
                        return _Ended(why=f"Twice the answer was none: {found}.")
                    self._mended += 1
                    messages += again(text, found)

    async def _look_up(
        self, text: str, calls: tuple[ToolCall, ...], messages: list[Message], deadline: float
    ) -> _Ended | None:
        """One after the other, each answer put to the messages; why it is over when it is."""
        if len(calls) > AT_ONCE:
            return _Ended(why=f"It asked for {len(calls)} things at once, and {AT_ONCE} are the most.")
        calls = named(calls)
        messages.append(asking(text, calls, LONGEST_ECHO))
        for one in calls:
            within_s = deadline - time.monotonic()
            if self.stop.is_set() or within_s <= 0:
                stopped = self.stop.is_set()
                return _Ended(why="No answer until then.", stopped=stopped, timed_out=not stopped)
            messages.append(await self.consulting.look_up(one, within_s=within_s))
        return None

    async def _reply(self, asking: Asking, prompt: int) -> Reply | _Ended:
        """One call, ended for real when its time is over or somebody stops it; it is counted in any case."""
        asked = asyncio.ensure_future(self.ask(asking))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait(
                {asked, stopping}, timeout=asking.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not asked.done():
                self.account.count(None, prompt=prompt, answer=asking.most)
                stopped = stopping.done()
                return _Ended(why="No answer until then.", stopped=stopped, timed_out=not stopped)
            reply = asked.result()
        finally:
            asked.cancel()
            stopping.cancel()
            await asyncio.gather(asked, stopping, return_exceptions=True)
        match reply:
            case Unanswered(free=True):
                self.account.refused()
            case Unanswered():
                self.account.count(None, prompt=prompt, answer=asking.most)
            case Answered(usage=usage):
                self.account.count(usage, prompt=prompt, answer=asking.most)
        return reply

    def _account_of_it(self, ended: _Ended, hidden: Redactor) -> str:
        """For the journal: how it came out, what it used, what went in and what came back."""
        used, cost = self.account, self.account.cost()
        price = "without a price" if cost is None else dollars(cost)
        mended = ", one of them to mend the answer" if self._mended else ""
        lines = [
            f"{self.call.tier} ({self.tier.model}): {used.calls} calls{mended}, {used.input:,} tokens in, "
            f"{used.output:,} out, {price}"
        ]
        for use in self.consulting.uses:
            came = f"refused: {use.refused}" if use.refused else "answered" if use.ok else "no good answer"
            lines.append(f"looked up {use.verb} ({use.arguments[:19]}…): {came}")
        if self.prompt.data:
            lines.append(f"with {_short(self.prompt.messages()[1]['content'])}")
        if self._said:
            lines.append(f"it said {_short(hidden.redact(self._said))}")
        return "\n".join([*lines, *([hidden.redact(ended.why)] if ended.why else [])])


def _reason(why: str) -> str:
    return f"got no answer: {why[:1].lower()}{why[1:300].rstrip('.')}" if why else ""


def _short(text: object) -> str:
    """After it was redacted: what is cut in the middle is not recognized any more."""
    said = str(text)
    return said if len(said) <= _KEPT else f"{said[:_KEPT]}… ({len(said):,} characters)"
