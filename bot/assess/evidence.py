"""What earlier runs say about the next one: what they cost, and how often they were verified."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from pydantic import JsonValue

from bot.assess.prices import PriceCard
from bot.terms import Digest, Micros

Line = Mapping[str, JsonValue]
"""One ended run, as its closing wrote it: `units`, `cost`, `outcome`, `digest`, `risk`, `at`."""

Band = Literal["low", "medium", "high"]
"""Runs are evidence for runs as risky as they were: what went well at risk 10 says nothing about 80."""

BANDS: tuple[Band, ...] = get_args(Band)
MEDIUM_FROM, HIGH_FROM = 40, 70
WINDOW = timedelta(days=30)
LOOKED_AT = 200
"""So many of the last runs of each band are the record; of failures, as many again."""
NEVER_FAILED_DAYS = 3650

_Z = 1.959963985
"""The normal quantile of a two-sided 95 % interval."""

_NO_EVIDENCE = frozenset({"cancelled", "nothing_to_do"})
"""Endings that people chose: they say nothing about how the skill does."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The record in one risk band. `runs` counts all that ended, `verified` those measured to be done.

    A failure whose band is not known counts in every band, and a success in none.
    """

    runs: int = 0
    verified: int = 0
    digest_runs: int = 0
    """Verified runs of the very bytes that would run."""
    failures_30d: int = 0
    days_since_failure: int = NEVER_FAILED_DAYS

    @property
    def success_lb(self) -> float:
        """Wilson's lower bound of the success rate; 0 without runs, never 1."""
        if self.runs == 0:
            return 0.0
        n, rate = self.runs, self.verified / self.runs
        middle = rate + _Z**2 / (2 * n)
        spread = _Z * math.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2))
        return min(1.0, max(0.0, (middle - spread) / (1 + _Z**2 / n)))


def band(risk: int) -> Band:
    return "high" if risk >= HIGH_FROM else "medium" if risk >= MEDIUM_FROM else "low"


def evidence(
    history: Sequence[Line], failures: Iterable[Line] = (), *, risk: int, digest: Digest, now: datetime
) -> Evidence:
    """The record of runs as risky as `risk`, from lines of one skill's major version in one environment.

    `history` are the last of them, in their order: the rate is that of the last as risky as this. `failures`
    may be older, so that no number of runs that went well makes a failure forgotten before its time.
    """
    counted = [line for line in history if _counts(line, risk)][-LOOKED_AT:]
    done = [line for line in counted if line.get("outcome") == "done"]
    here = {(line.get("request"), line.get("at")) for line in counted}
    older = [line for line in failures if (line.get("request"), line.get("at")) not in here]
    ages = [now - _at(line, now) for line in (*counted, *older) if failed(line) and _counts(line, risk)]
    return Evidence(
        runs=len(counted),
        verified=len(done),
        digest_runs=sum(line.get("digest") == digest for line in done),
        failures_30d=sum(age < WINDOW for age in ages),
        days_since_failure=min((max(0, age.days) for age in ages), default=NEVER_FAILED_DAYS),
    )


def failed(line: Line) -> bool:
    """Whether it is evidence against the skill."""
    return line.get("outcome") not in _NO_EVIDENCE | {"done"}


def _counts(line: Line, risk: int) -> bool:
    known = line.get("risk")
    if line.get("outcome") in _NO_EVIDENCE or (known is None and not failed(line)):
        return False
    return not isinstance(known, int) or band(known) == band(risk)


def _at(line: Line, now: datetime) -> datetime:
    """When it ended; a line that does not say so ended just now."""
    at = line.get("at")
    return datetime.fromtimestamp(at / 1000, tz=UTC) if isinstance(at, int) else now


@dataclass(frozen=True, slots=True)
class Ended:
    """Lines of one account: the last runs of every band, in their order within it, and those that failed."""

    history: tuple[Line, ...] = ()
    failures: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Lots:
    """What is drawn for a request: whether its record is enough, or people look at it all the same.

    Who asks again draws the same: a lot is about a skill's account, a target and the last run there that used
    one up, by band in `last`, and about nothing that whoever asks can say otherwise. `secret` keeps it from
    being known beforehand.
    """

    secret: bytes = field(repr=False)
    account: str
    last: Mapping[Band, str]

    def drawn(self, risk: int, target: str) -> float:
        """From 0 to 1, and the lower the likelier it is that somebody looks at it."""
        within = band(risk)
        said = (self.account, within, target, self.last.get(within, ""))
        return draw(*said, secret=self.secret)


def lot_of(within: Band, target: str) -> str:
    """The lot that a run uses up, by its name within its account."""
    return f"{within} {target}"


def draw(*identity: str, secret: bytes) -> float:
    """A number from 0 to 1 that is the same for the same words, and that nobody can choose."""
    said = "\0".join(identity).encode()
    return int.from_bytes(hmac.digest(secret, said, hashlib.sha256)[:6]) / 2**48


def costs(history: Iterable[Line], prices: PriceCard) -> tuple[Micros, ...]:
    """What the runs cost. Units are priced by today's card, so that a new price is in the next estimate.

    Where it does not price them all, what was settled then stands. A line that says neither is a run without
    a known cost.
    """
    found = (_cost(line, prices) for line in history if line.get("outcome") not in _NO_EVIDENCE)
    return tuple(cost for cost in found if cost is not None)


def _cost(line: Line, prices: PriceCard) -> Micros | None:
    units = line.get("units")
    if isinstance(units, dict):
        amounts = {name: value for name, value in units.items() if isinstance(value, int | float)}
        if len(amounts) == len(units) and (cost := prices.cost(amounts)) is not None:
            return cost
    settled = line.get("cost")
    return Micros(settled) if isinstance(settled, int) else None
