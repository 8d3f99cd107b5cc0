"""The audit as Redis keeps it: entries appended by the scripts, sealed in order by whoever comes by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.settle.audit import GENESIS, Broken, Checkpoint, first_broken, seals
from bot.store.attempt import attempt
from bot.store.store import Store, script
from bot.terms import RequestId

BATCH = 5000


class Audit:
    """Sealing, reading and verifying one workspace's audit.

    Entries get their number and time in the script that did what they tell. SHA-256 in Lua would cost each of
    them 0.3 ms, so the seals follow within a second, in order, from here.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._seal = store.redis.register_script(script("seal"))

    async def seal(self) -> int:
        """Continue the chain over what is not sealed yet; how many entries that were."""
        keys, redis = self.store.keys, self.store.redis
        sealed = await attempt(lambda: redis.llen(keys.seals))
        entries = await attempt(lambda: redis.lrange(keys.audit, sealed, sealed + BATCH - 1))
        if not entries:
            return 0
        previous = (await attempt(lambda: redis.lindex(keys.seals, -1))) or GENESIS
        chain = seals(previous, entries)
        done = await attempt(lambda: self._seal(keys=[keys.seals], args=[sealed, *chain]))
        return len(chain) if done else 0

    async def head(self) -> Checkpoint:
        """The chain as it is now, not yet signed."""

        async def both() -> list[Any]:
            async with self.store.redis.pipeline(transaction=True) as pipe:
                pipe.llen(self.store.keys.seals)
                pipe.lindex(self.store.keys.seals, -1)
                return await pipe.execute()

        count, last = await attempt(both)
        return Checkpoint(team=self.store.team, count=count, head=last or GENESIS, at=datetime.now(UTC))

    async def verify(self, checkpoints: Sequence[Checkpoint]) -> tuple[int, int, Broken | None]:
        """Entries, those of them that are sealed, and the first bad one. `checkpoints` were found genuine."""
        entries, chain = await self._both()
        mine = [checkpoint for checkpoint in checkpoints if checkpoint.team == self.store.team]
        return len(entries), len(chain), first_broken(entries, chain, mine)

    async def export(self) -> list[dict[str, Any]]:
        """Oldest first, each with the seal before it and its own; an entry not sealed yet has none."""
        entries, chain = await self._both()
        lines = []
        for index, entry in enumerate(entries):
            line = json.loads(entry)
            line["at"] = datetime.fromtimestamp(line["at"] / 1000, tz=UTC).isoformat(timespec="milliseconds")
            for name in ("request", "principal", "reason", "digest"):
                line.setdefault(name, "")
            line["prev"] = chain[index - 1] if 0 < index <= len(chain) else GENESIS if index == 0 else ""
            line["hash"] = chain[index] if index < len(chain) else ""
            lines.append(line)
        return lines

    async def about(self, request: RequestId) -> list[dict[str, Any]]:
        """The entries of one request, as they are kept."""
        marked = f'"{request}"'
        found = [json.loads(line) for line in await self._all(self.store.keys.audit) if marked in line]
        return [line for line in found if line.get("request") == request]

    async def _both(self) -> tuple[list[str], list[str]]:
        """Entries and seals. The seals are read first: what is sealed meanwhile must not look cut off."""
        chain = await self._all(self.store.keys.seals)
        return await self._all(self.store.keys.audit), chain

    async def _all(self, key: str) -> list[str]:
        found: list[str] = []
        while batch := await attempt(
            partial(self.store.redis.lrange, key, len(found), len(found) + BATCH - 1)
        ):
            found += batch
        return found
