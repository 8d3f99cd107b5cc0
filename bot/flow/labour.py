"""The workers' half of the story, apart from the other: a web process does not hold it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flow.checking import Checking
from bot.flow.claiming import Claiming
from bot.flow.drift import Drift
from bot.flow.escalating import Escalating
from bot.flow.judging import Judging
from bot.flow.loading import Loading
from bot.flow.planning import Planning
from bot.flow.ports import Artifacts, People, Store
from bot.flow.reassessing import Reassessing
from bot.flow.recounting import Recounting
from bot.flow.running import Running
from bot.flow.sweeping import Sweeping
from bot.flow.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Labour:
    """What a worker does with a request: it is planned and judged, run, and swept up after."""

    judging: Judging
    running: Running
    sweeping: Sweeping
    loading: Loading

    @classmethod
    def of(
        cls,
        *,
        store: Store,
        people: People,
        artifacts: Artifacts,
        workshop: Workshop,
        lease_s: float,
        lots_secret: bytes,
    ) -> Labour:
        """`lots_secret` must be the same in every worker, and known to nobody who asks: see `Lots`."""
        drift = Drift(store, artifacts)
        judging = Judging(store, people, artifacts, Planning(workshop), lease_s, lots_secret)
        reassessing = Reassessing(store, drift, judging)
        checking = Checking(store, people, drift, judging, reassessing)
        claiming = Claiming(store, artifacts, workshop, lease_s)
        running = Running(store, artifacts, workshop, checking, claiming, lease_s)
        sweeping = Sweeping(
            store, drift, reassessing, Recounting(store, people, drift), Escalating(store, people)
        )
        return cls(judging, running, sweeping, Loading(store, artifacts))
