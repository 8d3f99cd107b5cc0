"""What a model asks to be looked up, each call through the door that a connector step goes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.ask.manifest import ConnectorCall
from bot.execute.sandbox import StopSignal
from bot.execute.sandbox.harmless import harmless
from bot.execute.sandbox.redaction import Redactor
from bot.execute.steps.account import Account
from bot.execute.steps.model import Message, ToolCall
from bot.execute.steps.tools import Tools, told, wanted
from bot.execute.uses import Use
from bot.flow.workshop import Carried
from bot.terms import Refused

Calls = Callable[[ConnectorCall, float], Awaitable[Carried]]
"""A verb made ready, with how long it may take. Raises Refused for all that must not be asked."""


@dataclass(slots=True, kw_only=True)
class Consulting:
    """The calls of one attempt. What is refused is told to the model, written down, and not done."""

    tools: Tools
    calls: Calls
    account: Account
    hidden: Redactor
    on_line: Callable[[str], None]
    stop: StopSignal
    uses: list[Use] = field(default_factory=list)

    async def look_up(self, asked: ToolCall, *, within_s: float) -> Message:
        """Raises OverCeiling when no further call may be made."""
        self.account.look_up()
        verb, digest, arguments = wanted(asked, self.tools)
        if isinstance(arguments, str):
            return self._refused(
                asked, verb, Use(verb=verb, arguments=digest, refused=self._clean(arguments))
            )
        try:
            carried = await self.calls(self.tools[asked.name].call(arguments), within_s)
        except Refused as refused:
            use = Use(verb=verb, arguments=digest, refused=self._clean(str(refused)))
            return self._refused(asked, verb, use)
        self.on_line(f"looking up {verb} for the model")
        finished = await carried(self.stop)
        self.uses.append(Use(verb=verb, arguments=digest, ok=finished.exit_code == 0))
        why = "" if finished.exit_code == 0 else self._clean(finished.stdout)
        return told(asked, verb, found=finished.result, why=why, hidden=self.hidden)

    def _refused(self, asked: ToolCall, verb: str, use: Use) -> Message:
        self.uses.append(use)
        return told(asked, verb, found=None, why=f"Refused: {use.refused}", hidden=self.hidden)

    def _clean(self, text: str) -> str:
        return harmless(self.hidden.redact(text))[:500]
