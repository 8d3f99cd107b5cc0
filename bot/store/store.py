"""Requests in Redis: every change is one script, every read one round trip, nothing is kept here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

from pydantic import JsonValue
from redis.asyncio import Redis

from bot.ask.invocation import Invocation
from bot.assess.evidence import Band, Ended
from bot.flow.commit import Commit, Committed, Declined, Reason, Timer, Work
from bot.flow.request import Place, Request
from bot.lifecycle import State
from bot.settle.discretion import OPEN, Discretion
from bot.store.attempt import attempt
from bot.store.ended import ended, used_up
from bot.store.keys import TEAMS, Keys
from bot.store.records import fields_of, request_from
from bot.store.together import Together
from bot.terms import Micros, Principal, RequestId

SEEN_FOR_MS = 24 * 3600 * 1000
"""A repeated delivery finds the first for a day: Slack's own retries end within six minutes."""
STALE_AFTER_MS = 2 * 60 * 1000
"""A command that nobody could look at for two minutes is not run: the person is asked again."""

OUTPUT_MS = 3 * 24 * 3600 * 1000
"""How long the whole output of a step is kept for whoever sends it to Slack."""
KNOWN = 4096
"""Of so many requests it is remembered what their audit may not have."""


_written = json.JSONEncoder(ensure_ascii=False).encode


@cache
def script(name: str) -> str:
    return files("bot.store").joinpath("scripts", f"{name}.lua").read_text()


class Store:
    """One workspace's requests. `team` is its Slack team id, and the hash tag of every key."""

    def __init__(self, redis: Redis, team: str) -> None:
        self.redis = redis
        self.team = team
        self.keys = Keys(team)
        self._scripts = {
            name: redis.register_script(script(name))
            for name in ("accept", "commit", "record", "renew", "inbox", "loaded")
        }
        self._together = Together(redis)
        self._discreet: dict[RequestId, Discretion] = {}

    async def _run(self, name: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        return await attempt(lambda: self._together.run(self._scripts[name], keys, args))

    @staticmethod
    async def teams(redis: Redis) -> list[str]:
        return sorted(cast(set[str], await attempt(lambda: redis.smembers(TEAMS))))

    async def introduce(self) -> None:
        """Make the workspace known to the command line."""
        await attempt(lambda: self.redis.sadd(TEAMS, self.team))

    # Changing

    async def accept(
        self,
        *,
        invocation: Invocation,
        slack_user: str,
        place: Place,
        identity: str,
        redact: Sequence[str] = (),
    ) -> tuple[RequestId, bool]:
        """Keep a new request, and say its id; a request that says the same as an earlier one is that one.

        `redact` are the inputs whose values its audit will never have.
        """
        k = self.keys
        discreet = Discretion(redact, invocation.inputs) if redact else OPEN
        said: dict[str, JsonValue] = {"principal": slack_user, "detail": invocation.model_dump(mode="json")}
        line = entry("requested", **discreet.audited(said))
        record = {
            "asked_by": slack_user,
            "place": place.model_dump_json(),
            "invocation": invocation.model_dump_json(),
            **(fields_of(redact=redact) if redact else {}),
        }
        seen = k.seen(hashlib.sha256(identity.encode()).hexdigest())
        keys = [k.counter, seen, k.requests, k.index, k.states, k.audit, k.inbox, k.due]
        words = (word for pair in record.items() for word in pair)
        answer: str = await self._run("accept", keys, [SEEN_FOR_MS, STALE_AFTER_MS, line, *words])
        request, _, again = answer.partition(" ")
        return RequestId(request), not again

    async def commit(self, commit: Commit) -> Committed | Declined:
        """Carry out one transition, or say what stood against it. Sending the same `op` twice writes once."""
        k, base = self.keys, self.keys.requests + commit.request
        account, line = commit.history or ("none", None)
        keys = [base, f"{base}:votes", f"{base}:journal", k.audit, k.outbox, k.work, k.due, k.states]
        keys += [k.ledger, k.holds, k.locks, k.history(account), k.notices, k.slots, k.turns, k.requests]
        keys += [k.output(commit.request, commit.output.name if commit.output else "none")]
        band = commit.band or "none"
        keys += [k.failures(account, commit.band or ""), k.history(account, band), k.lots(account)]
        discreet = await self._discretion(commit.request)
        answer = await self._run("commit", keys, [json.dumps(_document(commit, line, discreet))])
        kind, first, *rest = answer
        if kind == "no":
            return Declined(cast(Reason, first), str(rest[0]))
        revision, fence, now = rest
        return Committed(State(first), int(revision), int(fence), _time(now), again=kind == "again")

    async def answered(self, request: RequestId, op: str) -> str | None:
        """What was said when this `op` was carried out; None when it never was."""
        base = self.keys.requests + request
        found: str | None = await attempt(lambda: self.redis.hget(base, f"op:{op}"))
        return None if found is None else found.split(" ", 3)[3]

    async def record(self, kind: str, **fields: JsonValue) -> None:
        """Write an audit entry for what changed nothing: a refused click, a loaded policy."""
        about = fields.get("request")
        discreet = await self._discretion(RequestId(about)) if isinstance(about, str) and about else OPEN
        await self._run("record", [self.keys.audit], [entry(kind, **discreet.audited(fields))])

    async def loaded(self, kind: str, name: str, *, digest: str, detail: str) -> None:
        """Write down that these bytes were loaded under this name, if the last ones were others."""
        line = entry(kind, principal="assent", name=name, digest=digest, detail=detail)
        await self._run(
            "loaded", [self.keys.loaded, self.keys.audit], [f"{kind.split('_')[0]} {name}", digest, line]
        )

    async def renew(
        self, request: RequestId, *, fence: int, lease_ms: int, progress: str = ""
    ) -> Literal["held", "stop", "lost"]:
        """`held`, `stop` when somebody asked for it, or `lost`: then the caller must not touch it."""
        k = self.keys
        keys = [k.requests + request, k.due, k.outbox]
        answer = await self._run("renew", keys, [fence, lease_ms, progress, request])
        return cast(Literal["held", "stop", "lost"], answer)

    async def note(
        self, request: Request, notes: tuple[str, ...] | None = None, *, stopped: str | None = None
    ) -> None:
        """Words for the card that change nothing else; written once, however often they are said."""
        parts = {"notes": notes, "stopped": stopped}
        said = {name: value for name, value in parts.items() if value not in (None, getattr(request, name))}
        if not said:
            return
        base = self.keys.requests + request.id

        async def both() -> None:
            async with self.redis.pipeline(transaction=True) as pipe:
                for name, text in fields_of(**said).items():
                    pipe.hset(base, name, text)
                pipe.hincrby(base, "revision", 1)
                pipe.xadd(self.keys.outbox, {"request": request.id})
                await pipe.execute()

        await attempt(both)

    async def push_work(self, kind: Work, request: RequestId) -> None:
        """Say again that there is something to do. Said too often it is only a hint too many."""
        await attempt(lambda: self.redis.xadd(self.keys.work, {"kind": kind, "request": request}))

    async def queued(self) -> set[RequestId]:
        """The requests that some entry names which nobody has finished, of the oldest thousand."""
        entries = await attempt(lambda: self.redis.xrange(self.keys.work, count=1000))
        return {RequestId(fields["request"]) for _, fields in entries}

    async def due(self) -> list[tuple[Timer, RequestId]]:
        """The timers that have run out, by Redis time."""
        now = await self.now()
        ms = int(now.timestamp() * 1000)
        members = await attempt(lambda: self.redis.zrangebyscore(self.keys.due, "-inf", ms, start=0, num=200))
        split = [member.split(" ", 1) for member in members]
        return [(cast(Timer, timer), RequestId(request)) for timer, request in split]

    async def forget_timer(self, timer: Timer, request: RequestId) -> None:
        await attempt(lambda: self.redis.zrem(self.keys.due, f"{timer} {request}"))

    async def _discretion(self, request: RequestId) -> Discretion:
        """What its audit may not have. Who changes a request has read it, as a rule, and then it is known."""
        while len(self._discreet) > KNOWN:
            self._discreet.pop(next(iter(self._discreet)))
        if request not in self._discreet and await self.read(request) is None:
            return OPEN
        return self._discreet[request]

    # Reading

    async def get(self, request: RequestId) -> Request | None:
        found = await self.read(request)
        return found[0] if found else None

    async def read(self, request: RequestId) -> tuple[Request, datetime] | None:
        """The request and the store's own time, from one moment."""
        base = self.keys.requests + request

        async def ask() -> list[Any]:
            async with self.redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(base)
                pipe.lrange(f"{base}:votes", 0, -1)
                pipe.lrange(f"{base}:journal", 0, -1)
                pipe.time()
                return await pipe.execute()

        fields, votes, journal, (seconds, micros) = await attempt(ask)
        if not fields:
            return None
        found = request_from(fields, votes, journal)
        self._discreet[found.id] = Discretion(found.redact, found.invocation.inputs) if found.redact else OPEN
        return found, _time(seconds * 1000 + micros // 1000)

    async def recent(self, *, limit: int = 50, state: Sequence[str] = ()) -> list[Request]:
        """The newest first; with `state`, only those in one of them."""
        if state:
            ids = sorted(await self.in_states(state), key=lambda r: int(r.rsplit("-", 1)[1]), reverse=True)[
                :limit
            ]
        else:
            ids = await attempt(lambda: self.redis.zrevrange(self.keys.index, 0, limit - 1))
        requests = [await self.get(RequestId(i)) for i in ids]
        return [request for request in requests if request]

    async def in_states(self, states: Sequence[str]) -> list[RequestId]:
        index: dict[str, str] = await attempt(lambda: self.redis.hgetall(self.keys.states))
        return [RequestId(request) for request, state in index.items() if state in states]

    async def to_review(self) -> list[Request]:
        """What ran through broken glass and nobody has looked at: a timer rings until somebody has."""

        async def ask() -> list[str]:
            return [
                member async for member, _ in self.redis.zscan_iter(self.keys.due, "review *", count=1000)
            ]

        found = sorted(member.split(" ", 1)[1] for member in await attempt(ask))
        requests = [await self.get(RequestId(one)) for one in found]
        return [one for one in requests if one is not None and one.review is not None]

    async def waiting(self, requester: Principal, *, but: RequestId) -> int:
        ids = [one for one in await self.in_states((State.WAITING,)) if one != but]

        async def ask() -> list[Any]:
            async with self.redis.pipeline(transaction=False) as pipe:
                for one in ids:
                    pipe.hget(self.keys.requests + one, "requester")
                return await pipe.execute()

        return (await attempt(ask)).count(requester) if ids else 0

    async def now(self) -> datetime:
        seconds, micros = await attempt(lambda: self.redis.time())
        return _time(seconds * 1000 + micros // 1000)

    async def spent(self, accounts: Sequence[str]) -> Mapping[str, Micros]:
        """What each account holds and has settled, together."""
        if not accounts:
            return {}
        names = [f"{account}|{part}" for account in accounts for part in ("held", "settled")]
        values = await attempt(lambda: self.redis.hmget(self.keys.ledger, names))
        numbers = [int(value or 0) for value in values]
        return {a: Micros(numbers[2 * i] + numbers[2 * i + 1]) for i, a in enumerate(accounts)}

    async def holding(self, request: RequestId) -> Mapping[str, Micros]:
        found = await attempt(lambda: self.redis.hget(self.keys.holds, request))
        return {one["key"]: Micros(one["amount"]) for one in json.loads(found or "[]")}

    async def ledger(self) -> Mapping[str, int]:
        """Every account's `held` and `settled`, as `account|part`."""
        found = await attempt(lambda: self.redis.hgetall(self.keys.ledger))
        return {name: int(value) for name, value in found.items()}

    async def history(self, account: str, *, limit: int = 200) -> list[dict[str, JsonValue]]:
        lines = await attempt(lambda: self.redis.lrange(self.keys.history(account), -limit, -1))
        return [json.loads(line) for line in lines]

    async def ended(self, account: str) -> Ended:
        return await ended(self.redis, self.keys, account)

    async def used_up(self, account: str, target: str) -> Mapping[Band, str]:
        return await used_up(self.redis, self.keys, account, target)


def _document(commit: Commit, history: str | None, discreet: Discretion) -> dict[str, Any]:
    """The commit as the script reads it. Absent is absent: a JSON null would be true in Lua."""
    audit = discreet.audited({"request": commit.request, **commit.audit})
    holds = [{"key": h.key, "limit": h.limit, "amount": h.amount} for h in commit.holds]
    document: dict[str, Any] = {
        "id": commit.request,
        "op": commit.op,
        "moves": commit.moves(),
        "revision": commit.revision,
        "fence": commit.fence,
        "unexpired": commit.unexpired or None,
        "lease_ms": commit.take_lease_ms or None,
        "drop_lease": commit.drop_lease or None,
        "set": fields_of(**commit.set),
        "vote": commit.vote and commit.vote.model_dump_json(exclude={"at"}),
        "entry": commit.entry and commit.entry.model_dump_json(exclude={"at", "fence"}),
        "audit": [entry(kind, **audit) for kind in (commit.kind or commit.event.value, *commit.also)],
        "show": commit.show or None,
        "tell": [notice.model_dump_json() for notice in commit.tell],
        "work": commit.work,
        "due": commit.timers,
        "clear": commit.clear,
        "holds": holds,
        "kept": json.dumps(holds) if holds else None,
        "said": commit.said,
        "settle": commit.settle,
        "lock": commit.lock,
        "unlock": commit.unlock or None,
        "output": commit.output and commit.output.text,
        "output_ms": OUTPUT_MS,
        "slot": commit.slot and {"skill": commit.slot.skill, "most": commit.slot.most},
        "history": history,
        "failed": (commit.failed and history is not None) or None,
        "banded": (commit.band is not None and history is not None) or None,
        "lot": commit.lot,
    }
    return {name: value for name, value in document.items() if value is not None}


def entry(kind: str, **fields: JsonValue) -> str:
    return _written({"kind": kind, **fields})


def _time(ms: int | str) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, tz=UTC)
