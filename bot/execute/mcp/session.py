"""One session with one server: greeting, its tools, one call. Whatever it asks of us is refused."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import JsonValue

from bot.execute.mcp.messages import Answer, Declined, Message, Notice, Unfit, Violation, Wanted, part
from bot.execute.mcp.tools import Tool, tool_of

OFFERED = "2025-06-18"
SPOKEN = ("2024-11-05", "2025-03-26", OFFERED, "2025-11-25")
"""Revisions in which greeting, listing and calling are the same."""
MOST_PAGES, MOST_TOOLS = 50, 2000
_NO_SUCH_METHOD = -32601


class Transport(Protocol):
    """The way to one server. What goes wrong with it raises Unfit, or whatever the system says."""

    def ask(self, message: dict[str, Any]) -> AsyncGenerator[Message, None]:
        """Send a request; then everything that is heard, its answer among it, until there is no more."""
        ...

    async def tell(self, message: dict[str, Any]) -> None:
        """Send what nobody answers."""
        ...

    def agreed(self, revision: str) -> None:
        """From now on this revision of the protocol is spoken."""
        ...


class NotDone(Unfit):
    """The server declined a request, so it did not carry it out."""


@dataclass(slots=True)
class Session:
    transport: Transport
    revision: str = ""
    server: str = ""
    """As it calls itself."""
    _asked: int = 0

    async def begin(self) -> None:
        found = await self._ask(
            "initialize",
            {
                "protocolVersion": OFFERED,
                "capabilities": {},
                "clientInfo": {"name": "assent", "version": "1"},
            },
        )
        self.revision = part(found, "protocolVersion", str)
        if self.revision not in SPOKEN:
            words = f"It speaks revision {self.revision} of MCP. We speak {', '.join(SPOKEN)}."
            raise Unfit(words, reason="was answered in a revision of MCP that is not spoken here")
        about = found.get("serverInfo")
        if isinstance(about, dict):
            self.server = " ".join(str(about.get(key, ""))[:80] for key in ("name", "version")).strip()
        if "tools" not in part(found, "capabilities", dict):
            raise Unfit("The server has no tools.", reason="found a server without tools")
        self.transport.agreed(self.revision)
        await self.transport.tell({"method": "notifications/initialized"})

    async def tools(self) -> tuple[Tool, ...]:
        """All of them: two of one name are only seen so."""
        found: list[Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = await self._ask("tools/list", {} if cursor is None else {"cursor": cursor})
            found += [tool_of(one) for one in part(answer, "tools", list)]
            cursor = part(answer, "nextCursor", str) if answer.get("nextCursor") is not None else None
            if cursor is None or len(found) > MOST_TOOLS:
                break
        if cursor is not None or len(found) > MOST_TOOLS:
            raise Violation(f"It lists more than {MOST_TOOLS} tools, or does not come to an end.")
        return tuple(found)

    async def call(self, tool: str, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Its result as it came. Raises NotDone when it was declined, Unfit for all that is no answer."""
        return await self._ask("tools/call", {"name": tool, "arguments": arguments})

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, JsonValue]:
        self._asked += 1
        mine = self._asked
        message = {"id": mine, "method": method, "params": parameters}
        async with aclosing(self.transport.ask(message)) as heard:
            async for one in heard:
                match one:
                    case Answer(id=answered, result=result) if answered == mine:
                        return result
                    case Declined(id=answered, code=code, words=words) if answered == mine:
                        said = f"It declined {method} ({code}): {words}"
                        raise NotDone(said, reason="was declined by the server")
                    case Answer() | Declined():
                        raise Violation("It answered something that was not asked.")
                    case Notice():
                        continue
                    case Wanted() as wanted:
                        await self._refuse(wanted)
        raise Unfit(f"It did not answer {method}.", reason="was not answered")

    async def _refuse(self, wanted: Wanted) -> None:
        """A ping is answered. Anything else was never offered: a model, a person's words, our files."""
        if wanted.method == "ping":
            await self.transport.tell({"id": wanted.id, "result": {}})
            return
        error = {"code": _NO_SUCH_METHOD, "message": "this client offers nothing"}
        await self.transport.tell({"id": wanted.id, "error": error})
        words = f"The server asked us for {wanted.method}. Nothing of that kind is given."
        raise Unfit(words, reason=f"was asked for {_known(wanted.method)}, which is refused")


def _known(method: str) -> str:
    """What stands where only our own words do."""
    known = {
        "sampling/createMessage": "sampling (a model's words)",
        "elicitation/create": "elicitation (a person's words)",
        "roots/list": "roots (our folders)",
    }
    return known.get(method, "something that no client of this revision has")
