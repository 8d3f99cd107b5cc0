"""What the flow asks of the edges. The real ones live in slack/, store/, connectors/ and artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import JsonValue

from bot.ask.catalog import Catalog
from bot.ask.invocation import Invocation
from bot.assess.evidence import Band, Ended
from bot.assess.policy import Policies
from bot.authorize.people import Person
from bot.flow.commit import Commit, Committed, Declined, Timer, Work
from bot.flow.request import Place, Request
from bot.terms import Group, Micros, Principal, Refused, RequestId


class StoreAway(Refused):
    """The store did not answer. Nothing was started; what was acknowledged before is still there."""


class Store(Protocol):
    """Requests, kept. Every method raises StoreAway when Redis does not answer."""

    team: str

    async def accept(
        self,
        *,
        invocation: Invocation,
        slack_user: str,
        place: Place,
        identity: str,
        redact: Sequence[str] = (),
    ) -> tuple[RequestId, bool]: ...

    async def commit(self, commit: Commit) -> Committed | Declined: ...

    async def answered(self, request: RequestId, op: str) -> str | None: ...

    async def record(self, kind: str, **fields: JsonValue) -> None: ...

    async def loaded(self, kind: str, name: str, *, digest: str, detail: str) -> None: ...

    async def renew(
        self, request: RequestId, *, fence: int, lease_ms: int, progress: str = ""
    ) -> Literal["held", "stop", "lost"]: ...

    async def get(self, request: RequestId) -> Request | None: ...

    async def read(self, request: RequestId) -> tuple[Request, datetime] | None: ...

    async def in_states(self, states: Sequence[str]) -> list[RequestId]: ...

    async def due(self) -> list[tuple[Timer, RequestId]]: ...

    async def forget_timer(self, timer: Timer, request: RequestId) -> None: ...

    async def push_work(self, kind: Work, request: RequestId) -> None: ...

    async def queued(self) -> set[RequestId]: ...

    async def note(
        self, request: Request, notes: tuple[str, ...] | None = None, *, stopped: str | None = None
    ) -> None: ...

    async def now(self) -> datetime: ...

    async def spent(self, accounts: Sequence[str]) -> Mapping[str, Micros]: ...

    async def holding(self, request: RequestId) -> Mapping[str, Micros]:
        """What this request has reserved, by account."""
        ...

    async def history(self, account: str, *, limit: int = 200) -> list[dict[str, JsonValue]]: ...

    async def ended(self, account: str) -> Ended:
        """The last runs of each risk band, and those that failed however many ended well since."""
        ...

    async def used_up(self, account: str, target: str) -> Mapping[Band, str]:
        """By band, the last run on this target that used up what is drawn for it."""
        ...

    async def waiting(self, requester: Principal, *, but: RequestId) -> int:
        """How many other requests of theirs wait for approval."""
        ...


class People(Protocol):
    """The directory: Slack, `people.yaml`. Every method raises Undetermined rather than guess."""

    async def person(self, slack_user: str, *, team: str | None = None) -> Person: ...

    async def members(self, group: Group) -> frozenset[Principal]: ...

    async def called(self, names: Sequence[str]) -> Mapping[str, Principal]:
        """Whom names and e-mail addresses mean: nobody who is not known. Raises Undetermined."""
        ...


class Artifacts(Protocol):
    """Skills and policies as they are on disk now; a changed file is seen at the next call."""

    def skills(self) -> Catalog: ...

    def policies(self) -> Policies: ...


class Voice(Protocol):
    """Private words to one person, by whatever way still reaches them. Never raises for a deaf ear."""

    async def tell(
        self, *, channel: str, slack_user: str, text: str, response_url: str | None = None
    ) -> None: ...


InboxKind = Literal["admit", "click", "message"]
