"""What the Slack edge asks of the flow and of the store, next to its use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from bot.ask.catalog import Catalog, Skill
from bot.ask.invocation import Invocation
from bot.authorize.click import Answered, Click
from bot.flow.notice import Notice
from bot.flow.ports import InboxKind
from bot.flow.request import Place, Request
from bot.terms import Group, Principal, RequestId


class Flow(Protocol):
    async def accept(
        self, *, invocation: Invocation, slack_user: str, place: Place, identity: str
    ) -> tuple[RequestId, bool]: ...

    async def admit(self, request: RequestId) -> None: ...

    async def answer(self, click: Click) -> Answered: ...

    async def cancel(self, request: RequestId, slack_user: str) -> str: ...

    async def unpostable(self, request: RequestId, why: str) -> None: ...


class InboxEntry(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def kind(self) -> InboxKind: ...

    @property
    def item(self) -> dict[str, JsonValue]: ...


class OutboxEntry(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def request(self) -> RequestId: ...


class Inbox(Protocol):
    """What Slack said, kept before Slack hears that we heard."""

    async def put_inbox(self, kind: InboxKind, item: dict[str, JsonValue], *, identity: str) -> bool: ...

    async def inbox(self, consumer: str, *, block_ms: int) -> Sequence[InboxEntry]: ...

    async def inbox_done(self, entry: str) -> None: ...


class Outbox(Protocol):
    """Which cards are out of date."""

    async def outbox(self, consumer: str, *, block_ms: int) -> Sequence[OutboxEntry]: ...

    async def outbox_done(self, ids: Sequence[str]) -> None: ...


class Showing(Protocol):
    """So that two processes never draw one card at once."""

    async def showing(self, request: RequestId, *, holder: str, ms: int) -> bool: ...

    async def shown_free(self, request: RequestId, holder: str) -> None: ...

    async def shown(self, request: RequestId, *, channel: str, ts: str, revision: int) -> None: ...


class NoticeEntry(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def notice(self) -> Notice: ...


class Notices(Protocol):
    """Who is to be told what."""

    async def notices(self, consumer: str, *, block_ms: int) -> Sequence[NoticeEntry]: ...

    async def notices_done(self, ids: Sequence[str]) -> None: ...


class Telling(Protocol):
    """How far a notice was said; one process at a time says it."""

    async def telling(self, notice: str, *, holder: str, ms: int) -> bool: ...

    async def telling_free(self, notice: str, holder: str) -> None: ...

    async def heard(self, notice: str) -> frozenset[str]: ...

    async def hears(self, notice: str, who: str) -> None: ...


class Outputs(Protocol):
    """What steps said that is longer than a card."""

    async def output(self, request: RequestId, name: str) -> str | None: ...

    async def sent(self, request: RequestId, name: str) -> None: ...

    async def unsent(self, request: RequestId, name: str, why: str) -> None: ...


class Reaches(Protocol):
    """The directory, asked where somebody can be told something. Raises Undetermined."""

    async def members(self, group: Group) -> frozenset[Principal]: ...

    async def told(
        self, people: Iterable[Principal], *, among: Iterable[Group] = ()
    ) -> Mapping[Principal, str]: ...


Skills = Callable[[], Catalog]
"""The skills as they are now."""

MayAsk = Callable[[str], Awaitable[frozenset[str]]]
"""Names of the skills that an account may ask for."""

LooksAt = Callable[[Skill], frozenset[str]]
"""The facts that the policies about a skill look at."""


class Records(Protocol):
    """Requests, read."""

    async def get(self, request: RequestId) -> Request | None: ...

    async def recent(self, *, limit: int = 50, state: Sequence[str] = ()) -> list[Request]: ...

    async def to_review(self) -> list[Request]: ...


class Streams(Inbox, Outbox, Notices, Protocol):
    """All of them, as one store keeps them."""
