"""Slack: words into the thread of the request's own card, and nowhere else."""

from __future__ import annotations

from typing import Protocol

from bot.execute.connectors.connector import Arguments, Connector, Found, Verb, closed, text


class Thread(Protocol):
    """The line to the thread of one request: whoever writes there cannot choose another."""

    async def post(self, words: str) -> str:
        """When it was posted, in Slack's terms. Raises Unanswerable when it was not."""
        ...


async def messages_post(line: Thread, asked: Arguments) -> Found:
    return {"ts": await line.post(str(asked["text"]))}


SLACK = Connector(
    kind="slack",
    verbs={
        "messages:post": Verb(
            reads=False,
            says="Write into the thread of this request. It is plain text: it mentions nobody.",
            takes=closed(("text",), text=text(most=3000)),
            gives=frozenset({"ts"}),
            does=messages_post,
        ),
    },
)
