"""What the flow asks of the edges. The real ones live in slack/, store/, connectors/ and artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from pydantic import JsonValue

from bot.ask.catalog import Skill
from bot.assess.policy import Policies
from bot.authorize.people import Person
from bot.flow.request import Request
from bot.terms import Group, Principal, Refused, RequestId


class People(Protocol):
    """The directory: Slack, `people.yaml`. Every method raises Undetermined rather than guess."""

    async def person(self, slack_user: str, *, team: str | None = None) -> Person: ...

    async def members(self, group: Group) -> frozenset[Principal]: ...


class Artifacts(Protocol):
    """Skills and policies as they are on disk now; a changed file is seen at the next call."""

    def skills(self) -> Mapping[str, Skill]: ...

    def policies(self) -> Policies: ...


class Voice(Protocol):
    """Private words to one person, by whatever way still reaches them. Never raises for a deaf ear."""

    async def tell(
        self, *, channel: str, slack_user: str, text: str, response_url: str | None = None
    ) -> None: ...


class Reader(Protocol):
    async def get(self, request: RequestId) -> Request | None: ...

    async def recent(self, *, limit: int = 50, state: Sequence[str] = ()) -> list[Request]: ...


InboxKind = Literal["admit", "click", "message"]
InboxItem = Mapping[str, JsonValue]


class StoreAway(Refused):
    """The store did not answer. Nothing was started; what was acknowledged before is still there."""
