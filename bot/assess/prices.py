"""The shape of `policies/prices.yaml`: what a unit costs. What is not on it has no price, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.ask.manifest import Word
from bot.ask.manifest.words import DOLLARS, written
from bot.assess.assessment import digest_of
from bot.terms import Micros, Record


def _decimal(text: object) -> object:
    """Kept as written: a price of $0.000012 must not pass through a float."""
    if not isinstance(text, str) or not DOLLARS.fullmatch(text.removeprefix("-")):
        raise ValueError('a price is dollars in quotes, such as "0.0001"')
    if text.startswith("-"):
        raise ValueError("a price is zero or more dollars")
    return text


class Price(Record):
    """`usd` for `per` units: tokens are priced by the million, seconds one by one."""

    usd: Annotated[
        str, BeforeValidator(_decimal, json_schema_input_type=written(DOLLARS)), Field(max_length=32)
    ]
    per: int = Field(default=1, ge=1, le=1_000_000_000)

    def of(self, units: float) -> Micros:
        """Rounded up to a whole micro-dollar, so that nothing that costs is free."""
        exact = Decimal(self.usd) * Decimal(str(units)) * 1_000_000 / self.per
        return Micros(int(exact.to_integral_value(ROUND_CEILING)))


class PriceCard(Record):
    """One reviewed version of the prices. Token units carry the tier: `small_input_tokens`."""

    version: str = Field(min_length=1, max_length=64)
    currency: Literal["USD"] = "USD"
    units: dict[Word, Price] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """The version and the start of its digest: a price changed under the same version still shows."""
        return f"{self.version} ({digest_of(self.model_dump(mode='json'))[7:15]})"

    def price(self, unit: str, units: float) -> Micros | None:
        """None when the card does not price the unit."""
        found = self.units.get(unit)
        return None if found is None else found.of(units)

    def cost(self, used: Mapping[str, float]) -> Micros | None:
        """What everything used costs together; None when any of it has no price."""
        priced = [self.price(unit, units) for unit, units in used.items() if units]
        known = [amount for amount in priced if amount is not None]
        return Micros(sum(known)) if len(known) == len(priced) else None


NO_PRICES = PriceCard(version="none")
"""Without a card nothing is priced, so every run holds its whole ceiling."""
