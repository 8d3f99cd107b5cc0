"""What a run really used, what that costs, and where its record is kept for the next estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.ask.invocation import Invocation
from bot.assess.prices import PriceCard
from bot.execute.journal import Entry
from bot.terms import Micros

COMPUTE_SECONDS, TOOL_CALLS = "compute_seconds", "tool_calls"


def used(journal: Sequence[Entry]) -> dict[str, float]:
    """Units by name: each process that ended is a tool call and the seconds it took, undo included."""
    ended = [entry for entry in journal if entry.event == "ended"]
    return {COMPUTE_SECONDS: sum(entry.wall_ms for entry in ended) / 1000, TOOL_CALLS: float(len(ended))}


def cost(units: Mapping[str, float], prices: PriceCard, *, ceiling: Micros) -> Micros:
    """What the units cost; the whole ceiling when one of them has no price, since that is never zero."""
    priced = [prices.price(unit, amount) for unit, amount in units.items() if amount]
    known = [amount for amount in priced if amount is not None]
    return Micros(sum(known)) if len(known) == len(priced) else ceiling


def history_account(invocation: Invocation) -> str:
    """Runs that may be compared: one skill's major version in one environment."""
    major = invocation.version.split(".", 1)[0]
    return f"{invocation.skill}@{major}:{invocation.environment}"
