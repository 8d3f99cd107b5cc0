"""The line to the thread of one request in Slack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.connectors.lines import Opens, Secrets, finished
from bot.execute.connectors.connector import Connector, Unanswerable
from bot.execute.connectors.slack import Thread as Line
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.steps.connector import Calling, Thread
from bot.flow.workshop import Carried
from bot.terms import Refused

Post = Callable[[Thread, str, str], Awaitable[str]]
"""Words into a thread, with the step's key; answers when. Raises Unanswerable when Slack declined."""


def over_thread(connector: Connector[Line], post: Post) -> Opens:
    async def opened(calling: Calling, secrets: Secrets) -> Carried:
        thread = calling.thread
        if thread is None:
            raise Refused(f"{calling.said} writes into the thread of a request, and this one has no card.")

        async def carried(stop: StopSignal) -> Finished:
            line = ThreadLine(calling, thread, post)
            doing = connector.call(calling.verb, calling.arguments, line)
            return await finished(calling, doing, line, stop=stop, hidden=calling.hidden)

        return carried

    return opened


@dataclass(slots=True)
class ThreadLine:
    calling: Calling
    thread: Thread
    speak: Post
    in_doubt: bool = False

    async def post(self, words: str) -> str:
        """What Slack declines did not happen; of what it did not answer nobody knows."""
        self.in_doubt = True
        try:
            at = await self.speak(self.thread, words, self.calling.key)
        except Unanswerable:
            self.in_doubt = False
            raise
        self.in_doubt = False
        return at
